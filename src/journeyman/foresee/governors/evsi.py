"""The value of a call before it is made (spec J1): arithmetic on what a mind foresees.

    EVSI(q) = sum over o of P(o | b, q, rho) max_a Q(a | b, o)  -  max_a Q(a | b)

Because the maximum is inside, a call counts only as far as some outcome of it changes what is done: one of which every
outcome leaves the same best action is worth nothing, however doubtful the agent is. It is worth making where

    EVSI(q) > c(q) + 2 epsilon + delta

with epsilon the error of values and delta that of the distribution of outcomes (in total variation): then it does no harm
in expectation against acting now with the same continuation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from journeyman.foresee.agents.mind import Actions, Foreseen


@dataclass(frozen=True)
class Price:
    """What a call must be worth.

    Attributes:
        cost: of a call of one action, in units of the probability of success. growth: share of it for each further action.
        margin: what it must be worth beyond its cost, 2 epsilon + delta.
    """

    cost: float
    growth: float = 0.0
    margin: float = 0.0

    def of(self, actions: Actions) -> float:
        """The cost of a call, without the margin."""
        return self.cost * (1.0 + self.growth * (len(actions) - 1))


class Worth(NamedTuple):
    """A call and its figures; `net` is evsi less cost."""

    call: Foreseen
    evsi: float
    cost: float

    @property
    def net(self) -> float:
        return self.evsi - self.cost


def evsi(call: Foreseen, now: float) -> float:
    """What a call adds to the value `now` of acting at once. 0 or more for a mind whose values are convex in its belief."""
    return call.expected - now


def ranked(calls: Iterable[Foreseen], now: float, price: Price, *, asked: Collection[Actions] = ()) -> list[Worth]:
    """All calls that were not asked, by evsi less cost, the best first; ties go to the shorter, then to the first named."""
    found = [Worth(call, evsi(call, now), price.of(call.actions)) for call in calls if call.actions not in asked]
    return sorted(found, key=lambda worth: (-worth.net, len(worth.call.actions)))


def worthwhile(worth: Worth, price: Price) -> bool:
    """Whether a call is worth its cost and the margin. What is worth nothing is never called, not even for nothing."""
    return worth.evsi > _LEAST and worth.net > price.margin


def can_wait(call: Foreseen, price: Price, risk: float) -> bool:
    """Whether a call is better made after the action that is best now.

    What waiting loses is what the outcomes would change about that action, `expected` less `waited`. What it saves is the
    call's cost, in case the action is the end: `risk`, in 0..1. A call of which `waited` is not known cannot wait.
    """
    return call.waited is not None and call.expected - call.waited <= risk * price.of(call.actions) + _LEAST


_LEAST = 1e-9
"""Below this a value is a rounding error."""
