"""Score against another metric: what one has to give up for the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from journeyman.report.draw.axis import Scale, extent, frame, labels, quantile
from journeyman.report.draw.svg import dot, drawing

WIDTH, HEIGHT = 400, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 20, 34, 44
_DOTS = 600


@dataclass(frozen=True)
class Spot:
    """A candidate: `x` its metric, `y` its score."""

    index: int
    x: float
    y: float
    title: str
    href: str | None = None
    special: str = ""
    """Class of the seed's or the best one's mark."""


def fronts(spots: Sequence[Spot], *, maximize: bool) -> set[int]:
    """Numbers of the candidates that none beats in both, for whom wants less of the metric and for whom wants more."""
    chosen: set[int] = set()
    for sign in (1.0, -1.0):
        best: float | None = None
        # By the metric, and of equal ones the better score first.
        for spot in sorted(spots, key=lambda s: (sign * s.x, -s.y if maximize else s.y, s.index)):
            if best is None or (spot.y > best if maximize else spot.y < best):
                best = spot.y
                chosen.add(spot.index)
    return chosen


def draw_scatter(
    spots: Sequence[Spot], *, maximize: bool, x_name: str, score_name: str, label: str
) -> Markup:
    """One panel of at least two spots. The axes leave out the far tails, whose dots lie on the edge."""
    front = fronts(spots, maximize=maximize)
    x = Scale(*_reach([s.x for s in spots], [s.x for s in spots if s.special]), _LEFT, WIDTH - _RIGHT)
    y = Scale(*_reach([s.y for s in spots], [s.y for s in spots if s.special]), HEIGHT - _BOTTOM, _TOP)
    at = x.ticks(4)
    drawn = frame(x, y, x_ticks=at, x_labels=labels(at), x_label=x_name, y_label=score_name)
    plain = [s for s in spots if s.index not in front and not s.special]
    for s in plain[:: 1 + len(plain) // _DOTS]:
        drawn.append(dot(x.at(s.x), y.at(s.y), 2.4, "dot", s.title))
    for s in spots:
        if s.index in front and not s.special:
            drawn.append(dot(x.at(s.x), y.at(s.y), 3.6, "front", s.title, s.href))
    for s in spots:
        if s.special:
            drawn.append(dot(x.at(s.x), y.at(s.y), 5, s.special, s.title, s.href))
    return drawing(WIDTH, HEIGHT, label, *drawn)


def _reach(values: Sequence[float], kept: Sequence[float]) -> tuple[float, float]:
    """The range of most values and of all that is `kept`."""
    ordered = sorted(values)
    low, high = quantile(ordered, 0.03), quantile(ordered, 0.97)
    return extent([low, high, *kept])
