"""The governor that forbids all calls: what acting without foresight is worth."""

from __future__ import annotations

from journeyman.foresee.governors.gate import ruling
from journeyman.foresee.governors.governor import Point, Ruling
from journeyman.foresee.governors.unlearning import Unlearning


class Never(Unlearning):
    """Vetoes every call; in the mode "force", every call beyond the one that the mode asks for."""

    name = "never"

    def rule(self, point: Point) -> Ruling:
        return ruling(point, None, "no call is ever made")
