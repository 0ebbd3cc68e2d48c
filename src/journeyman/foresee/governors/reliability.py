"""How far predictions can be trusted, learned while they are used (spec J3).

    known = Reliability()
    known.checked(Where("lake-6", "exact", (2,)), agreed=True)        # simulated, done, and it came out as shown
    known.unchecked(Where("lake-6", "exact", (3,)), priors=[0.1])     # shown, and then not done
    known.mean(Where("lake-6", "exact", (2,)))

**Unit.** Reliability is of one step: the probability that what is shown of it is the truth. A walk of d steps that came out
as shown is d right steps; one that came out otherwise at its k-th is k - 1 right ones and a wrong one.

**Counts.** Right and wrong steps are counted for each (world, model, depth, class of action). The posterior is a Beta whose
prior is shrunk to the pooled rate, level by level: Beta(pooling m, pooling (1 - m)), where m is the mean of the other
classes at this depth, whose own prior has the mean of the other depths, and that one of other worlds and models, and that
one `start`. Each level leaves out what the next one counts itself, so nothing is counted twice. With each new step all
counts of its world and model are multiplied by the discount: about 1 / (1 - discount) steps are remembered. Counts are kept
at two discounts, slow and fast, and weighed by how well each foretold what came (dynamic model averaging, Raftery, Karny and
Ettler 2010): with the slow one alone, 60 % of the weight would still lie before an unannounced drop 50 steps after it
(0.99^50). A governor that trusts too little asks nothing and learns nothing more; so counts fade, too, with each episode
that adds none.

**Selection.** Evidence is a prediction that was then put to the test, and agents do not do what was shown to fail. A shown
"safe" is done and checked; a shown "fall" hardly ever is. The share that agrees among checked predictions is therefore
P(truth = safe | shown safe), not the reliability rho = P(shown = truth): with rho 0.6 and a belief that 10 % of the tiles
are holes it is 0.93, and one that learned from it would trust a simulator that is little better than a coin. Whether a
prediction is done depends on what was shown and not, given that, on the truth. So the truth of those not done is missing at
random, and the likelihood of rho needs them, with what is known of them: an outcome was shown which the belief held likely
with p, and that has the probability rho p + (1 - rho)(1 - p). `unchecked` adds the expected count of it, the share
rho p / (rho p + (1 - rho)(1 - p)) (one online step of expectation maximization). This is as right as p: a belief that
expects too few losses makes reliability look lower than it is. Without a p, as for agents that show no belief, only checked
predictions count, and reliability is overestimated by as much as said above.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from journeyman.errors import UsageError
from journeyman.foresee.agents.mind import Actions

_SHARING = 0.99
"""Exponent on the weights of the two discounts before each step: either may come back."""


class Where(NamedTuple):
    """What a prediction was about: its world, the model that made it, and the actions."""

    world: str
    model: str
    actions: Actions


@dataclass(frozen=True)
class Learning:
    """How reliability is learned.

    Attributes:
        start: reliability before any evidence, in (0, 1).
        pooling: for how many steps each level counts the mean of the levels above it; `start` is the topmost.
        slow, fast: discounts of old counts per new step, in (0, 1].
        fade: of counts per episode without any new step, in (0, 1].
    """

    start: float = 0.9
    pooling: float = 10.0
    slow: float = 0.99
    fast: float = 0.95
    fade: float = 0.99

    def __post_init__(self) -> None:
        if not 0.0 < self.start < 1.0:
            raise UsageError(f"a reliability to start from lies between 0 and 1, not at {self.start:g}")
        if not self.pooling > 0.0:
            raise UsageError(f"pooling is above 0 steps, not {self.pooling:g}")
        if not (0.0 < self.fast <= self.slow <= 1.0 and 0.0 < self.fade <= 1.0):
            raise UsageError(
                f"discounts lie in (0, 1], the fast one no larger: not {self.fast:g}, {self.slow:g} and {self.fade:g}"
            )


@dataclass(slots=True)
class Counts:
    """Discounted numbers of right and wrong steps."""

    right: float = 0.0
    wrong: float = 0.0

    def fade(self, factor: float) -> None:
        """Let the past count less."""
        self.right *= factor
        self.wrong *= factor


def first_action(actions: Actions) -> str:
    """The class of a call where nothing better is known: the first action's number."""
    return str(actions[0]) if actions else ""


