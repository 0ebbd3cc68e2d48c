"""How far a governor relies on what is predicted and on how it is read: given, or learned from what it hears (spec J3).

Of two outcomes, the chain of simulator and reading shows the truth if both are right or both are wrong:
rho = s q + (1 - s)(1 - q).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from journeyman.foresee.agents.mind import Actions
from journeyman.foresee.governors.governor import Checked, Point
from journeyman.foresee.governors.margins import lost
from journeyman.foresee.governors.reliability import Learning, Reliability, Where
from journeyman.foresee.governors.steps import risks
from journeyman.foresee.worlds.world import Digest


class Trust(Protocol):
    """Says what a step of a prediction is worth."""

    learns: bool

    def of(self, point: Point, actions: Actions) -> float:
        """Probability that simulator and reading together show the truth of a step of this call, in 0..1."""

    def asks(self, point: Point, calls: Sequence[Actions]) -> None:
        """These calls are made at this point."""

    def heard(self, actions: Actions, digest: Digest) -> None:
        """It was predicted."""

    def learn(self, checked: Checked) -> None:
        """It was put to the test."""

    def ended(self) -> None:
        """The episode is over: what was not tested will not be."""


class Given:
    """Always the same. `reliability`: of the chain, in 0..1."""

    learns = False

    def __init__(self, reliability: float) -> None:
        self.reliability = reliability

    def of(self, point: Point, actions: Actions) -> float:
        return self.reliability

    def asks(self, point: Point, calls: Sequence[Actions]) -> None:
        return None

    def heard(self, actions: Actions, digest: Digest) -> None:
        return None

    def learn(self, checked: Checked) -> None:
        return None

    def ended(self) -> None:
        return None


class Learned:
    """What `Reliability` has learned of the simulator and, apart from it, of the reading.

    Args:
        learning: discounts and priors.
        quantile: of the posterior that is relied on; None: its mean.
    """

    learns = True

    def __init__(self, learning: Learning | None = None, quantile: float | None = None) -> None:
        self.simulator = Reliability(learning)
        self.reading = Reliability(Learning(start=0.99))
        self._quantile = quantile
        self._point: Point | None = None
        self._calls: Sequence[Actions] = ()
        self._pending: list[_Pending] = []

    def of(self, point: Point, actions: Actions) -> float:
        where = Where(point.brief.about.name, point.model, actions)
        if self._quantile is None:
            shown, read = self.simulator.mean(where), self.reading.mean(where)
        else:
            shown, read = self.simulator.quantile(where, self._quantile), self.reading.mean(where)
        return shown * read + (1.0 - shown) * (1.0 - read)

    def asks(self, point: Point, calls: Sequence[Actions]) -> None:
        self._point, self._calls = point, calls

    def heard(self, actions: Actions, digest: Digest) -> None:
        """The agent has not yet believed it: its mind still says what it held likely before."""
        point = self._point
        if point is None or not actions:
            return
        # What was asked is longer than what was predicted of it where the imagined episode ended. It counts as what was
        # asked: else long calls would be known by those of their predictions that came through.
        asked = next((call for call in self._calls if call[: len(actions)] == actions), actions)
        priors: list[float] = []
        if point.mind is not None:
            priors = [1.0 - risk for risk in risks(point.mind, actions)]
            if lost(digest):
                priors[-1] = 1.0 - priors[-1]
        self._pending.append(_Pending(Where(point.brief.about.name, point.model, asked), actions, priors))

    def learn(self, checked: Checked) -> None:
        where = Where(checked.world, checked.model, checked.actions)
        for number, pending in enumerate(self._pending):
            if pending.path == checked.actions:
                where = pending.where
                del self._pending[number]
                break
        self.simulator.checked(where, checked.agreed, steps=checked.depth)
        if checked.reading is not None:
            self.reading.checked(where, checked.reading, steps=1)

    def ended(self) -> None:
        for pending in self._pending:
            self.simulator.unchecked(pending.where, pending.priors)
        self._pending.clear()
        self._point = None
        self.simulator.ended()


class _Pending(NamedTuple):
    """A prediction that is not yet tested: what was asked, as far as it was imagined, and what was held likely of each step
    of that (nothing, of an agent that shows no belief)."""

    where: Where
    path: Actions
    priors: list[float]
