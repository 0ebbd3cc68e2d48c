"""What governors share that keep nothing from one ruling to the next."""

from __future__ import annotations

from journeyman.foresee.agents.agent import Brief
from journeyman.foresee.governors.governor import Checked


class Unlearning:
    """Hears of beginnings, checks and ends, and keeps nothing of them."""

    learns = False

    def begin(self, brief: Brief) -> None:
        """An episode begins."""

    def learn(self, checked: Checked) -> None:
        """A simulated action was done."""

    def ended(self, success: bool) -> None:
        """The episode is over."""
