"""From an objective in physical units to a score: the share of a known gap that a design closes.

Each instance carries two numbers found offline and frozen: `baseline`, what a simple method reaches, and `reference`, what
a long classical run reaches. With x the objective,

    linear:  (baseline - x) / (baseline - reference)
    log:     ln(baseline / x) / ln(baseline / reference)      for positive objectives

so 0 is the baseline, 1 the reference, and nothing is clipped: a design beyond the reference scores above 1, one worse than
the baseline below 0. The same formulas serve both directions. `ratio` leaves an objective that is a ratio as it is.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from journeyman.errors import TaskError

Scale = Literal["linear", "log", "ratio"]


class Anchors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`baseline` and `reference` in the objective's unit; `bound`: what no design can pass, where one is known."""

    baseline: float
    reference: float
    bound: float | None = None

    def check(self, where: str, scale: Scale, direction: str) -> None:
        """Raise TaskError unless the anchors are finite, apart, and in the order that `direction` asks for."""
        values = (self.baseline, self.reference)
        if not all(map(math.isfinite, values)) or self.baseline == self.reference:
            raise TaskError(f"{where}: the anchors {values} must be two different finite numbers")
        if (self.reference > self.baseline) != (direction == "maximize"):
            raise TaskError(
                f"{where}: the reference {self.reference:g} is not better than the baseline {self.baseline:g} ({direction})"
            )
        if scale == "log" and min(values) <= 0:
            raise TaskError(f"{where}: the log scale needs positive anchors, not {values}")


def normalised(objective: float, anchors: Anchors | None, scale: Scale) -> float:
    """The score of `objective`. Without anchors, or on the `ratio` scale, it is the objective itself.

    Raises ValueError for a log-scaled objective that is not positive.
    """
    if anchors is None or scale == "ratio":
        return objective
    if scale == "log":
        if objective <= 0:
            raise ValueError(f"the objective is {objective}; a log-scaled one is positive")
        return math.log(anchors.baseline / objective) / math.log(anchors.baseline / anchors.reference)
    return (anchors.baseline - objective) / (anchors.baseline - anchors.reference)
