"""Statistics and figures of arms that were repeated over seeds: means, spreads, curves with what lies between the seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from journeyman.claims.claim import Measured

if TYPE_CHECKING:
    from markupsafe import Markup

    from journeyman.report.draw.lines import Level


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean."""
    return sum(values) / len(values)


def deviation(values: Sequence[float]) -> float:
    """The standard deviation between seeds (n - 1 in the denominator); 0 for a single one."""
    if len(values) < 2:
        return 0.0
    middle = mean(values)
    return math.sqrt(sum((value - middle) ** 2 for value in values) / (len(values) - 1))


def pooled(*groups: Sequence[float]) -> float:
    """The standard deviation between seeds of several arms taken together: the root of the mean of their variances."""
    return math.sqrt(mean([deviation(group) ** 2 for group in groups]))


def ends(measured: Measured, arm: str, name: str, share: float = 0.1) -> list[tuple[float, float]]:
    """First and last value of a curve for each seed: means over the first and the last `share` of its points."""
    found = []
    for curve in measured.curves(arm, name):
        some = max(1, round(share * len(curve)))
        found.append((mean([y for _, y in curve[:some]]), mean([y for _, y in curve[-some:]])))
    return found


def over_run(measured: Measured, arm: str, name: str = "score") -> list[float]:
    """Mean of a curve after its first point, for each seed: what was reached, and how early."""
    return [mean([y for _, y in curve[1:]]) for curve in measured.curves(arm, name)]


def said(values: Sequence[float], digits: int = 2) -> str:
    """`0.91 ± 0.02`: mean and standard deviation."""
    return f"{mean(values):.{digits}f} ± {deviation(values):.{digits}f}"


def panel(
    measured: Measured, name: str, title: str, *, arms: Sequence[str] | None = None,
    bounds: tuple[float | None, float | None] = (None, None), levels: Sequence[Level] = (),
) -> Markup:  # fmt: skip
    """A curve an arm: the mean of the seeds, and the range between the lowest and the highest of them."""
    from journeyman.report.draw.lines import Series, draw_lines

    series = []
    for i, arm in enumerate(measured.cells):
        if arms is not None and arm not in arms:
            continue
        curves = measured.curves(arm, name)
        points = [(at[0][0], mean([y for _, y in at])) for at in zip(*curves, strict=False)]
        spread = [(at[0][0], min(y for _, y in at), max(y for _, y in at)) for at in zip(*curves, strict=False)]
        if points:
            series.append(Series(arm, f"s{i}", points, spread if len(points) <= 24 else (), dots=len(points) <= 24))
    words = "; ".join(f"{one.name} from {one.points[0][1]:.3g} to {one.points[-1][1]:.3g}" for one in series)
    return draw_lines(
        series, x_name="step", y_name=title, bounds=bounds, levels=levels, label=f"{title}: {words}", width=420, height=250
    )
