"""Independent chains: each step improves the best trial of its own chain; the best over all chains counts.

Example: 4 chains of 25 steps under a budget of 100 evaluations.

    jm.optimize("operations/job_shop", search="chains", search_options={"width": 4}, evaluations=100)

What width costs was measured in the paper on ten tasks, B = width × depth evaluations, score relative to the 1 × 256
cell (arXiv 2604.12290; one run a cell, no error bars):

    width \\ depth     16     32     64    128    256
         1          0.73   0.80   0.88   0.94   1.00
         2          0.80   0.87   0.96   0.99
         4          0.85   0.93   0.99
         8          0.89   0.97
        16          0.91

Along the diagonal of equal budget, up to four chains lose one per cent for a quarter of the waiting; eight lose three.
At a fixed depth more width always helps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from journeyman.errors import UsageError
from journeyman.optimize.trial import SEED, Request, Trial


class Chains:
    """`width` chains of at most `depth` steps each, all starting from the seed.

    An ask goes to an idle chain that has taken the fewest steps. If all are at work the one with the fewest steps is
    asked again from its present best: nobody waits for a barrier. The chain's latest trial is shown beside its best,
    so that the last error reaches the next proposal. A failed proposal and a repeated candidate are not counted as steps.

    Args:
        better: whether the first score is strictly better than the second.
        width: number of chains, >= 1.
        depth: steps a chain, >= 1; None: as many as the budget allows.
    """

    def __init__(
        self, better: Callable[[float, float], bool], *, width: int = 1, depth: int | None = None
    ) -> None:
        if width < 1:
            raise UsageError(f"chains need a width of at least 1, not {width}")
        if depth is not None and depth < 1:
            raise UsageError(f"chains need a depth of at least 1, not {depth}")
        self._better = better
        self._depth = depth
        self._steps = [0] * width
        self._at_work = [0] * width
        self._best: list[Trial | None] = [None] * width
        self._last: list[Trial | None] = [None] * width
        self._chain_of: dict[int, int] = {}
        self._seed: Trial | None = None

    def ask(self, index: int) -> Request | None:
        """The next step of the chain that is due; None if every chain has its depth."""
        due: Sequence[int] = range(len(self._steps))
        if self._depth is not None:
            due = [c for c in due if self._steps[c] < self._depth]
        if self._seed is None or not due:
            return None
        chain = due[0] if len(due) == 1 else min(due, key=lambda c: (self._at_work[c] > 0, self._steps[c], c))
        self._steps[chain] += 1
        self._at_work[chain] += 1
        self._chain_of[index] = chain
        best = self._best[chain] or self._seed
        last = self._last[chain]
        parents = (best,) if last is None or last.index == best.index else (best, last)
        roles = ["parent", "last"][: len(parents)]
        return Request(index, parents, {"chain": chain, "step": self._steps[chain], "roles": roles})

    def tell(self, trial: Trial) -> None:
        """Keep the trial if it is the best of its chain; of equal ones the earlier."""
        if trial.index == SEED:
            self._seed = trial
            return
        chain = self._chain_of.pop(trial.index, None)
        if chain is None:
            return
        self._at_work[chain] -= 1
        self._steps[chain] -= trial.same_as is not None
        best, last = self._best[chain], self._last[chain]
        if last is None or trial.index > last.index:
            self._last[chain] = trial
        if self._beats(trial, best or self._seed):
            self._best[chain] = trial

    def failed(self, index: int) -> None:
        """Give the chain its step back."""
        chain = self._chain_of.pop(index, None)
        if chain is not None:
            self._at_work[chain] -= 1
            self._steps[chain] -= 1

    def _beats(self, trial: Trial, best: Trial | None) -> bool:
        if trial.score is None or best is None or best.score is None:
            return trial.score is not None
        return self._better(trial.score, best.score) or (
            trial.score == best.score and trial.index < best.index
        )
