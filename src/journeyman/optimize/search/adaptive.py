"""A few chains that exchange what they find; the budget goes where improvements still come, and at the end to the best.

Example: 4 chains under a budget of 200 evaluations.

    jm.optimize("operations/job_shop", search="adaptive", evaluations=200)

What it does, and why:

 1. Every step improves the best trial of one of 2 to 8 chains; all begin at the seed.
 2. In the paper's runs step t brought an improvement with a chance of about 1/t (arXiv 2604.12290: events over 47 tasks,
    about one for each factor of e in t). So a chain at age t that improved w times has a vigour of
    (1 + w) / (1 + ln(1 + t)), improvements seen over improvements expected, and its next step promises vigour / (1 + t).
 3. That is divided by the chain's rank, 1 for the best: what lies behind has to climb before it counts. The next step goes
    where most remains. No chain starves, as every step without gain lowers the promise of the chain that took it.
 4. A chain that went without improvement for twice as long as it took to find its best (chance 1/3 by the same law), and
    for at least 8 steps, stands still. It is begun again: in turn from the best of all, from a random one of the best 16,
    from the seed; it keeps the age of what it begins from. The chain that made the best of all is never begun again.
 5. Every fourth step of a chain is shown the best of another one.
 6. The last half of the budget goes to the chain that made the best: one chain of 256 steps beats 16 of 16 by a tenth,
    while up to four chains cost one per cent at most (same paper, 256 evaluations) and work side by side.
"""

from __future__ import annotations

import math
import random
from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from journeyman.errors import UsageError
from journeyman.optimize.search.leading import leads
from journeyman.optimize.trial import SEED, Request, Trial
from journeyman.verify import POLICY

_ARCHIVE = 16
"""How many of the best trials a chain may begin again from."""

_LEAST_WAIT = 8
"""Steps without improvement below which no chain is given up, however young."""


@dataclass
class _Line:
    """One life of a chain."""

    best: Trial
    best_age: int
    start: int
    """Age of the trial it began from."""
    age: int
    """Steps behind this point, those of the trial it began from and those under way included."""
    wins: int
    """Trials better than the parent they were made from."""
    under_way: int = 0
    last: Trial | None = None

    def promise(self) -> float:
        """What the next step may bring this chain: see the module, 2."""
        return (1 + self.wins) / (1 + math.log1p(self.age)) / (1 + self.age)

    def waited(self) -> int:
        """Steps that brought nothing since the best."""
        return self.age - self.under_way - self.best_age


@dataclass(frozen=True, order=True)
class _Good:
    """A trial to begin again from. The better is the larger; of equal scores the earlier."""

    value: float
    less_index: int
    trial: Trial = field(compare=False)
    age: int = field(compare=False)
    wins: int = field(compare=False)


@dataclass(frozen=True)
class _Step:
    """A step under way."""

    chain: int
    line: _Line
    parent: Trial
    age: int
    wins: int


