"""The course of a run as what a plot shows: best so far against evaluations, money or time."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from journeyman.report.terminal_plot import Plot

if TYPE_CHECKING:
    from journeyman.optimize.story import Step


class Against(StrEnum):
    """What the plot's x axis counts."""

    EVALUATIONS = "evaluations"
    MONEY = "money"
    TIME = "time"


AgainstOption = Annotated[
    Against, typer.Option("--against", help="What the plot shows the best so far against.")
]

# Beyond so many of the left unit the next one is used.
_UNITS = (
    (1.0, "seconds of work", 180.0),
    (60.0, "minutes of work", 180.0),
    (3600.0, "hours of work", float("inf")),
)


def plot_of(steps: Sequence[Step], against: Against, *, unit: str = "", maximize: bool | None = None) -> Plot:
    """The plot of settled steps, in the order in which they were settled.

    `maximize` adds which way is better to the axis' name; None leaves it out.
    """
    ends_at = _x(steps[-1], against) if steps else 0.0
    scale, name = 1.0, {Against.EVALUATIONS: "evaluations", Against.MONEY: "US dollars"}.get(against, "")
    if against is Against.TIME:
        scale, name, _ = next(row for row in _UNITS if ends_at <= row[0] * row[2])
    better = "" if maximize is None else ", higher is better" if maximize else ", lower is better"
    scored = [(_x(step, against) / scale, step) for step in steps if step.score is not None]
    return Plot(
        best=[(x, step.score) for x, step in scored if step.improved or step.index == 0],  # type: ignore[misc]
        candidates=[(x, step.score) for x, step in scored if step.index != 0 and step.same_as is None],  # type: ignore[misc]
        seed=steps[0].score if steps else None,
        until=ends_at / scale,
        x_label=name,
        y_label=(f"score [{unit}]" if unit else "score") + better,
        whole=against is Against.EVALUATIONS,
    )


def _x(step: Step, against: Against) -> float:
    if against is Against.EVALUATIONS:
        return float(step.evaluations_so_far)
    return step.usd_so_far if against is Against.MONEY else step.at_s
