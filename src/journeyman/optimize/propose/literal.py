"""The numbers of a text that may be tuned: where they stand, what they are, and the text with others in their place.

    template = parse("seed.py", "GAIN = 0.3  # tune: 0.05 .. 1.0\\nN = 5\\n")
    template.literals[0].value        0.3, of the range 0.05 .. 1.0
    template.render([0.7])            "GAIN = 0.7  # tune: 0.05 .. 1.0\\nN = 5\\n"

Only what stands in the editable region is looked at. If any line there has a `tune:` comment, only the numbers of such
lines are tuned; else every number is that is not plainly structure: an index, an integer of size 0, 1 or 2, a hexadecimal
constant. For a parameter file with declared parameters, exactly those are tuned.

A number that keeps its value keeps its spelling, so a text that is taken apart and put together is the same byte for byte.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePosixPath

from journeyman.errors import CandidateInvalid
from journeyman.optimize.propose import scan_code, scan_data
from journeyman.optimize.propose.scan import Found, Value
from journeyman.verify.region import editable_spans
from journeyman.verify.task import Parameter


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, or a word out of a declared choice.

    It stands at [start, end) of the text, sign and one pair of parentheses directly around it included. `low` and
    `high` bound it (None: open); `choices`, if any, are all it may be. `integer` ones stay integers.
    """

    start: int
    end: int
    text: str
    value: Value
    name: str
    integer: bool
    low: float | None = None
    high: float | None = None
    choices: tuple[Value, ...] = ()
    suffix: str = ""
    wrapped: bool = False
    guard: bool = False
    program: bool = False

    def spell(self, value: Value) -> str:
        """`value` as it stands in the text; floats are rounded to eight digits."""
        if value == self.value and type(value) is type(self.value):
            return self.text
        if isinstance(value, str):
            return f'"{value}"'
        number = str(round(value)) if self.integer else repr(float(f"{value:.8g}"))
        spelled = number + self.suffix
        # A minus where none was could bind to the wrong neighbour: 2**3 would become 2**-3, 2-3 become 2--3.
        turned = self.program and number.startswith("-") and not self.text.startswith("-")
        return f"({spelled})" if self.wrapped or self.guard or turned else spelled


@dataclass(frozen=True)
class Template:
    """A text and the literals in it, in order."""

    text: str
    literals: tuple[Literal, ...]

    @cached_property
    def _pieces(self) -> tuple[str, ...]:
        at, pieces = 0, []
        for literal in self.literals:
            pieces.append(self.text[at : literal.start])
            at = literal.end
        return (*pieces, self.text[at:])

    @cached_property
    def skeleton(self) -> str:
        """Names the text around the literals: two texts that differ in those values only have the same."""
        return hashlib.sha256("\0".join(self._pieces).encode()).hexdigest()[:16]

    @property
    def values(self) -> tuple[Value, ...]:
        """The literals' values, in order."""
        return tuple(literal.value for literal in self.literals)

    def render(self, values: Sequence[Value]) -> str:
        """The text with these values in place of the literals."""
        parts = [self._pieces[0]]
        for literal, value, piece in zip(self.literals, values, self._pieces[1:], strict=True):
            parts += (literal.spell(value), piece)
        return "".join(parts)


_SCANNERS: Mapping[str, Callable[[str], list[Found]]] = {
    ".py": scan_code.python,
    **dict.fromkeys((".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".cu"), scan_code.c),
    ".toml": scan_data.toml,
    ".json": scan_data.json,
}


def parse(path: str, text: str, parameters: Mapping[str, Parameter] | None = None) -> Template:
    """Find the literals of a file. Its kind follows from the ending of `path`; any other is read as plain text.

    Raises CandidateInvalid: the text cannot be read as what it should be, or a `tune:` comment is none.
    """
    found = _SCANNERS.get(PurePosixPath(path).suffix.lower(), scan_data.text)(text)
    spans = editable_spans(text)
    inside = [f for f in found if any(a <= f.start and f.end <= b for a, b in spans)]
    if parameters:
        declared = (_declared(f, parameters[f.name]) for f in inside if f.name in parameters)
        return Template(text, tuple(d for d in declared if d.choices or not isinstance(d.value, str)))
    if any(f.tune is not None for f in inside):
        return Template(text, tuple(_annotated(f) for f in inside if f.tune is not None))
    return Template(
        text, tuple(_literal(f) for f in inside if not f.structural and not isinstance(f.value, str))
    )


def _literal(found: Found) -> Literal:
    return Literal(
        found.start, found.end, found.text, found.value, found.name, isinstance(found.value, int),
        suffix=found.suffix, wrapped=found.wrapped, guard=found.guard, program=found.program,
    )  # fmt: skip


def _declared(found: Found, parameter: Parameter) -> Literal:
    literal = _literal(found)
    return replace(
        literal,
        integer=literal.integer or parameter.integer,
        low=parameter.min,
        high=parameter.max,
        choices=parameter.choices,
    )


def _annotated(found: Found) -> Literal:
    literal, rule = _literal(found), (found.tune or "").strip()
    bounds = re.fullmatch(r"(\S+)\s*\.\.\s*(\S+)", rule)
    try:
        if bounds:
            low, high = float(bounds[1]), float(bounds[2])
            if low < high and not isinstance(found.value, str):
                return replace(literal, low=low, high=high)
        elif "|" in rule:
            choices = tuple(_choice(part.strip(), literal) for part in rule.split("|"))
            if len(set(choices)) > 1:
                return replace(literal, choices=choices)
    except ValueError:
        pass
    raise CandidateInvalid(
        f"{found.name}: 'tune: {rule}' is neither a range like '0.1 .. 2' nor a choice like '1 | 2 | 4'"
    )


def _choice(text: str, literal: Literal) -> Value:
    if isinstance(literal.value, str):
        return text.strip("'\"")
    return int(text) if literal.integer else float(text)