class Reliability:
    """Posterior of P(shown = truth) of a step, by what was asked.

    Args:
        learning: discounts and priors.
        classes: names the class of a call's actions.
    """

    def __init__(self, learning: Learning | None = None, classes: Callable[[Actions], str] = first_action) -> None:
        self.learning = learning or Learning()
        self._classes = classes
        self._memories = (_Memory(self.learning.slow, self.learning), _Memory(self.learning.fast, self.learning))
        self._weights = (0.5, 0.5)
        self._new = False
        self.seen = 0
        """Steps so far, checked or not."""

    def checked(self, where: Where, agreed: bool, *, steps: int | None = None) -> None:
        """A walk was simulated and then gone. `steps`: of it, until it was settled; None: all. Where it did not agree, the
        last of them was the wrong one."""
        n = len(where.actions) if steps is None else steps
        for step in range(1, n + 1):
            right = agreed or step < n
            self._observe(where, lambda rho, right=right: (rho if right else 1.0 - rho, float(right)))  # type: ignore[misc]

    def unchecked(self, where: Where, priors: Sequence[float]) -> None:
        """A prediction was shown and never put to the test.

        `priors`: for each step, the probability, in 0..1, that the belief gave to what was shown of it before it was shown.
        Steps of which the belief was certain are left out, whatever was shown: it may be that nothing else could be.
        Raises UsageError: a prior that is no probability.
        """
        for prior in priors:
            if not 0.0 <= prior <= 1.0:
                raise UsageError(f"the prior of a prediction is a probability, not {prior:g}")
            if 0.0 < prior < 1.0:
                self._observe(where, lambda rho, prior=prior: _untested(rho, prior))  # type: ignore[misc]

    def ended(self) -> None:
        """An episode is over."""
        if not self._new:
            for memory in self._memories:
                memory.fade(self.learning.fade)
        self._new = False

    def mean(self, where: Where) -> float:
        """Posterior mean of the reliability of a step in such a call, in (0, 1)."""
        key = self._key(where)
        return sum(w * _mean(memory.beta(key)) for w, memory in zip(self._weights, self._memories, strict=True))

    def quantile(self, where: Where, q: float) -> float:
        """The quantile `q` of the posteriors at the two discounts, weighed, for those who would rather be too careful.

        Raises UsageError: q outside of (0, 1).
        """
        from scipy.special import betaincinv

        if not 0.0 < q < 1.0:
            raise UsageError(f"a quantile lies between 0 and 1, not at {q:g}")
        betas = [memory.beta(self._key(where)) for memory in self._memories]
        return sum(w * float(betaincinv(a, b, q)) for w, (a, b) in zip(self._weights, betas, strict=True))

    def _key(self, where: Where) -> _Key:
        return where.world, where.model, len(where.actions), self._classes(where.actions)

    def _observe(self, where: Where, told: Callable[[float], tuple[float, float]]) -> None:
        """One more step. `told`: from a reliability to the probability of what was seen and how much of it was right."""
        self.seen += 1
        self._new = True
        key, raw = self._key(where), []
        for weight, memory in zip(self._weights, self._memories, strict=True):
            likelihood, right = told(_mean(memory.beta(key)))
            raw.append(weight**_SHARING * likelihood)
            memory.add(key, right)
        total = sum(raw)
        if total > 0.0:
            self._weights = (raw[0] / total, raw[1] / total)


_Key = tuple[str, str, int, str]


class _Memory:
    """Counts by (world, model, depth, class) at one discount."""

    def __init__(self, discount: float, learning: Learning) -> None:
        self.discount, self.learning = discount, learning
        self.counts: dict[_Key, Counts] = {}

    def add(self, key: _Key, right: float) -> None:
        """One step, of which the share `right` was right."""
        for other, counts in self.counts.items():
            if other[:2] == key[:2]:
                counts.fade(self.discount)
        own = self.counts.setdefault(key, Counts())
        own.right += right
        own.wrong += 1.0 - right

    def fade(self, factor: float) -> None:
        for counts in self.counts.values():
            counts.fade(factor)

    def beta(self, key: _Key) -> tuple[float, float]:
        """alpha and beta of the posterior."""
        levels = [Counts() for _ in range(4)]
        for other, counts in self.counts.items():
            # How much of the key they share: nothing, world and model, depth, class.
            shared = 0 if other[:2] != key[:2] else 1 if other[2] != key[2] else 2 if other[3] != key[3] else 3
            levels[shared].right += counts.right
            levels[shared].wrong += counts.wrong
        mean, strength = self.learning.start, self.learning.pooling
        for level in levels[:-1]:
            mean = (strength * mean + level.right) / (strength + level.right + level.wrong)
        return strength * mean + levels[-1].right, strength * (1.0 - mean) + levels[-1].wrong


def _mean(beta: tuple[float, float]) -> float:
    return beta[0] / (beta[0] + beta[1])


def _untested(rho: float, prior: float) -> tuple[float, float]:
    """Of an outcome that the belief held likely with `prior`: its probability, and the share of that in which it is true."""
    shown = rho * prior + (1.0 - rho) * (1.0 - prior)
    return shown, rho * prior / shown if shown > 0.0 else 1.0
