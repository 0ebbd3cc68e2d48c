"""Has this been tried? A candidate is compared with earlier trials before an evaluation is spent on it.

ShinkaEvolve asks an embedding service how alike two programs are, and in doubt a second model (arXiv 2509.19349). Neither
is assumed here. A file is cut into tokens, comments and white space are dropped (indentation is kept where it has a
meaning), numbers are masked, and every run of four tokens is counted in a short vector by its hash.

Two candidates that differ in one good line of three hundred are nearly the same text, so texts as a whole are not
compared. What is compared is *what each has changed in the parent*: the cosine between the differences of their vectors
from the parent's. A small edit of the parent is new unless somebody has made it before.

A candidate is like an earlier trial if

- its tokens, numbers included, are the same: only comments or white space differ; or
- it is not the same but for numbers, and the cosine is above the threshold.

So a change of numbers alone is never like anything: a proposer that tunes them works in small steps, and must.
"""

from __future__ import annotations

import bisect
import hashlib
import re
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from journeyman.optimize.trial import Trial
from journeyman.verify import Candidate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PRIME = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio: multiplication by it spreads bits."""

_RUN = 4
"""Tokens in a run."""

_BINS = 480
"""Length of a vector: 1,920 bytes, and some for hashes."""

_KEPT = 64
"""Sketches kept by digest."""

_HASH = frozenset({".py", ".pyi", ".toml", ".yaml", ".yml", ".sh", ".r", ".jl", ".rb", ".cfg", ".ini"})
_SLASHES = frozenset(
    {
        ".c",
        ".h",
        ".cc",
        ".cpp",
        ".hpp",
        ".cu",
        ".cuh",
        ".rs",
        ".go",
        ".js",
        ".ts",
        ".java",
        ".cs",
        ".v",
        ".sv",
    }
)
_INDENTED = frozenset({".py", ".pyi", ".yaml", ".yml"})

_STRING = r'"""(?s:.*?)"""|\'\'\'(?s:.*?)\'\'\'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
_NUMBER = r"(?P<number>0[xX][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?|\b(?:[Tt]rue|[Ff]alse)\b)"
_REST = r"\w+|[^\w\s]"

_VALUE = re.compile(r"[\w)\]}\"']$")
"""A token that ends like this stands for a value: a minus after it takes away."""


_BEFORE_A_VALUE = frozenset({"return", "in", "and", "or", "not", "if", "else", "yield", "case"})


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is kept of a candidate.

    `tokens`: hash of all tokens. `skeleton`: hash of the tokens with numbers masked. `runs`: signed counts of runs of the
    skeleton, `_BINS` long.
    """

    tokens: bytes
    skeleton: int
    runs: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Likeness:
    """The earlier trial that a candidate is like. `same`: only comments and white space differ."""

    index: int
    cosine: float
    same: bool


def sketch_of(candidate: Candidate) -> Sketch:
    """A function of the files alone, the same in every process."""
    import numpy as np

    exact, masked = hashlib.blake2b(digest_size=16), hashlib.blake2b(digest_size=8)
    runs = np.zeros(_BINS)
    for path in sorted(candidate.files):
        tokens, skeleton = tokens_of(path, candidate.text(path))
        exact.update("\0".join([path, *tokens, "\1"]).encode())
        masked.update("\0".join([path, *skeleton, "\1"]).encode())
        runs += _runs(path, skeleton)
    return Sketch(exact.digest(), int.from_bytes(masked.digest(), "little"), runs.astype(np.float32))


def tokens_of(path: str, text: str) -> tuple[list[str], list[str]]:
    """The tokens of a file, and the same with every number, its sign included, as "0"."""
    suffix = path[path.rfind(".") :].lower() if "." in path else ""
    tokens: list[str] = []
    skeleton: list[str] = []
    for match in _PATTERNS[_style(suffix)].finditer(text):
        kind, token = match.lastgroup, match[0]
        if kind == "comment":
            continue
        tokens.append(token)
        if kind == "number":
            if skeleton and skeleton[-1] in "+-" and _is_sign(skeleton):
                skeleton.pop()
            token = "0"
        skeleton.append(token)
    return tokens, skeleton


