"""Change something at random: the baseline at equal budget that knows nothing and learns nothing.

    jm.optimize("operations/job_shop", proposer="random", evaluations=100)

What a search gains with this proposer is gained by selection alone. One proposal makes one, two or three changes to the
parent that the search gives, each of a kind drawn anew among those the text has a place for:

| kind | chance, Python | C, C++ | data files | |
|---|---|---|---|---|
| number | 0.60 | 0.80 | 1 | a literal that may be tuned (see `literal`) gets another value |
| operator | 0.15 | 0.20 | | a comparison or an arithmetic operator becomes another of its sort |
| swap | 0.10 | | | two neighbouring statements of a block change places |
| delete | 0.10 | | | a statement goes, if its block has another |
| double | 0.05 | | | a statement is written twice |

A number in a declared range is drawn anew over the whole range in every second case, else multiplied by a log-normal
factor and held inside; a choice becomes another of its choices; an open number is multiplied by a log-normal factor, or,
where it is 0, takes a normal deviate. Python that would not compile any more is thrown away and drawn again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar

from journeyman.errors import CandidateInvalid, ProposalFailed, UsageError
from journeyman.optimize.propose import scan_code, statements
from journeyman.optimize.propose.axis import axis_of
from journeyman.optimize.propose.literal import Literal, parse
from journeyman.optimize.propose.scan import Value
from journeyman.optimize.trial import Proposal, Request, Trial
from journeyman.verify import Task
from journeyman.verify.region import editable_spans, fixed_text
from journeyman.verify.task import Parameter

if TYPE_CHECKING:
    import numpy as np

COUNTS = ((1, 0.5), (2, 0.3), (3, 0.2))
"""How many changes a proposal makes, and how often."""

SPREAD = 0.5
"""Standard deviation of the logarithm of a factor: two thirds of the factors lie between 0.61 and 1.65."""

_PYTHON = (("number", 0.60), ("operator", 0.15), ("swap", 0.10), ("delete", 0.10), ("double", 0.05))
_C = (("number", 0.80), ("operator", 0.20))
_DATA = (("number", 1.0),)
_C_FILES = (".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".cu")
_TRIES = 20

Edit = tuple[str, str]
"""A text after a change, and what was changed."""

T = TypeVar("T")


class RandomEditor:
    """Edits the file `main` at random. It has no state.

    Args:
        main: path of the file; its ending says what kinds of change there are.
        parameters: declared ranges, by path; empty: what the text itself says.
    """

    name = "random"
    waits = False

    def __init__(self, main: str, *, parameters: Mapping[str, Parameter] | None = None) -> None:
        self._main = main
        self._parameters = parameters or {}
        ending = PurePosixPath(main).suffix.lower()
        self._python = ending == ".py"
        self._kinds = _PYTHON if self._python else _C if ending in _C_FILES else _DATA
        self._edit: Mapping[str, Callable[[str, np.random.Generator], Edit | None]] = {
            "number": self._number, "operator": self._operator, "swap": _swap, "delete": _delete, "double": _double,
        }  # fmt: skip

    @classmethod
    def for_task(cls, task: Task) -> RandomEditor:
        """The proposer for a task. Raises UsageError if its seed has nothing that can be changed."""
        made = cls(task.main, parameters=task.parameters)
        if not made._has_place(task.seed.text(task.main)):
            raise UsageError(
                f"the proposer 'random' finds nothing to change in {task.main!r} of task {task.id!r}; mark numbers with a "
                "comment like '# tune: 0.1 .. 2', or use another proposer"
            )
        return made

    def propose(self, request: Request, rng: np.random.Generator) -> Proposal:
        """The parent with one to three things changed.

        Raises:
            ProposalFailed: `nothing_to_tune`: the parent has nothing that can be changed.
            CandidateInvalid: the parent is not what its ending says.
        """
        parent = request.parents[0].candidate
        before = parent.text(self._main)
        if self._python and not statements.is_python(before):
            raise CandidateInvalid(f"the parent's {self._main} is not Python, so it cannot be edited")
        count = _drawn(COUNTS, rng)
        text, done, kinds = before, [], []
        for _ in range(_TRIES):
            kind, edit = self._change(text, rng)
            if edit is None:
                break
            if not self._keeps(before, edit[0]):
                continue
            text, said = edit
            done.append(said)
            kinds.append(kind)
            # Two changes may undo one another; then there is one more.
            if len(done) >= count and text != before:
                break
        if text == before:
            raise ProposalFailed("nothing_to_tune", f"{self._main} has nothing that can be changed at random")
        return Proposal(
            parent.replace(self._main, text), note="; ".join(done), data={self.name: {"kinds": kinds}}
        )

    def observe(self, trial: Trial) -> None:
        """It learns nothing."""

    def _has_place(self, text: str) -> bool:
        import numpy as np

        if self._python and not statements.is_python(text):
            raise CandidateInvalid(f"{self._main} is not Python, so it cannot be edited")
        return self._change(text, np.random.default_rng(0))[1] is not None

    def _change(self, text: str, rng: np.random.Generator) -> tuple[str, Edit | None]:
        """One change of a kind that the text has a place for; None if it has none for any."""
        kinds = list(self._kinds)
        while kinds:
            kind = _drawn(kinds, rng)
            edit = self._edit[kind](text, rng)
            if edit is not None:
                return kind, edit
            kinds = [(name, chance) for name, chance in kinds if name != kind]
        return "", None

    def _keeps(self, before: str, after: str) -> bool:
        if self._python and not statements.is_python(after):
            return False
        return fixed_text(after) == fixed_text(before)

    def _number(self, text: str, rng: np.random.Generator) -> Edit | None:
        template = parse(self._main, text, self._parameters)
        where = [i for i, literal in enumerate(template.literals) if _can_change(literal)]
        if not where:
            return None
        i = where[int(rng.integers(len(where)))]
        literal = template.literals[i]
        value = another(literal, rng)
        values = [*template.values[:i], value, *template.values[i + 1 :]]
        return template.render(values), f"{literal.name} {_short(literal.value)} -> {_short(value)}"

    def _operator(self, text: str, rng: np.random.Generator) -> Edit | None:
        found = scan_code.python_operators(text) if self._python else scan_code.c_operators(text)
        spans = editable_spans(text)
        inside = [o for o in found if any(a <= o.start and o.end <= b for a, b in spans)]
        if not inside:
            return None
        operator = inside[int(rng.integers(len(inside)))]
        sort = scan_code.COMPARISONS if operator.text in scan_code.COMPARISONS else scan_code.ARITHMETIC
        others = [other for other in sort if other != operator.text]
        other = others[int(rng.integers(len(others)))]
        edited = text[: operator.start] + other + text[operator.end :]
        return edited, f"line {_line(text, operator.start)}: {operator.text} -> {other}"


def another(literal: Literal, rng: np.random.Generator) -> Value:
    """A value other than the literal's own, inside its range."""
    for _ in range(_TRIES):
        value = _value(literal, rng)
        if literal.spell(value) != literal.spell(literal.value):
            return value
    # A step too small to be seen, of an integer most often: the next one, or the end of the range that is further off.
    if literal.integer:
        for step in (1, -1) if rng.random() < 0.5 else (-1, 1):
            moved = int(literal.value) + step
            if (literal.low is None or moved >= literal.low) and (
                literal.high is None or moved <= literal.high
            ):
                return moved
    ends = [end for end in (literal.low, literal.high) if end is not None]
    return max(ends, key=lambda end: abs(end - float(literal.value)))


