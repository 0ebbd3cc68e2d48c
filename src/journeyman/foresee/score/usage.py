"""How often a world model is asked, in the three readings of the published usage rate (spec d.1, d.2.1)."""

from __future__ import annotations

from journeyman.foresee.score.interval import Sample, measure, part_of, ratio
from journeyman.foresee.score.measured import Measured, missing

NAMES = ("usage/instances", "usage/decisions", "usage/steps")


def usage(sums: Sample, mode: str) -> dict[str, Measured]:
    """`usage/*` of the sums of `success.totals`.

    instances: share of episodes with a call. decisions: calls / (calls + real actions). steps: calls / real actions.
    """
    if mode == "invisible":
        return {name: missing("in mode invisible there is no world model to ask", n=sums.n) for name in NAMES}
    return {
        "usage/instances": measure(sums, part_of("called", "n"), why="there is no episode", share=True),
        "usage/decisions": measure(
            sums, lambda s: ratio(s["calls"], s["calls"] + s["real"]), why="there is no call and no real action"
        ),
        "usage/steps": measure(sums, part_of("calls", "real"), why="there is no real action"),
    }
