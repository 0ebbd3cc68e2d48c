"""Sequential refinement: one line of descent, each proposal shown the best so far and the latest attempts.

Example: 100 steps, each of which sees the best and the three tries before it.

    jm.optimize("operations/job_shop", search="sequential", evaluations=100)

The other simple baseline of Y. Gideoni, S. Risi and Y. Gal (arXiv 2602.16805), sequential conditioned sampling: it
matched or beat ShinkaEvolve on 6 of 9 mathematical bounds at 20 USD a problem. Theirs makes 20 candidates a generation
for 10 generations and shows 3 drawn at random from the feasible ones of the generation before. Here a generation is
one candidate, so every verdict is used at once: the best is improved, and the latest 3, feasible or not, are shown for
what they teach.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from journeyman.errors import UsageError
from journeyman.optimize.search.leading import leads
from journeyman.optimize.trial import SEED, Request, Trial


class Sequential:
    """Improves the best trial so far; never None.

    `Request.parents` are the best, then the latest `shown` others, newest first; roles best, last, inspiration. A repeated
    candidate is not shown again.

    Args:
        better: whether the first score is strictly better than the second.
        shown: how many of the latest attempts stand beside the best, >= 0; 3 as in the paper's code
            (`n_examples_from_archive`).
    """

    def __init__(self, better: Callable[[float, float], bool], *, shown: int = 3) -> None:
        if shown < 0:
            raise UsageError(f"a sequential search shows at least 0 earlier attempts, not {shown}")
        self._better = better
        self._shown = shown
        self._best: Trial | None = None
        # One more than is shown: the best may be among the latest.
        self._latest: list[tuple[int, Trial]] = []

    def ask(self, index: int) -> Request | None:
        """The next step down the line."""
        best = self._best
        if best is None:
            return None
        latest = [trial for _, trial in sorted(self._latest, reverse=True) if trial.index != best.index]
        latest = latest[: self._shown]
        roles = ["best", "last", *["inspiration"] * len(latest)][: 1 + len(latest)]
        return Request(index, (best, *latest), {"roles": roles})

    def tell(self, trial: Trial) -> None:
        """Keep the trial if it leads or is among the latest."""
        if trial.index == SEED:
            # Without a score it is still where everything begins.
            self._best = self._best or trial
        elif trial.same_as is None and (trial.index, trial) not in self._latest:
            heapq.heappush(self._latest, (trial.index, trial))
            if len(self._latest) > self._shown + 1:
                heapq.heappop(self._latest)
        if leads(trial, self._best, self._better):
            self._best = trial

    def failed(self, index: int) -> None:
        """Nothing waits for it; the engine tells the next proposer why it failed."""
