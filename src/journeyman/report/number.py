"""Numbers and durations as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence

NONE = "–"


def number(value: float | None, *, digits: int = 4) -> str:
    """`value` to `digits` significant digits; integers are written out; None is a dash.

    >>> number(0.123456), number(78.4), number(1500000.0), number(3), number(None)
    ('0.1235', '78.40', '1500000', '3', '–')
    """
    if value is None:
        return NONE
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if -4 <= magnitude < 7:
        return f"{value:.{max(0, digits - 1 - magnitude)}f}"
    return f"{value:.{digits - 1}e}"


def alike(values: Sequence[float | None], *, digits: int = 4) -> list[str]:
    """Numbers that stand beside one another: what is nothing against the largest of them is shown as 0.

    >>> alike([-1.4e-07, 0.3167, None])
    ['0', '0.3167', '–']
    """
    largest = max((abs(v) for v in values if v is not None and math.isfinite(v)), default=0.0)
    return [number(0.0 if v is not None and abs(v) < 1e-5 * largest else v, digits=digits) for v in values]


def signed(value: float | None, *, digits: int = 4) -> str:
    """`number` with its sign, for gains."""
    return f"+{number(value, digits=digits)}" if value is not None and value > 0 else number(value, digits=digits)


def share(part: int, whole: int) -> str:
    """`part` of `whole` in per cent; a dash where there is no whole."""
    return f"{100 * part / whole:.0f} %" if whole else NONE


def duration(seconds: float | None) -> str:
    """Seconds as `0.4 s`, `12 s`, `3 min 05 s` or `2 h 10 min`."""
    if seconds is None or not math.isfinite(seconds):
        return NONE
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