class Seen:
    """The latest trials, by index, and which of them a candidate is like.

    What it says is a function of the set of trials added. It takes about 2 kB for each that is remembered, and reads the
    files of each once, when it is first compared with something: whoever never asks pays nothing.

    Args:
        threshold: cosine above which two changes are alike.
        capacity: trials that are remembered, the latest ones.
    """

    def __init__(self, threshold: float, capacity: int) -> None:
        self._threshold = threshold
        self._capacity = capacity
        self._indices: list[int] = []
        self._unread: dict[int, Trial] = {}
        self._rows: dict[int, _Row] = {}
        self._free: list[int] = []
        self._latest_with: dict[bytes, int] = {}
        self._table: _Table | None = None
        self._recent: OrderedDict[str, Sketch] = OrderedDict()

    def __len__(self) -> int:
        return len(self._indices)

    def add(self, trial: Trial) -> None:
        """Remember a trial; the one with the lowest index is forgotten if there are too many."""
        at = bisect.bisect_left(self._indices, trial.index)
        if self._indices[at : at + 1] == [trial.index]:
            return
        self._indices.insert(at, trial.index)
        self._unread[trial.index] = trial
        if len(self._indices) > self._capacity:
            self._forget(self._indices.pop(0))

    def like(self, candidate: Candidate, parent: Trial) -> Likeness | None:
        """The trial that `candidate`, made from `parent`, is like; of several the most alike, of those the latest.

        The same files are like nothing: the engine knows better what to do with them.
        """
        self._read()
        digest = candidate.digest
        sketch = self._sketch(digest, candidate)
        same = self._latest_with.get(sketch.tokens)
        if same is not None:
            return None if self._rows[same].digest == digest else Likeness(same, 1.0, True)
        before = self._remembered(parent.index) or self._sketch(parent.digest, parent)
        change = sketch.runs - before.runs
        if self._table is None or sketch.skeleton == before.skeleton or not change.any():
            return None
        table = self._table
        cosines = table.cosines(before.runs, change)
        cosines[(table.skeletons == sketch.skeleton) | (table.indices < 0)] = -1.0
        most = float(cosines.max())
        if most <= self._threshold:
            return None
        return Likeness(int(table.indices[cosines == most].max()), min(most, 1.0), False)

    def _read(self) -> None:
        """Put what was added since into the table, in order of index."""
        for index in sorted(self._unread):
            trial = self._unread.pop(index)
            sketch = self._sketch(trial.digest, trial)
            number = self._free.pop() if self._free else len(self._rows)
            self._table = (self._table or _Table.of(64)).with_room_for(number)
            self._table.put(number, index, sketch)
            self._rows[index] = _Row(number, trial.digest, sketch.tokens)
            self._latest_with[sketch.tokens] = max(index, self._latest_with.get(sketch.tokens, index))

    def _forget(self, index: int) -> None:
        if self._unread.pop(index, None) is not None:
            return
        assert self._table is not None
        row = self._rows.pop(index)
        self._table.indices[row.number] = -1
        self._free.append(row.number)
        if self._latest_with[row.tokens] == index:
            del self._latest_with[row.tokens]

    def _remembered(self, index: int) -> Sketch | None:
        row = self._rows.get(index)
        return None if row is None or self._table is None else self._table.get(row.number, row.tokens)

    def _sketch(self, digest: str, of: Candidate | Trial) -> Sketch:
        """The sketch of these files; the last few are kept, for a proposal is soon a trial."""
        known = self._recent.get(digest)
        if known is None:
            known = sketch_of(of.candidate if isinstance(of, Trial) else of)
            self._recent[digest] = known
            if len(self._recent) > _KEPT:
                self._recent.popitem(last=False)
        return known


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    digest: str
    tokens: bytes


