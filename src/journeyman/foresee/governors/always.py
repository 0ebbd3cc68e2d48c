"""The governor that has everything simulated before it is done: what the most foresight is worth, and costs."""

from __future__ import annotations

from journeyman.foresee.governors.gate import is_open, ruling
from journeyman.foresee.governors.governor import Point, Ruling
from journeyman.foresee.governors.unlearning import Unlearning


class Always(Unlearning):
    """A call for the wanted actions before each turn that acts, unless just these were simulated since the last one."""

    name = "always"

    def rule(self, point: Point) -> Ruling:
        if is_open(point):
            return ruling(point, point.wish.actions, "what is wanted is simulated first", others=point.wish.others)
        return ruling(point, None, "it was simulated just before, or no call is left")
