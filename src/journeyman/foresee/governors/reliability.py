"""How far predictions can be trusted, learned while they are used (spec J3).

    known = Reliability()
    known.checked(Where("lake-6", "exact", (2,)), agreed=True)        # simulated, done, and it came out as shown
    known.unchecked(Where("lake-6", "exact", (3,)), priors=[0.1])     # shown, and then not done
    known.mean(Where("lake-6", "exact", (2,)))

**Unit.** Reliability is of one step: the probability that what is shown of it is the truth. A walk of d steps that came out
as shown is d right steps; one that came out otherwise at its k-th is k - 1 right ones and a wrong one.

**Posterior.** The log-likelihood of rho is kept on a grid for each (world, model, depth, class of action). The prior is a
Beta shrunk to the pooled rate, level by level: Beta(pooling m, pooling (1 - m)), where m is the posterior mean of the other
classes at this depth, whose own prior has the mean of the other depths, and that one of other worlds and models, and that
one `start`. Each level leaves out what the next one knows itself, so nothing counts twice. Where all was tested this is the
Beta posterior of counts of right and wrong steps.

**Forgetting.** With each new step all that is known of its world and model is multiplied by the discount: about
1 / (1 - discount) steps are remembered. It is kept at two discounts, slow and fast, which are weighed by how well each
foretold what came (dynamic model averaging, Raftery, Karny and Ettler 2010): with the slow one alone, 60 % of the weight
would still lie before an unannounced drop 50 steps after it (0.99^50). A governor that trusts too little asks nothing and
learns nothing more; so it forgets, too, with each episode that brings nothing new.

**Selection.** Evidence is a prediction that was then put to the test, and agents do not do what was shown to fail. A shown
"safe" is done and checked; a shown "fall" hardly ever is. The share that agrees among checked predictions is therefore
P(truth = safe | shown safe), not the reliability rho = P(shown = truth): with rho 0.6 and a belief that 10 % of the tiles
are holes it is 0.93, and one that learned from it would trust a simulator that is little better than a coin. Whether a
prediction is done depends on what was shown and not, given that, on the truth. So the truth of those not done is missing at
random, and the likelihood of rho needs them with what is known of them: an outcome was shown which the belief held likely
with p, and that has the probability rho p + (1 - rho)(1 - p). This is as right as p: a belief that expects too few losses
makes reliability look lower than it is. Without a p, as for agents that show no belief, only checked predictions count, and
reliability is overestimated by as much as said above.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from journeyman.errors import UsageError
from journeyman.foresee.agents.mind import Actions

_SHARING = 0.99
"""Exponent on the weights of the two discounts before each step: either may come back."""

_EDGES = np.linspace(0.0, 1.0, 201)
_GRID = (_EDGES[1:] + _EDGES[:-1]) / 2
"""Reliabilities at which the posterior is known: the middles of equal cells."""
_RIGHT, _WRONG = np.log(_GRID), np.log1p(-_GRID)

Floats = NDArray[np.float64]


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
        pooling: for how many steps each level counts the mean of the levels above it, of which `start` is the topmost; at
            the fast discount for fewer, as that remembers fewer.
        slow, fast: discounts of old counts per new step, in (0, 1].
        fade: of counts per episode without any new step, in (0, 1].
    """

    start: float = 0.9
    pooling: float = 10.0
    slow: float = 0.99
    fast: float = 0.95
    fade: float = 0.997

    def __post_init__(self) -> None:
        if not 0.0 < self.start < 1.0:
            raise UsageError(f"a reliability to start from lies between 0 and 1, not at {self.start:g}")
        if not self.pooling > 0.0:
            raise UsageError(f"pooling is above 0 steps, not {self.pooling:g}")
        if not (0.0 < self.fast <= self.slow <= 1.0 and 0.0 < self.fade <= 1.0):
            raise UsageError(
                f"discounts lie in (0, 1], the fast one no larger: not {self.fast:g}, {self.slow:g} and {self.fade:g}"
            )


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
        slow, fast, pooling = self.learning.slow, self.learning.fast, self.learning.pooling
        # The prior is the same share of what each remembers: else the short memory would hardly leave the start.
        share = (1.0 - slow) / (1.0 - fast) if fast < 1.0 else 1.0
        start = self.learning.start
        self._memories = (_Memory(slow, start, pooling), _Memory(fast, start, max(pooling * share, 1.0)))
        self._weights = (0.5, 0.5)
        self._new = False
        self._kept: dict[_Key, Floats] = {}
        self.seen = 0
        """Steps so far, checked or not."""

    def checked(self, where: Where, agreed: bool, *, steps: int | None = None) -> None:
        """A walk was simulated and then gone. `steps`: of it, until it was settled; None: all. Where it did not agree, the
        last of them was the wrong one."""
        n = len(where.actions) if steps is None else steps
        for step in range(1, n + 1):
            self._observe(where, _RIGHT if agreed or step < n else _WRONG)

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
                self._observe(where, np.log(_GRID * prior + (1.0 - _GRID) * (1.0 - prior)))

    def ended(self) -> None:
        """An episode is over."""
        if not self._new:
            self._kept.clear()
            for memory in self._memories:
                memory.fade(self.learning.fade)
        self._new = False

    def mean(self, where: Where) -> float:
        """Posterior mean of the reliability of a step in such a call, in (0, 1)."""
        return float(self._posterior(where) @ _GRID)

    def quantile(self, where: Where, q: float) -> float:
        """The posterior's quantile `q`, for those who would be careful. Raises UsageError: q is not in (0, 1)."""
        if not 0.0 < q < 1.0:
            raise UsageError(f"a quantile lies between 0 and 1, not at {q:g}")
        return float(np.interp(q, np.cumsum(self._posterior(where)), _EDGES[1:]))

    def _key(self, where: Where) -> _Key:
        return where.world, where.model, len(where.actions), self._classes(where.actions)

    def _posterior(self, where: Where) -> Floats:
        """Probability of each reliability of the grid."""
        key = self._key(where)
        if key not in self._kept:
            (w, v), (slow, fast) = self._weights, self._memories
            self._kept[key] = w * slow.posterior(key) + v * fast.posterior(key)
        return self._kept[key]

    def _observe(self, where: Where, told: Floats) -> None:
        """One more step. `told`: log-likelihood of what was seen, at each reliability of the grid."""
        self.seen += 1
        self._new = True
        self._kept.clear()
        key, likelihood, raw = self._key(where), np.exp(told), []
        for weight, memory in zip(self._weights, self._memories, strict=True):
            raw.append(weight**_SHARING * float(memory.posterior(key) @ likelihood))
            memory.add(key, told)
        self._weights = (raw[0] / sum(raw), raw[1] / sum(raw))