def _value(literal: Literal, rng: np.random.Generator) -> Value:
    if literal.choices:
        others = [choice for choice in literal.choices if choice != literal.value]
        return others[int(rng.integers(len(others)))]
    axis = axis_of(literal)
    start = float(literal.value)
    if axis.bounded and (start == 0.0 or rng.random() < 0.5):
        return axis.value(axis.width * rng.random())
    factor = math.exp(SPREAD * rng.standard_normal())
    if axis.bounded:
        # Held inside by way of the axis, which also rounds to what the range allows.
        return axis.value(axis.coordinate(start * factor))
    # An open axis is 1.2 u wide in the logarithm.
    return axis.value(math.log(factor) / 1.2 if start != 0.0 else rng.standard_normal() / 1.2)


def _can_change(literal: Literal) -> bool:
    if literal.choices:
        return any(choice != literal.value for choice in literal.choices)
    if literal.low is None or literal.high is None:
        return True
    if literal.integer:
        return math.floor(literal.high) > math.ceil(literal.low)
    # Less apart than the eight digits that are written.
    return literal.high - literal.low > 1e-6 * max(abs(literal.low), abs(literal.high))


def _swap(text: str, rng: np.random.Generator) -> Edit | None:
    pairs = statements.neighbours(statements.blocks(text, editable_spans(text)))
    if not pairs:
        return None
    one, other = pairs[int(rng.integers(len(pairs)))]
    said = f"lines {_line(text, one.start)} and {_line(text, other.start)} swapped"
    return statements.swapped(text, one, other), said


def _delete(text: str, rng: np.random.Generator) -> Edit | None:
    found = statements.removable(statements.blocks(text, editable_spans(text)))
    if not found:
        return None
    chosen = found[int(rng.integers(len(found)))]
    return statements.deleted(text, chosen), f"line {_line(text, chosen.start)} deleted"


def _double(text: str, rng: np.random.Generator) -> Edit | None:
    found = [s for block in statements.blocks(text, editable_spans(text)) for s in block]
    if not found:
        return None
    chosen = found[int(rng.integers(len(found)))]
    return statements.doubled(text, chosen), f"line {_line(text, chosen.start)} doubled"


def _drawn(chances: Sequence[tuple[T, float]], rng: np.random.Generator) -> T:
    """One of the first, with a chance in proportion to its second."""
    at = rng.random() * math.fsum(chance for _, chance in chances)
    for drawn, chance in chances:
        at -= chance
        if at < 0.0:
            return drawn
    return chances[-1][0]


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _short(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"
