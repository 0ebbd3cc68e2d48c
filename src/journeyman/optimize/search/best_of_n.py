"""Best of n: rounds of n proposals from one parent; the best of a round, if better, is the next parent.

Example: 20 rounds of 5.

    jm.optimize("operations/job_shop", search="best_of_n", search_options={"n": 5}, evaluations=100)

With n = 1 it is hill climbing, with n = the budget independent sampling from the seed. The default of 5 is SkyDiscover's
(`best_of_n: int = 5`), whose method keeps a parent for n added candidates and then takes the best of all; it also shows up
to 4 other good candidates, which is left out here: what is measured is selection alone. GEPA's engine of that name has no
rounds (`max_n` ends the run) and is our `independent`.
"""

from __future__ import annotations

from collections.abc import Callable

from journeyman.errors import UsageError
from journeyman.optimize.search.leading import leads
from journeyman.optimize.trial import SEED, Request, Trial


class BestOfN:
    """Asks n times from the same parent, then waits until all n have come back.

    A failed proposal and a repeated candidate do not fill a place of the round.

    Args:
        better: whether the first score is strictly better than the second.
        n: candidates a round, >= 1.
    """

    def __init__(self, better: Callable[[float, float], bool], *, n: int = 5) -> None:
        if n < 1:
            raise UsageError(f"a round of best_of_n needs at least 1 candidate, not {n}")
        self._better = better
        self._n = n
        self._best: Trial | None = None
        self._parent: Trial | None = None
        self._round = 0
        self._filled = n
        self._under_way: set[int] = set()

    def ask(self, index: int) -> Request | None:
        """One more of the round; None while a full round is not complete, and then something is in flight."""
        if self._filled + len(self._under_way) >= self._n:
            if self._under_way or self._best is None:
                return None
            self._round, self._filled, self._parent = self._round + 1, 0, self._best
        assert self._parent is not None
        self._under_way.add(index)
        return Request(index, (self._parent,), {"step": self._round, "roles": ["parent"]})

    def tell(self, trial: Trial) -> None:
        """Fill a place of the round; the lead matters when the next round begins."""
        if trial.index in self._under_way:
            self._under_way.remove(trial.index)
            self._filled += trial.same_as is None
        if leads(trial, self._best, self._better) or (trial.index == SEED and self._best is None):
            self._best = trial

    def failed(self, index: int) -> None:
        """Its place is free again."""
        self._under_way.discard(index)
