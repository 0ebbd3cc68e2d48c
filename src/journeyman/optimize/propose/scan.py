"""What the scanners of texts give."""

from __future__ import annotations

import re
from dataclasses import dataclass

Value = int | float | str


@dataclass(frozen=True, slots=True)
class Found:
    """A number (or a quoted word) at [start, end) of a text.

    `name`: its path in a data file ("beam.width"), in a program the name it is given to, else "line N". `tune`: the text
    behind `tune:` in the comment of its line. `structural`: plainly not meant to be tuned. `wrapped`: parentheses directly
    around it belong to it. `guard`: whatever takes its place must be put in parentheses. `suffix`: of a C number.
    `program`: it stands among operators, which a minus could run into.
    """

    start: int
    end: int
    text: str
    value: Value
    name: str
    tune: str | None = None
    structural: bool = False
    wrapped: bool = False
    guard: bool = False
    suffix: str = ""
    program: bool = False


TUNE = re.compile(r"\btune:\s*(.*?)\s*(?:\*/)?\s*$")


def tune_rule(comment: str) -> str | None:
    """What stands behind `tune:` in a comment; None if it says nothing of the kind."""
    match = TUNE.search(comment)
    return match[1] if match else None


def number(text: str) -> int | float | None:
    """The plain decimal number that `text` spells, underscores allowed; None if it is none or not finite."""
    plain = text.replace("_", "")
    if re.fullmatch(r"[-+]?\d+", plain):
        return int(plain) if len(plain) <= 18 else None
    if re.fullmatch(r"[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?", plain):
        value = float(plain)
        return value if abs(value) < 1e300 else None
    return None
