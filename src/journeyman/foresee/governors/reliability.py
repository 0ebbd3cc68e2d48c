"""How far predictions can be trusted, learned while they are used (spec J3).

    known = Reliability()
    known.checked(Where("lake-6", "exact", (2,)), agreed=True)        # a simulated action was done and came out as shown
    known.unchecked(Where("lake-6", "exact", (3,)), prior=0.1)        # shown, and then not done
    known.mean(Where("lake-6", "exact", (2,)))

**Counts.** A Beta(alpha, beta) for each (world, model, depth, class of action), shrunk to its depth's, that one to its
world and model's, and that one to all: a level's prior is Beta(pooling * m, pooling * (1 - m)) with the mean m of the level
above it. All counts of a level are multiplied by the discount before a new one is added, so a level remembers about
1 / (1 - discount) observations. A level keeps its counts at two discounts, slow and fast, and weighs them by how well each
foretold what came (dynamic model averaging, Raftery, Karny and Ettler 2010): with the slow one alone, 50 observations after
an unannounced drop 60 % of the weight would still lie before it (0.99^50).

**Selection.** Evidence is a prediction that was then put to the test, and agents do not do what was shown to fail. A shown
"safe" is done and checked; a shown "fall" hardly ever is. The share that agrees among checked predictions is therefore
P(truth = safe | shown safe), not the reliability rho = P(shown = truth): with rho 0.6 and a belief that 10 % of the tiles
are holes it is 0.93, and one that learned from it would trust a simulator that is little better than a coin. Whether a
prediction is done depends on what was shown and not, given that, on the truth. The truth of those not done is then missing
at random, and the likelihood of rho needs them with what is known of them: that an outcome was shown which the belief held
likely with p, which has probability rho p + (1 - rho)(1 - p). `unchecked` adds the expected count of it, the share
rho p / (rho p + (1 - rho)(1 - p)) (one online step of expectation maximization). This is as right as p: a belief that
expects too few losses makes reliability look lower than it is. Without a p, as for agents that show no belief, only checked
predictions count, and reliability is overestimated by as much as said above.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from journeyman.errors import UsageError
from journeyman.foresee.agents.mind import Actions

_SHARING = 0.99
"""Exponent on the weights of the two discounts before each observation: either may come back."""


class Where(NamedTuple):
    """What a prediction was about: its world, the model that made it, and the actions."""

    world: str
    model: str
    actions: Actions


@dataclass(frozen=True)
class Learning:
    """How reliability is learned.

    Attributes:
        start: reliability before any evidence, in (0, 1); strength: for how many observations it counts.
        pooling: for how many observations a level counts the mean of the level above it.
        slow, fast: discounts of old counts per new observation, in (0, 1].
    """

    start: float = 0.9
    strength: float = 2.0
    pooling: float = 10.0
    slow: float = 0.99
    fast: float = 0.9

    def __post_init__(self) -> None:
        if not 0.0 < self.start < 1.0:
            raise UsageError(f"a reliability to start from lies between 0 and 1, not at {self.start:g}")
        if self.strength <= 0.0 or self.pooling <= 0.0:
            raise UsageError(f"strength and pooling are above 0, not {self.strength:g} and {self.pooling:g}")
        if not 0.0 < self.fast <= self.slow <= 1.0:
            raise UsageError(f"discounts lie in (0, 1], the fast one no larger: not {self.fast:g} and {self.slow:g}")


@dataclass(slots=True)
class Counts:
    """Discounted counts of right and wrong predictions at one discount."""

    right: float = 0.0
    wrong: float = 0.0

    def add(self, right: float, discount: float) -> None:
        """One observation, of which the share `right` was right."""
        self.right = self.right * discount + right
        self.wrong = self.wrong * discount + 1.0 - right

    def beta(self, prior: float, strength: float) -> tuple[float, float]:
        """alpha and beta of the posterior, with a prior of this mean that counts as `strength` observations."""
        return strength * prior + self.right, strength * (1.0 - prior) + self.wrong


def first_action(actions: Actions) -> str:
    """The class of a call where nothing better is known: the first action's number."""
    return str(actions[0]) if actions else ""


