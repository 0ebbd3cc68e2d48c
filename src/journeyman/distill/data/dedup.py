"""Prompts that are there already: the same question to the letter, or so alike that one gives the other away.

Templates are taken off on both sides before anything is compared. (The script released with arXiv 2604.13016 takes the boxed
sentence off in one spelling only; where the file has the other one, all its questions share a sentence.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from journeyman.distill.data.prompt import Prompt
from journeyman.distill.data.similarity import (
    Embed,
    embedding_vectors,
    nearest,
    ngram_vectors,
    sentence_embedding,
)
from journeyman.distill.data.templates import strip_template
from journeyman.errors import MissingExtra, ModelNotFound, UsageError

if TYPE_CHECKING:
    from journeyman.report.table import Table

Method = Literal["auto", "embedding", "ngram"]

THRESHOLD = 0.6
"""Cosine from which a question is near: the paper's for embeddings. By n-grams, on 743 published questions of competitions,
pairs that ask the same have .71 and more, and pairs that do not .46 and less."""


@dataclass(frozen=True)
class Removed:
    """`index` of a prompt that went, `kind`, the place `of` the one it is like in the reference, and their cosine."""

    index: int
    kind: Literal["exact", "near"]
    of: int
    cosine: float


@dataclass(frozen=True)
class Deduplicated:
    """`kept`: places of the prompts that stay. `method`: by what near ones were found; "exact" if only equal ones were.

    `why` says so in words where another method than the first choice had to do.
    """

    kept: list[int]
    removed: list[Removed]
    method: str
    threshold: float
    why: str = ""

    def table(self, prompts: Sequence[Prompt], references: Sequence[Prompt], *, most: int = 20) -> Table:
        """The removed prompts, the least alike first: those are the ones to look at."""
        from journeyman.report.table import Table

        shown = sorted(self.removed, key=lambda r: r.cosine)[:most]
        rows = [
            (r.kind, f"{r.cosine:.3f}", question(prompts[r.index])[:90], question(references[r.of])[:90]) for r in shown
        ]
        exact = sum(r.kind == "exact" for r in self.removed)
        note = (
            f"{len(self.removed)} of {len(prompts)} prompts removed: {exact} equal, {len(self.removed) - exact} near "
            f"({self.method}, cosine {self.threshold:g} or more). {self.why}"
        )
        return Table(("kind", "cosine", "prompt", "reference"), rows, "Removed", frozenset({"cosine"}), note.strip())


def question(prompt: Prompt) -> str:
    """What is compared: the bare question, runs of space taken as one."""
    return " ".join(strip_template(prompt.text).split())


def duplicates(prompts: Sequence[Prompt]) -> int:
    """How many prompts ask what an earlier one asks, to the letter."""
    return sum(count - 1 for count in Counter(map(question, prompts)).values())


def deduplicate(
    prompts: Sequence[Prompt],
    references: Sequence[Prompt] | None = None,
    *,
    method: Method = "auto",
    threshold: float = THRESHOLD,
    embed: Embed | None = None,
    near: bool = True,
) -> Deduplicated:
    """Which prompts are not in `references`; without references, each is held against those before it.

    Args:
        method: "embedding", by `embed` or sentence-transformers; "ngram"; "auto", the first where it is to be had.
        threshold: cosine from which two questions are the same.
        embed: an embedding of your own.
        near: False removes equal questions only.

    Raises:
        UsageError: an unknown method, or a threshold outside (0, 1].
        MissingExtra, ModelNotFound: "embedding" where there is none.
    """
    if method not in ("auto", "embedding", "ngram"):
        raise UsageError(f"method '{method}' is unknown; use auto, embedding or ngram")
    if not 0 < threshold <= 1:
        raise UsageError(f"threshold is {threshold}; a cosine from which texts are near lies above 0 and up to 1")
    mine = [question(prompt) for prompt in prompts]
    removed = _equal(mine, None if references is None else [question(prompt) for prompt in references])
    if not near:
        return _result(mine, removed, "exact", 1.0, "")
    embed, why = _embedding(method, embed)
    name = "ngram" if embed is None else "embedding"
    vectors = ngram_vectors if embed is None else embedding_vectors(embed)
    gone = {r.index for r in removed}
    left = [i for i in range(len(mine)) if i not in gone]
    if references is None:
        removed += _near_among(mine, left, vectors, threshold)
    elif left and references:
        found = nearest([mine[i] for i in left], [question(p) for p in references], vectors)
        pairs = zip(left, found.index, found.cosine, strict=True)
        removed += [Removed(i, "near", int(of), float(cosine)) for i, of, cosine in pairs if cosine >= threshold]
    return _result(mine, removed, name, threshold, why)


def _equal(mine: Sequence[str], theirs: Sequence[str] | None) -> list[Removed]:
    first: dict[str, int] = {}
    removed = []
    if theirs is not None:
        for at, text in enumerate(theirs):
            first.setdefault(text, at)
    for at, text in enumerate(mine):
        if text in first:
            removed.append(Removed(at, "exact", first[text], 1.0))
        elif theirs is None:
            first[text] = at
    return removed


def _near_among(mine: Sequence[str], left: Sequence[int], vectors: object, limit: float) -> list[Removed]:
    """Each against the kept ones before it, in the order of the file."""
    import numpy as np

    if len(left) < 2:
        return []
    rows = vectors([mine[i] for i in left])  # type: ignore[operator]
    removed: list[Removed] = []
    gone = np.zeros(len(left), dtype=bool)
    for start in range(0, len(left), 512):
        block = rows[start : start + 512] @ rows[: start + 512].T
        dense = block.toarray() if hasattr(block, "toarray") else np.asarray(block)
        for at in range(dense.shape[0]):
            place = start + at
            before = np.where(gone[:place], -1.0, dense[at, :place])
            if place and before.max() >= limit:
                of = int(before.argmax())
                gone[place] = True
                removed.append(Removed(left[place], "near", left[of], float(before[of])))
    return removed


def _embedding(method: Method, embed: Embed | None) -> tuple[Embed | None, str]:
    if method == "ngram":
        return None, ""
    if embed is not None:
        return embed, ""
    try:
        return sentence_embedding(), ""
    except (MissingExtra, ModelNotFound) as error:
        if method == "embedding":
            raise
        return None, f"Character n-grams were compared, since {error}."


def _result(
    mine: Sequence[str], removed: list[Removed], method: str, threshold: float, why: str
) -> Deduplicated:
    gone = {r.index for r in removed}
    kept = [i for i in range(len(mine)) if i not in gone]
    return Deduplicated(kept, sorted(removed, key=lambda r: r.index), method, threshold, why)
