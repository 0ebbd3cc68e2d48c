"""What a run knows, built up from its events: by the same calls while it works and when it is resumed.

There is no snapshot to go stale. The engine appends an event and makes the call that belongs to it; a resume makes the
same calls for every event of the log. What is asked of the search, told to it and shown to the proposer is therefore the
same sequence in both, and so is everything that follows from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from journeyman.errors import RunError
from journeyman.optimize.archive import Archive
from journeyman.optimize.propose.base import Proposer
from journeyman.optimize.search.base import Search
from journeyman.optimize.trial import SEED, Request, Trial
from journeyman.verify import POLICY, Candidate, Status, Verdict

NOTHING_LEFT = "nothing_left"
"""Kind of a failed proposal that was none: the proposer has come to its end."""


NO_BUDGET = "budget"
"""Kind of a proposal whose model call no longer fitted into the budget: it is charged as nothing."""

NO_PROPOSAL = (NOTHING_LEFT, NO_BUDGET)
"""Kinds under which nothing was proposed: neither charged nor counted as a failure."""


class Left(msgspec.Struct, frozen=True):
    """How many evaluations and proposals may still be made, the one being asked for included; None: no cap."""

    evaluations: int | None = None
    proposals: int | None = None


class Made(msgspec.Struct, frozen=True):
    """A candidate that has no verdict yet."""

    digest: str
    parents: tuple[int, ...]
    proposer: str
    note: str
    data: dict[str, Any]
    same_as: int | None
    tokens: int = 0
    micro_usd: int = 0


class State:
    """The state of one run. `better(a, b)`: whether score a is strictly better than b."""

    def __init__(
        self, archive: Archive, search: Search, proposer: Proposer, better: Callable[[float, float], bool]
    ) -> None:
        self.archive = archive
        self.better = better
        self.search = search
        self._proposer = proposer
        self._proposer_failed: Callable[[int, str, str], None] = getattr(proposer, "failed", _nothing)
        self.asked: dict[int, Request] = {}
        """Requests that have given no candidate yet."""
        self.made: dict[int, Made] = {}
        """Candidates that have no verdict that counts yet."""
        self.last_index = SEED
        self.seed: Trial | None = None
        self.best: Trial | None = None
        self.verified = 0
        """Trials with a verdict of their own, the seed not among them."""
        self.feasible = 0
        """Those of them that have a score."""
        self.failed_proposals = 0
        self.repeated = 0
        self.nothing_left: str | None = None
        """What the proposer said when it came to its end."""
        self._failure_of: dict[int, str] = {}

    # --- one call for each event ----------------------------------------------------------------------------------

    def ask(self, index: int, left: Left) -> Request | None:
        """Ask the search; None if there is nothing to ask now, and then nothing has changed.

        What the request says of failures and of the budget is that of now, so that a proposal which is made again after
        a crash asks its model the very same and is given the reply that was paid.
        """
        request = self.search.ask(index)
        if request is None:
            return None
        if not request.parents or request.index != index:
            said = f"request {request.index} with {len(request.parents)} parents"
            raise RunError(
                f"the search answered ask({index}) with {said}; it must be {index} with at least one"
            )
        self.last_index = max(self.last_index, index)
        request = msgspec.structs.replace(
            request,
            failure=self._failure_of.get(request.parents[0].index, ""),
            evaluations_left=left.evaluations,
            proposals_left=left.proposals,
        )
        self.asked[index] = request
        return request

    def candidate_came(self, index: int, made: Made, seq: int, candidate: Candidate | None = None) -> None:
        """Proposal `index` gave a candidate."""
        request = self.asked.pop(index, None)
        if request is not None:
            parents = parents_of(request)
            if parents != made.parents:
                raise RunError(
                    f"the search does not repeat itself: proposal {index} was made from trials {list(made.parents)} and "
                    f"would now be made from {list(parents)}; resume with the version and options that began the run"
                )
            self._failure_of.pop(made.parents[0], None)
        self.made[index] = made
        self.archive.add_candidate(index, made.digest, seq, candidate)

    def proposal_failed(self, index: int, kind: str, message: str, proposer: str) -> None:
        """Proposal `index` gave none."""
        request = self.asked.pop(index)
        if kind == NOTHING_LEFT:
            self.nothing_left = message
        if kind not in NO_PROPOSAL:
            self._failure_of[request.parents[0].index] = message
            self.failed_proposals += 1
            self._proposer_failed(index, kind, proposer)
        self.search.failed(index)

    def verdict_came(
        self,
        index: int,
        status: Status,
        score: float | None,
        seq: int,
        *,
        counts: bool,
        verdict: Verdict | None = None,
    ) -> Trial | None:
        """Trial `index` has a verdict; the trial, unless it is to be measured again before it counts."""
        self.archive.add_verdict(index, seq, verdict)
        if not counts:
            return None
        made = self.made.pop(index)
        if not POLICY[status].charged:
            self.archive.forget(index, made.digest)
        if index != SEED:
            self.verified += 1
            self.feasible += score is not None
        return self._tell(self._trial(index, made, status, score))

    def verdict_repeated(self, index: int, status: Status, score: float | None) -> Trial:
        """Trial `index` takes the verdict of the earlier trial with the same files."""
        made = self.made.pop(index)
        assert made.same_as is not None
        self.archive.share_verdict(index, made.same_as)
        self.repeated += 1
        if made.parents:
            scored = "it has no score" if score is None else f"its score is {score:.6g}"
            self._failure_of[made.parents[0]] = (
                f"the last candidate made from this one was identical to trial {made.same_as} ({scored}), which is known"
            )
        return self._tell(self._trial(index, made, status, score))

    def best_is(self, trial: Trial) -> None:
        """`trial` is the best so far."""
        self.best = trial

    # --- questions ------------------------------------------------------------------------------------------------

    def beats(self, score: float | None) -> bool:
        """Whether `score` is strictly better than the best so far."""
        if score is None:
            return False
        return self.best is None or self.best.score is None or self.better(score, self.best.score)

    def _trial(self, index: int, made: Made, status: Status, score: float | None) -> Trial:
        return Trial(
            index, made.digest, status, score, made.parents, made.proposer, made.note, made.data, made.same_as,
            source=self.archive,
        )  # fmt: skip

    def _tell(self, trial: Trial) -> Trial:
        if trial.index == SEED:
            self.seed = trial
        self.search.tell(trial)
        self._proposer.observe(trial)
        return trial


def _nothing(index: int, kind: str, proposer: str) -> None:
    """What a proposer does about failures that has nothing to do about them."""


def parents_of(request: Request) -> tuple[int, ...]:
    """Indices of a request's parents."""
    return tuple([parent.index for parent in request.parents])
