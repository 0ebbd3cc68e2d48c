"""Independent sampling: every proposal is made from the seed alone; the best of all counts.

Example: 100 candidates that know nothing of one another.

    jm.optimize("operations/job_shop", search="independent", evaluations=100)

This is what an elaborate search has to beat. Y. Gideoni, S. Risi and Y. Gal ("Simple baselines are competitive with code
evolution", arXiv 2602.16805) call it IID RS; with a budget of 20 USD a problem it matched or beat ShinkaEvolve on 4 of 9
mathematical bounds. They ask from the task's text alone; here the seed is shown too, as it is to every other search.
"""

from __future__ import annotations

from collections.abc import Callable

from journeyman.optimize.trial import SEED, Request, Trial


class Independent:
    """Asks for one proposal after another from the seed; never None.

    Each proposal is a chain of its own, so that a proposer that learns within a chain (`numeric`) learns nothing either.

    Args:
        better: whether the first score is strictly better than the second; not needed here, every search takes it.
    """

    def __init__(self, better: Callable[[float, float], bool]) -> None:
        self._seed: Trial | None = None

    def ask(self, index: int) -> Request | None:
        """One more from the seed."""
        if self._seed is None:
            return None
        return Request(index, (self._seed,), {"chain": index, "roles": ["parent"]})

    def tell(self, trial: Trial) -> None:
        """Only the seed matters."""
        if trial.index == SEED:
            self._seed = trial

    def failed(self, index: int) -> None:
        """Nothing waits for it."""