class Adaptive:
    """See the module. `Request.parents` are the best of the chain, its latest trial if that is another, and at an
    exchange the best of another chain; roles parent, last, inspiration. Never None.

    Args:
        better: whether the first score is strictly better than the second.
        chains: number of chains, 2 to 8; 4 are the most that cost next to nothing. Fewer for less than 100 evaluations.
        exchange: every how many steps of a chain it is shown another's best, >= 1. With 1 the chains become alike, with
            none they repeat one another's work.
        patience: how many times as long as it took to find its best a chain may go without improvement, > 0; p gives up a
            chain that follows the law with a chance of 1/(1 + p).
        finish: share of the budget, at its end, that goes to the chain with the best of all, in [0, 1]; more where steps
            build on one another, less where the seed is a trap. Without a number of evaluations there is no such part.
        seed: of the choice of a good trial to begin again from.
        evaluations: the budget.
    """

    def __init__(
        self,
        better: Callable[[float, float], bool],
        *,
        chains: int = 4,
        exchange: int = 4,
        patience: float = 2.0,
        finish: float = 0.5,
        seed: int = 0,
        evaluations: int | None = None,
    ) -> None:
        if not 2 <= chains <= 8:
            raise UsageError(f"an adaptive search has 2 to 8 chains, not {chains}")
        if exchange < 1:
            raise UsageError(f"chains exchange every 1 or more steps, not every {exchange}")
        if not patience > 0:
            raise UsageError(f"patience must be above 0, not {patience}")
        if not 0 <= finish <= 1:
            raise UsageError(f"the share that finishes lies between 0 and 1, not at {finish}")
        self._better = better
        self._sign = 1.0 if better(1.0, 0.0) else -1.0
        self._width = chains
        self._exchange = exchange
        self._patience = patience
        self._seed_of_draws = seed
        self._deep_from = math.inf if evaluations is None else evaluations * (1 - finish)
        self._steps = 0
        self._restarts = 0
        self._lines: list[_Line] = []
        self._under_way: dict[int, _Step] = {}
        self._seed: Trial | None = None
        self._best: Trial | None = None
        self._leader: int | None = None
        """The chain that made the best; None while that is the seed."""
        self._good: list[_Good] = []

    def ask(self, index: int) -> Request | None:
        """The next step of the chain that promises most."""
        if self._seed is None:
            return None
        chain = self._due(index)
        line = self._lines[chain]
        line.age += 1
        line.under_way += 1
        self._steps += 1
        self._under_way[index] = _Step(chain, line, line.best, line.age, line.wins)
        parents, roles = [line.best], ["parent"]
        if line.last is not None and line.last.index != line.best.index:
            parents.append(line.last)
            roles.append("last")
        other = self._best_of_others(chain) if line.age % self._exchange == 0 else None
        if other is not None and other.digest not in [parent.digest for parent in parents]:
            parents.append(other)
            roles.append("inspiration")
        # Not as "chain": a proposer that learns would then learn in each chain apart, from a part of the verdicts. What it
        # knows is exchanged like everything else.
        hint: dict[str, Any] = {"island": chain, "step": line.age, "roles": roles}
        return Request(index, tuple(parents), hint)

    def tell(self, trial: Trial) -> None:
        """Its chain learns from the trial, also if it was begun again in the meantime."""
        if trial.index == SEED:
            if self._seed is None:
                self._seed = self._best = trial
                self._lines = [_Line(trial, 0, 0, 0, 0) for _ in range(self._width)]
            return
        step = self._under_way.pop(trial.index, None)
        if step is None:
            return
        if trial.same_as is not None or not POLICY[trial.status].charged:
            self._give_back(step)
            return
        line = step.line
        line.under_way -= 1
        if line.last is None or trial.index > line.last.index:
            line.last = trial
        if trial.score is None:
            return
        line.wins += leads(trial, step.parent, self._better)
        if leads(trial, line.best, self._better):
            line.best, line.best_age = trial, step.age
        now = self._lines[step.chain]
        if now is not line and leads(trial, now.best, self._better):
            now.best, now.best_age = trial, now.start
        if leads(trial, self._best, self._better):
            self._best, self._leader = trial, step.chain
        self._keep(trial, step)

    def failed(self, index: int) -> None:
        """Give the chain its step back."""
        step = self._under_way.pop(index, None)
        if step is not None:
            self._give_back(step)

    def _give_back(self, step: _Step) -> None:
        step.line.age -= 1
        step.line.under_way -= 1
        self._steps -= 1

    def _keep(self, trial: Trial, step: _Step) -> None:
        assert trial.score is not None
        won = leads(trial, step.parent, self._better)
        insort(self._good, _Good(self._sign * trial.score, -trial.index, trial, step.age, step.wins + won))
        if len(self._good) > _ARCHIVE:
            del self._good[0]

    # --- what is due ----------------------------------------------------------------------------------------------

    def _due(self, index: int) -> int:
        """The chain that gets the next step."""
        if self._leader is not None and self._steps >= self._deep_from:
            return self._leader
        if self._leader is not None:
            for chain, line in enumerate(self._lines):
                if chain != self._leader and line.waited() >= max(
                    _LEAST_WAIT, self._patience * line.best_age
                ):
                    self._begin_again(chain, index)
        return max(range(self._width), key=self._promise)

    def _promise(self, chain: int) -> float:
        """What its next step may bring all: see the module, 3."""
        line = self._lines[chain]
        ahead = sum(self._above(other.best, line.best) for other in self._lines)
        return line.promise() / (1 + ahead)

    def _above(self, one: Trial, other: Trial) -> bool:
        if one.score is None or other.score is None:
            return one.score is not None and other.score is None
        return self._better(one.score, other.score)

    def _begin_again(self, chain: int, index: int) -> None:
        """From the best of all, a random good trial or the seed, in turn."""
        turn, self._restarts = self._restarts % 3, self._restarts + 1
        if turn == 2:
            assert self._seed is not None
            self._lines[chain] = _Line(self._seed, 0, 0, 0, 0)
            return
        held = {line.best.index for line in self._lines}
        others = [good for good in self._good if good.trial.index not in held]
        if turn == 0 or not others:
            good = self._good[-1]
        else:
            good = random.Random(f"{self._seed_of_draws}/{index}/{chain}").choice(others)
        self._lines[chain] = _Line(good.trial, good.age, good.age, good.age, good.wins)

    def _best_of_others(self, chain: int) -> Trial | None:
        """The best trial that another chain holds and this one does not."""
        own, found = self._lines[chain].best, None
        for line in self._lines:
            if line.best.index not in (own.index, SEED) and leads(line.best, found, self._better):
                found = line.best
        return found
