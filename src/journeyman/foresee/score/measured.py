"""A metric's value: the number, how sure it is, what it rests on; or why there is none."""

from __future__ import annotations

import msgspec


class Measured(msgspec.Struct, frozen=True):
    """A number with its two-sided interval, in the metric's own unit.

    Attributes:
        value: None where it cannot be computed; never 0 in its place.
        low, high: ends of the interval; None where there is none.
        n: how many of `of` it rests on.
        of: what was counted: "instances", "calls", "decisions", "episodes" ...
        method: of the interval: "wilson", "bootstrap", "wald", "exact".
        why: of a value that is None, the reason; else what keeps the number from meaning more.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    of: str = "instances"
    method: str = ""
    why: str = ""


def missing(why: str, *, n: int = 0, of: str = "instances") -> Measured:
    """No value, and the reason, which begins with a small letter."""
    return Measured(None, n=n, of=of, why=why)