_Key = tuple[str, str, int, str]


class _Memory:
    """Log-likelihoods by (world, model, depth, class) at one discount."""

    def __init__(self, discount: float, start: float, pooling: float) -> None:
        self.discount, self.start, self.pooling = discount, start, pooling
        self.known: dict[_Key, Floats] = {}

    def add(self, key: _Key, told: Floats) -> None:
        """One step more."""
        for other, known in self.known.items():
            if other[:2] == key[:2]:
                known *= self.discount
        if key in self.known:
            self.known[key] += told
        else:
            self.known[key] = told.copy()

    def fade(self, factor: float) -> None:
        """Let all count less."""
        for known in self.known.values():
            known *= factor

    def posterior(self, key: _Key) -> Floats:
        """Probability of each reliability of the grid."""
        levels: list[Floats | None] = [None] * 4
        for other, known in self.known.items():
            # How much of the key they share: nothing, world and model, depth, class.
            shared = 0 if other[:2] != key[:2] else 1 if other[2] != key[2] else 2 if other[3] != key[3] else 3
            held = levels[shared]
            levels[shared] = known if held is None else held + known
        mean = self.start
        for level in levels[:-1]:
            if level is not None:
                mean = float(self._with(mean, level) @ _GRID)
        return self._with(mean, levels[-1])

    def _with(self, mean: float, known: Floats | None) -> Floats:
        """The posterior after what is known, from a Beta of this mean."""
        n = self.pooling
        # By cells and not by densities: near 0 and 1 those are infinite.
        raw: Floats = np.diff(betainc(n * mean, n * (1.0 - mean), _EDGES))
        if known is not None:
            raw = raw * np.exp(known - known.max())
        posterior: Floats = raw / raw.sum()
        return posterior
