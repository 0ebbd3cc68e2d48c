"""Axes: where the ticks stand, what is written at them, and the frame of a drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from journeyman.report.draw.svg import line, text
from journeyman.report.number import number


@dataclass(frozen=True)
class Scale:
    """From values in [low, high] to pixels in [start, end]; with `log`, by the logarithm of 1 + value."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The pixel of `value`; a value outside lies on the edge."""
        held = min(max(value, self.low), self.high)
        low, high, held = (math.log1p(v) if self.log else v for v in (self.low, self.high, held))
        return self.start + (held - low) / ((high - low) or 1.0) * (self.end - self.start)

    def holds(self, value: float) -> bool:
        """Whether `value` lies inside."""
        return self.low <= value <= self.high

    def ticks(self, count: int = 5, *, whole: bool = False) -> list[float]:
        """About `count` round values inside; `whole`: integers only."""
        if self.log:
            found = [float(m * 10**e) for e in range(8) for m in (1, 3) if self.holds(m * 10**e)]
            return found if len(found) <= 2 * count else found[::2]
        return ticks(self.low, self.high, count, whole=whole)


def ticks(low: float, high: float, count: int = 5, *, whole: bool = False) -> list[float]:
    """Round values in [low, high], about `count` of them.

    >>> ticks(0, 60, 4)
    [0.0, 20.0, 40.0, 60.0]
    """
    span = high - low
    if not (span > 0 and math.isfinite(span)):
        return [low]
    power = 10.0 ** math.floor(math.log10(span))
    choices = []
    for factor in (5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05):
        step = max(1.0, factor * power) if whole else factor * power
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        choices.append([float(f"{k * step:.12g}") + 0.0 for k in range(first, last + 1)])
    return min(choices, key=lambda found: (len(found) < 2, abs(len(found) - count)))


def labels(values: Sequence[float]) -> list[str]:
    """What stands at ticks: as many decimals as tell them apart, thousands set off.

    >>> labels([0.0, 0.25, 0.5])
    ['0', '0.25', '0.50']
    """
    gap = min((abs(b - a) for a, b in pairwise(values) if b != a), default=0.0)
    if not gap:
        return [number(v, digits=4) for v in values]
    if any(v and not 1e-5 <= abs(v) < 1e7 for v in values):
        digits = max(3, 2 + math.ceil(math.log10(max(map(abs, values)) / gap)))
        return [f"{v:.{digits - 1}e}".replace("-", "−") if v else "0" for v in values]
    decimals = max(0, -math.floor(math.log10(gap) + 1e-9))
    # A step of 0.25 needs one digit more than its size.
    if any(abs(v * 10**decimals - round(v * 10**decimals)) > 1e-6 for v in values):
        decimals += 1
    return [f"{v:.{decimals}f}".replace("-", "−") if v else "0" for v in values]


def extent(values: Sequence[float], *, margin: float = 0.07) -> tuple[float, float]:
    """The range of `values` with some room around it; never empty."""
    low, high = min(values), max(values)
    room = margin * (high - low) or 0.08 * abs(high) or 0.1
    return low - room, high + room


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of `ordered` lies (nearest rank). `ordered` is sorted and not empty."""
    return ordered[min(len(ordered) - 1, max(0, round(share * (len(ordered) - 1))))]


def frame(
    x: Scale,
    y: Scale,
    *,
    x_ticks: Sequence[float],
    x_labels: Sequence[str],
    x_label: str,
    y_label: str,
    y_ticks: int = 4,
) -> list[Markup]:
    """Grid, ticks and names. `y.start` is the bottom; the name of the y axis stands above it, where it can be read."""
    at = y.ticks(y_ticks)
    drawn = [line(x.start, y.at(v), x.end, y.at(v), "grid") for v in at]
    drawn += [
        text(x.start - 6, y.at(v) + 4, label, anchor="end") for v, label in zip(at, labels(at), strict=True)
    ]
    drawn += [text(x.at(v), y.start + 16, label) for v, label in zip(x_ticks, x_labels, strict=True)]
    drawn.append(line(x.start, y.start, x.end, y.start, "axis"))
    drawn.append(text((x.start + x.end) / 2, y.start + 33, x_label, class_="name"))
    drawn.append(text(4, y.end - 10, y_label, class_="name", anchor="start"))
    return drawn
