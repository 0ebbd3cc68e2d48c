"""What rewards in [0, 1] say about the next one: conjugate priors, their posteriors, and which of several arms to take.

Rewards are added up exactly, as whole numbers of 1e-9: the sums are the same in whatever order the rewards came, and
one more costs the same as the first. Thompson sampling draws a mean from each arm's posterior and takes the largest.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from journeyman.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNIT = 10**9
"""Steps in a reward of 1."""


def steps_of(reward: float) -> int:
    """A reward in [0, 1] as the nearest whole number of steps."""
    return round(reward * UNIT)


class Rewards:
    """How many rewards there were, their sum and the sum of their squares, in steps and steps squared."""

    __slots__ = ("count", "squares", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0
        self.squares = 0

    def add(self, steps: int) -> None:
        """One more."""
        self.count += 1
        self.total += steps
        self.squares += steps * steps


class Prior(Protocol):
    """What is thought of an arm before its first reward."""

    def posterior(self, rewards: Rewards) -> Mapping[str, float]:
        """The parameters after `rewards`, by the names of the prior's own."""
        ...

    def row(self, rewards: Rewards) -> tuple[float, ...]:
        """What a draw needs of the posterior; as many numbers for every arm."""
        ...

    def draws(self, columns: Sequence[NDArray[np.float64]], rng: np.random.Generator) -> NDArray[np.float64]:
        """A mean for each arm, from the columns of the arms' rows."""
        ...


@dataclass(frozen=True)
class Gaussian:
    """Rewards are normal with unknown mean and variance; the prior is normal-inverse-chi-squared.

    The defaults are TreeQuest's 0.3.3 (`GaussianPrior`). Updates: K. Murphy, Probabilistic Machine Learning: Advanced
    Topics, 3.4.3.3.

    Args:
        m: mean expected.
        kappa: how many rewards that expectation is worth, > 0.
        nu: how many rewards the expected variance is worth, > 0.
        tau_square: variance expected, > 0.
    """

    m: float = 0.0
    kappa: float = 1.0
    nu: float = 1.0
    tau_square: float = 0.1

    positive: ClassVar[tuple[str, ...]] = ("kappa", "nu", "tau_square")

    def posterior(self, rewards: Rewards) -> Mapping[str, float]:
        """m, kappa, nu, tau_square."""
        n = rewards.count
        if n == 0:
            return {"m": self.m, "kappa": self.kappa, "nu": self.nu, "tau_square": self.tau_square}
        mean = rewards.total / (n * UNIT)
        # Σ(r - mean)²: whole numbers up to the one division, so nothing cancels.
        scatter = (n * rewards.squares - rewards.total**2) / (n * UNIT**2)
        kappa, nu = self.kappa + n, self.nu + n
        surprise = n * self.kappa * (self.m - mean) ** 2 / kappa
        return {
            "m": (self.kappa * self.m + n * mean) / kappa,
            "kappa": kappa,
            "nu": nu,
            "tau_square": (self.nu * self.tau_square + scatter + surprise) / nu,
        }

    def row(self, rewards: Rewards) -> tuple[float, ...]:
        """m; nu/2; nu·tau_square/2, over kappa."""
        p = self.posterior(rewards)
        return p["m"], p["nu"] / 2, p["nu"] * p["tau_square"] / 2 / p["kappa"]

    def draws(self, columns: Sequence[NDArray[np.float64]], rng: np.random.Generator) -> NDArray[np.float64]:
        """σ² is nu·tau_square/2 over a gamma of shape nu/2; the mean is from N(m, σ²/kappa)."""
        m, half_nu, scale = columns
        # A gamma of shape 1/2 may underflow to 0; the variance is then as large as can be said.
        gamma = np.maximum(rng.standard_gamma(half_nu), 1e-300)
        means: NDArray[np.float64] = m + np.sqrt(scale / gamma) * rng.standard_normal(len(m))
        return means


@dataclass(frozen=True)
class Beta:
    """Rewards are shares of success; the prior is a beta. The default is Jeffreys' (TreeQuest 0.3.3, `BetaPrior`).

    Args:
        a: successes expected, > 0.
        b: failures expected, > 0.
    """

    a: float = 0.5
    b: float = 0.5

    positive: ClassVar[tuple[str, ...]] = ("a", "b")

    def posterior(self, rewards: Rewards) -> Mapping[str, float]:
        """a, b: a reward r counts r successes and 1 - r failures."""
        failed = rewards.count * UNIT - rewards.total
        return {"a": self.a + rewards.total / UNIT, "b": self.b + failed / UNIT}

    def row(self, rewards: Rewards) -> tuple[float, ...]:
        """a, b."""
        return tuple(self.posterior(rewards).values())

    def draws(self, columns: Sequence[NDArray[np.float64]], rng: np.random.Generator) -> NDArray[np.float64]:
        """The means, from Beta(a, b)."""
        return rng.beta(*columns)


class Arms:
    """Arms in a fixed order, each with its rewards."""

    __slots__ = ("_columns", "_prior", "rewards")

    def __init__(self, prior: Prior, count: int = 0) -> None:
        self.rewards: list[Rewards] = []
        self._prior = prior
        # What the draws need stands in columns: thousands of arms are drawn from in one call.
        self._columns = [array("d") for _ in prior.row(Rewards())]
        for position in range(count):
            self.insert(position)

    def insert(self, position: int) -> None:
        """A new arm at `position`; those from there on move up by one."""
        rewards = Rewards()
        self.rewards.insert(position, rewards)
        for column, value in zip(self._columns, self._prior.row(rewards), strict=True):
            column.insert(position, value)

    def add(self, position: int, steps: int) -> None:
        """One more reward for an arm."""
        rewards = self.rewards[position]
        rewards.add(steps)
        for column, value in zip(self._columns, self._prior.row(rewards), strict=True):
            column[position] = value

    def choose(self, rng: np.random.Generator) -> int:
        """Position of the largest draw; of equal ones the first."""
        return int(np.argmax(self._prior.draws([np.frombuffer(column) for column in self._columns], rng)))


_KINDS: Mapping[str, type[Gaussian] | type[Beta]] = {"gaussian": Gaussian, "beta": Beta}


def prior_of(kind: str, values: Mapping[str, float] | None = None) -> Prior:
    """The prior called `kind` with `values` in place of some of its defaults.

    Raises UsageError for an unknown kind or value, or one out of range.
    """
    if kind not in _KINDS:
        raise UsageError(f"there is no posterior {kind!r}; there are: {', '.join(_KINDS)}")
    make = _KINDS[kind]
    known = [field.name for field in fields(make)]
    for name, value in (values or {}).items():
        if name not in known:
            raise UsageError(f"the {kind} prior has no {name!r}; it has: {', '.join(known)}")
        if not math.isfinite(value) or (name in make.positive and value <= 0):
            must = "positive and finite" if name in make.positive else "finite"
            raise UsageError(f"{name} of the {kind} prior must be {must}, not {value!r}")
    return make(**(values or {}))
