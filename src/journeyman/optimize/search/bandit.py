"""Bandits over a few named arms: which proposer, model or chain gets the next proposal.

Example, as a search uses it:

    arms = Arms(["model", "numeric"])
    number = arms.pull(ucb1(arms))          # at ask
    arms.pay(number, reward)                # at tell; 0.0 if the proposal failed

**Order.** Sums of rewards are kept as exact integers, so the state does not depend on the order in which pulls are
paid; paying a pull again changes nothing. A pull counts from the moment it is made, so asks that are under way at once
spread over the arms.

**Choice.** `ucb1` and `asymmetric_ucb` look at the state and change nothing. Ties go to the arm named first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from journeyman.errors import UsageError

_STEP = 1 << 1074
"""Every finite double is a whole number of 2^-1074, so sums in this unit are exact."""

_LARGEST_EXPONENT = 700.0
"""e^709.8 is the largest that a double holds."""

_LEAST_COST = 1e-7


@dataclass(slots=True)
class _Arm:
    """What is known of one arm. `gained` and `cost` are in steps of 2^-1074."""

    pulls: int = 0
    paid: int = 0
    gained: int = 0
    cost: int = 0


@dataclass(slots=True)
class _Pull:
    arm: _Arm
    paid: bool = False
    gained: int = 0
    cost: int = 0


class Arms:
    """Counts and exact sums of rewards for each arm.

    Args:
        names: the arms, at least one, no two alike; their order breaks ties.
        bound: largest reward that may be paid; None: no bound.
        window: only the last so many pulls count, for rewards that change over a run (Garivier and Moulines 2011,
            sliding-window UCB). The window is in pulls made, not in pulls paid, so that order still cannot matter.
            None: all count.

    Raises UsageError for arguments out of range.
    """

    def __init__(self, names: Sequence[str], *, bound: float | None = 1.0, window: int | None = None) -> None:
        if not names or len(set(names)) < len(names):
            raise UsageError(f"a bandit needs at least one arm, no two alike, not {list(names)}")
        if window is not None and window < 1:
            raise UsageError(f"a bandit's window is at least 1 pull, not {window}")
        self.names = tuple(names)
        self._arms = {name: _Arm() for name in names}
        self._bound = bound
        self._window = window
        self._made = 0
        self._pulls: dict[int, _Pull] = {}
        self._largest = 0
        self._cost_range: tuple[float, float] | None = None

    def pull(self, name: str) -> int:
        """Count a pull; its number, under which it is paid."""
        self._made += 1
        arm = self._arms[name]
        arm.pulls += 1
        self._pulls[self._made] = _Pull(arm)
        if self._window is not None:
            self._forget(self._made - self._window)
        return self._made

    def pay(self, number: int, reward: float, cost: float = 0.0) -> None:
        """The reward of pull `number`, and what it cost in any unit; a pull paid before or outside the window is left.

        Raises UsageError for a reward that is negative, not finite or over the bound, and for a negative cost.
        """
        if not 0.0 <= reward <= (math.inf if self._bound is None else self._bound) or math.isinf(reward):
            raise UsageError(
                f"a bandit's reward lies between 0 and {self._bound or 'infinity'}, not at {reward}"
            )
        if not 0.0 <= cost < math.inf:
            raise UsageError(f"a pull costs nothing or more, not {cost}")
        pull = self._pulls.get(number)
        if pull is None or pull.paid:
            return
        pull.paid, pull.gained, pull.cost = True, _exact(reward), _exact(cost)
        pull.arm.paid += 1
        pull.arm.gained += pull.gained
        pull.arm.cost += pull.cost
        self._largest = max(self._largest, pull.gained)
        least, most = self._cost_range or (cost, cost)
        self._cost_range = (min(least, cost), max(most, cost))
        if self._window is None:
            del self._pulls[number]

    def pulls(self, name: str) -> int:
        """How often the arm was pulled, pulls under way included."""
        return self._arms[name].pulls

    def paid(self, name: str) -> int:
        """How many of its pulls were paid."""
        return self._arms[name].paid

    def mean(self, name: str) -> float:
        """Mean reward of its paid pulls; 0 if there is none."""
        arm = self._arms[name]
        return arm.gained / (arm.paid * _STEP) if arm.paid else 0.0

    def share(self, name: str) -> float:
        """Mean reward in units of the largest reward ever paid, in [0, 1]; 0 if nothing was gained yet."""
        arm = self._arms[name]
        return arm.gained / (arm.paid * self._largest) if arm.paid and self._largest else 0.0

    def mean_cost(self, name: str) -> float:
        """Mean cost of its paid pulls; 0 if there is none."""
        arm = self._arms[name]
        return arm.cost / (arm.paid * _STEP) if arm.paid else 0.0

    @property
    def cost_spread(self) -> float:
        """Largest less smallest cost of any pull."""
        least, most = self._cost_range or (0.0, 0.0)
        return most - least

    @property
    def largest(self) -> float:
        """The largest reward ever paid."""
        return self._largest / _STEP

    def _forget(self, number: int) -> None:
        pull = self._pulls.pop(number, None)
        if pull is not None:
            pull.arm.pulls -= 1
            pull.arm.paid -= pull.paid
            pull.arm.gained -= pull.gained
            pull.arm.cost -= pull.cost


def ucb1(arms: Arms, *, exploration: float = 1.0, among: Sequence[str] | None = None) -> str:
    """The arm with the largest mean + exploration · √(2 ln n / n_j) (Auer, Cesa-Bianchi and Fischer 2002, figure 1).

    n_j are pulls of arm j, n those of all arms to choose from; rewards lie in [0, 1]. An arm never pulled comes
    first. `among`: the arms to choose from, all if None.
    """
    names = arms.names if among is None else among
    untried = next((name for name in names if not arms.pulls(name)), None)
    if untried is not None:
        return untried
    widths = _widths(arms, names)
    return max(names, key=lambda name: arms.mean(name) + exploration * widths[name])


def asymmetric_ucb(
    arms: Arms,
    draw: float,
    *,
    exploration: float = 1.0,
    epsilon: float = 0.2,
    cost_weight: float = 0.0,
    cost_exploration: float = 0.1,
    among: Sequence[str] | None = None,
) -> str:
    """ShinkaEvolve's choice of a model (arXiv 2509.19349; numbers of package 0.0.7, `AsymmetricUCB`).

    UCB1 on rewards that are never negative (`improvement`), each divided by the largest seen, so that a rare large
    improvement outweighs many failures and no failure pushes an arm below zero. With probability `epsilon` one of the
    other arms is taken instead, all alike. With a `cost_weight` k the rule is (1 − k) · UCB + k · cheapness, where
    cheapness is the least mean cost over the arm's own, each less its confidence width.

    The package also shrinks all sums by 0.95 with every reward that comes in. That depends on the order of rewards, so
    it is left out here; `Arms(window=...)` forgets by pulls instead.

    Args:
        draw: a random number in [0, 1) that decides whether and which other arm.
        exploration: the coefficient of the width (package: 1.0).
        epsilon: share of the other arms (package: 0.2).
        cost_weight: k in [0, 1] (package: 0.0; its command line: 0.5).
        cost_exploration: coefficient of the cost's width (package: 0.1).
        among: the arms to choose from, all if None.
    """
    names = arms.names if among is None else tuple(among)
    untried = next((name for name in names if not arms.pulls(name)), None)
    if untried is not None:
        return untried
    widths = _widths(arms, names)
    value = {name: arms.share(name) + exploration * widths[name] for name in names}
    if cost_weight and arms.cost_spread:
        dear = {
            name: max(arms.mean_cost(name) - cost_exploration * arms.cost_spread * widths[name], _LEAST_COST)
            for name in names
        }
        least = min(dear.values())
        value = {n: (1.0 - cost_weight) * value[n] + cost_weight * least / dear[n] for n in names}
    winner = max(names, key=value.__getitem__)
    others = [name for name in names if name != winner]
    if others and draw < epsilon:
        return others[min(int(draw / epsilon * len(others)), len(others) - 1)]
    return winner


def improvement(
    score: float | None,
    baseline: float,
    better: Callable[[float, float], bool],
    *,
    unit: float = 1.0,
    exponential: bool = True,
) -> float:
    """The reward of a trial in ShinkaEvolve: e^max(gap, 0) − 1, or the gap itself; 0 without a score.

    `baseline` is the better of the parent's score and the seed's, both known when the trial was asked for; the gap is
    what `score` is better than it, in multiples of `unit`. For gaps well below 1 both forms agree; for larger ones the
    exponential form lets the largest gap decide almost alone.
    """
    if score is None or not better(score, baseline):
        return 0.0
    gap = min(abs(score - baseline) / unit, _LARGEST_EXPONENT)
    return math.expm1(gap) if exponential else gap


def _widths(arms: Arms, names: Sequence[str]) -> dict[str, float]:
    """√(2 ln n / n_j); n is at least 2, as in the package, so that one pull alone has a width."""
    n = max(sum(arms.pulls(name) for name in names), 2)
    return {name: math.sqrt(2.0 * math.log(n) / arms.pulls(name)) for name in names}


def _exact(value: float) -> int:
    numerator, denominator = value.as_integer_ratio()
    return numerator * (_STEP // denominator)