class Reliability:
    """Posterior of P(shown = truth), by what was asked.

    Args:
        learning: discounts and priors.
        classes: names the class of a call's actions.
    """

    def __init__(self, learning: Learning | None = None, classes: Callable[[Actions], str] = first_action) -> None:
        self._learning = learning or Learning()
        self._classes = classes
        self._levels: dict[tuple[str, ...], _Level] = {}
        self.seen = 0
        """Observations so far, checked or not."""

    def checked(self, where: Where, agreed: bool) -> None:
        """A simulated action was done, and came out as predicted or not."""
        self._observe(where, None, agreed)

    def unchecked(self, where: Where, prior: float) -> None:
        """A prediction was shown and never put to the test. `prior`: probability, in 0..1, that the belief gave to what
        was shown before it was shown. Raises UsageError: a prior that is no probability."""
        if not 0.0 <= prior <= 1.0:
            raise UsageError(f"the prior of a prediction is a probability, not {prior:g}")
        self._observe(where, prior, True)

    def mean(self, where: Where) -> float:
        """Posterior mean of the reliability of such a call, in (0, 1)."""
        mean = self._learning.start
        for level, strength in self._path(where):
            mean = level.mean(mean, strength)
        return mean

    def quantile(self, where: Where, q: float) -> float:
        """The posterior's quantile `q` (of the two discounts' Betas, weighted), for those who would rather be too careful.

        Raises UsageError: q outside of (0, 1).
        """
        from scipy.special import betaincinv

        if not 0.0 < q < 1.0:
            raise UsageError(f"a quantile lies between 0 and 1, not at {q:g}")
        *above, (level, strength) = self._path(where)
        prior = self._learning.start
        for each, count in above:
            prior = each.mean(prior, count)
        return sum(w * float(betaincinv(a, b, q)) for w, (a, b) in zip(level.weights, level.betas(prior, strength), strict=True))

    def _path(self, where: Where) -> list[tuple[_Level, float]]:
        """Levels from the widest to the one of this call, each with the strength of its prior."""
        world, model, actions = where
        depth = str(len(actions))
        keys: list[tuple[str, ...]] = [
            (), (world, model), (world, model, depth), (world, model, depth, self._classes(actions)),
        ]  # fmt: skip
        strengths = [self._learning.strength, *[self._learning.pooling] * 3]
        return [(self._levels.setdefault(key, _Level(self._learning)), s) for key, s in zip(keys, strengths, strict=True)]

    def _observe(self, where: Where, prior: float | None, agreed: bool) -> None:
        self.seen += 1
        mean = self._learning.start
        for level, strength in self._path(where):
            before = level.mean(mean, strength)
            level.observe(mean, strength, prior, agreed)
            mean = before  # a level's prior is what the one above it held before this observation


class _Level:
    """Counts of one level at the slow and the fast discount, and how much each is believed."""

    def __init__(self, learning: Learning) -> None:
        self.discounts = (learning.slow, learning.fast)
        self.counts = (Counts(), Counts())
        self.weights = (0.5, 0.5)

    def betas(self, prior: float, strength: float) -> list[tuple[float, float]]:
        return [counts.beta(prior, strength) for counts in self.counts]

    def mean(self, prior: float, strength: float) -> float:
        return sum(w * a / (a + b) for w, (a, b) in zip(self.weights, self.betas(prior, strength), strict=True))

    def observe(self, above: float, strength: float, prior: float | None, agreed: bool) -> None:
        """`above`: mean of the level above. `prior`: of what was shown, None where it was checked."""
        held = [a / (a + b) for a, b in self.betas(above, strength)]
        likelihoods = []
        for rho, counts, discount in zip(held, self.counts, self.discounts, strict=True):
            if prior is None:
                likelihoods.append(rho if agreed else 1.0 - rho)
                counts.add(float(agreed), discount)
            else:
                shown = rho * prior + (1.0 - rho) * (1.0 - prior)
                likelihoods.append(shown)
                counts.add(rho * prior / shown if shown > 0.0 else 1.0, discount)
        raw = [w**_SHARING * p for w, p in zip(self.weights, likelihoods, strict=True)]
        total = sum(raw)
        if total > 0.0:
            self.weights = (raw[0] / total, raw[1] / total)