@dataclass(frozen=True, slots=True)
class _Table:
    """One row a trial: its vector, the vector's squared length, the skeleton's hash, the index, -1 in a free row."""

    runs: NDArray[np.float32]
    squares: NDArray[np.float32]
    skeletons: NDArray[np.uint64]
    indices: NDArray[np.int64]

    @classmethod
    def of(cls, rows: int) -> _Table:
        import numpy as np

        return cls(
            np.zeros((rows, _BINS), np.float32),
            np.zeros(rows, np.float32),
            np.zeros(rows, np.uint64),
            np.full(rows, -1, np.int64),
        )

    def with_room_for(self, number: int) -> _Table:
        """This table, or one half as long again with the same rows."""
        rows = len(self.indices)
        if number < rows:
            return self
        longer = _Table.of(rows + rows // 2)
        longer.runs[:rows] = self.runs
        longer.squares[:rows] = self.squares
        longer.skeletons[:rows] = self.skeletons
        longer.indices[:rows] = self.indices
        return longer

    def put(self, number: int, index: int, sketch: Sketch) -> None:
        """Fill row `number`."""
        import numpy as np

        self.runs[number] = sketch.runs
        self.squares[number] = np.einsum("j,j", sketch.runs, sketch.runs)
        self.skeletons[number] = sketch.skeleton
        self.indices[number] = index

    def get(self, number: int, tokens: bytes) -> Sketch:
        """What stands in row `number`."""
        return Sketch(tokens, int(self.skeletons[number]), self.runs[number])

    def cosines(self, parent: NDArray[np.float32], change: NDArray[np.float32]) -> NDArray[np.float32]:
        """Between `change` and what each row has changed in `parent`; 0 for the parent itself."""
        import numpy as np

        # |t - p|² = t·t - 2 t·p + p·p: two products of the table with a vector, and no copy of it. All are whole
        # numbers, exact in single precision up to 2^24. einsum, because a product by BLAS wakes a thread for each core,
        # and the cores have candidates to verify.
        along = np.einsum("ij,j->i", self.runs, change) - np.einsum("j,j", parent, change)
        squares = (
            self.squares - 2.0 * np.einsum("ij,j->i", self.runs, parent) + np.einsum("j,j", parent, parent)
        )
        lengths = np.sqrt(np.maximum(squares, 1.0) * np.einsum("j,j", change, change))
        made: NDArray[np.float32] = (along / lengths).astype(np.float32)
        return made


def _style(suffix: str) -> tuple[bool, str]:
    """Whether indentation has a meaning, and how comments begin."""
    comments = "#" if suffix in _HASH else "//" if suffix in _SLASHES else ""
    return suffix in _INDENTED, comments


def _pattern(indented: bool, comments: str) -> re.Pattern[str]:
    comment = {"#": r"#[^\n]*", "//": r"//[^\n]*|/\*(?s:.*?)\*/"}.get(comments)
    parts = [_STRING]
    if comment is not None:
        parts.append(f"(?P<comment>{comment})")
    if indented:
        # Not of lines that are empty or hold only a comment.
        parts.append(r"(?m:^[ \t]+(?=[^\s#]))")
    return re.compile("|".join([*parts, _NUMBER, _REST]))


_PATTERNS = {
    (indented, comments): _pattern(indented, comments)
    for indented in (False, True)
    for comments in ("", "#", "//")
}


def _is_sign(skeleton: list[str]) -> bool:
    """Whether the last token, a plus or minus before a number, belongs to the number: no value stands before it."""
    if len(skeleton) < 2:
        return True
    before = skeleton[-2]
    return before in _BEFORE_A_VALUE or before.isspace() or _VALUE.search(before) is None


def _runs(path: str, skeleton: list[str]) -> NDArray[np.float64]:
    """Signed counts of the runs of `_RUN` tokens, one ending at each token (feature hashing, Weinberger et al. 2009)."""
    import numpy as np

    known: dict[str, int] = {}
    # The path stands before the first token, so that the same text elsewhere is another.
    codes = [zlib.crc32(path.encode())] * (_RUN - 1)
    for token in skeleton:
        code = known.get(token)
        if code is None:
            code = known[token] = zlib.crc32(token.encode())
        codes.append(code)
    array = np.array(codes, np.uint64)
    mixed = np.zeros(len(skeleton), np.uint64)
    for i in range(_RUN):
        mixed = (mixed ^ array[i : i + len(skeleton)]) * np.uint64(_PRIME)
        mixed ^= mixed >> np.uint64(29)
    signs = np.where(mixed >> np.uint64(63), 1.0, -1.0)
    counts: NDArray[np.float64] = np.bincount(
        (mixed % np.uint64(_BINS)).astype(np.int64), signs, minlength=_BINS
    ).astype(np.float64)
    return counts
