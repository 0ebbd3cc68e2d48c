"""What a governor may know of an agent's belief: what actions are worth under it, and what a call could change.

Values are probabilities of success, in 0..1, of taking an action now and the best ones after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

Actions = tuple[int, ...]


@dataclass(frozen=True)
class Foreseen:
    """A call that could be made, and what it could bring.

    Attributes:
        actions: to be simulated from the real state.
        outcomes: (probability under the belief and the reliability, value of the best action after it) for each outcome
            that is told apart; probabilities add up to 1.
        flips: whether some outcome makes another first action the best.
        waited: value, in expectation over the outcomes, of doing first what is best now and knowing the outcome only after
            that; `expected` less this is lost by waiting with the call. None: not known.
    """

    actions: Actions
    outcomes: Sequence[tuple[float, float]]
    flips: bool
    waited: float | None = None

    @property
    def expected(self) -> float:
        """Value of acting after this call, in expectation."""
        return sum(probability * value for probability, value in self.outcomes)


class Mind(Protocol):
    """A belief that can be asked. Asking changes nothing."""

    def values(self) -> Mapping[Actions, float]:
        """For each turn that is considered, the probability of success if it is taken now."""

    def entropy(self) -> float:
        """Of the belief over what matters next, in nats."""

    def irreversible(self, actions: Actions) -> float:
        """Probability that these actions lose something for good."""

    def foresee(self, reliability: float, depth: int = 1) -> Sequence[Foreseen]:
        """Calls that are worth considering, of up to `depth` actions, at this reliability of simulator and reading."""
