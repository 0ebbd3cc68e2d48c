"""Several proposers in one run, such as two models and `numeric`: each is asked in proportion to what it gained lately.

    jm.optimize("operations/job_shop", model=["small", "large"], proposer="mixed", evaluations=100)

Where the search names a part in the request's hint (`proposer`), that part is used. Else one is drawn by shares that
follow from the outcomes alone (see `shares`). In the tail of the budget the share of `numeric` rises linearly to all that
the others' floors leave:

    tail weight w = (f - (1 - tail)) / tail, held in 0 .. 1; f: part of the budget that is spent

Why: improvements come at a rate of about a/t, and the k-th is about 1/k of the first in size. In 47 runs of 500 proposals
(arXiv 2604.12290, bars of its figure) the first hundred held 5.0 improvements a run and the last quarter of those hundred
0.6, which the second law makes worth some per cent of what was gained. To tune the numbers of what was found costs no call
to a model. Where no cap is known, or where the others have long gained nothing, f is at least
1 - (last improvement by another part) / (proposals made): with a >= 1, a pause from t to 4t comes by chance at most once
in four times. A part that is broken gets its floor and no tail.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from journeyman.errors import CandidateInvalid, NothingLeft, ProposalFailed, UsageError
from journeyman.ledger import Spend
from journeyman.optimize.propose.base import Proposer
from journeyman.optimize.propose.shares import Outcome, Record, shares
from journeyman.optimize.trial import SEED, Proposal, Request, Trial

if TYPE_CHECKING:
    import numpy as np


class Mixed:
    """Asks one of its parts for each candidate.

    Parts that wait are called in several threads at a time, as they would be alone. Parts that do not are called one call
    at a time, `observe` included. All are told of every trial; each knows its own by `Trial.data` or `Trial.proposer`.

    Args:
        parts: the proposers, with different names; the mixture closes them.
        floor: least share of each part; all floors together must leave something to move.
        window: number of latest proposals that shares follow from.
        tail: part of the budget, 0 to 1, in which shares move to `tail_part`; 0: never.
        tail_part: name of the part that gets the tail, if there is one of that name.
    """

    name = "mixed"

    def __init__(
        self,
        parts: Sequence[Proposer],
        *,
        floor: float = 0.1,
        window: int = 32,
        tail: float = 0.25,
        tail_part: str = "numeric",
    ) -> None:
        names = [part.name for part in parts]
        if not parts or len(set(names)) < len(names):
            raise UsageError(
                f"a mixture needs proposers with different names, not {', '.join(names) or 'none'}"
            )
        if not 0.0 <= floor < 1.0 / len(parts):
            raise UsageError(
                f"the floor of {len(parts)} parts lies in 0 .. {1 / len(parts):.3g}, not {floor:g}"
            )
        if window < 1:
            raise UsageError(f"the window must be at least 1, not {window}")
        if not 0.0 <= tail <= 1.0:
            raise UsageError(f"the tail is a part of the budget, 0 to 1, not {tail:g}")
        self.parts = tuple(parts)
        self.waits = any(part.waits for part in parts)
        self.sees = any(getattr(part, "sees", False) for part in parts)
        self._names = tuple(names)
        self._floor = floor
        self._tail = tail
        self._tail_part = tail_part
        self._lock = threading.Lock()
        self._record = Record(window)
        self._scores: dict[int, float | None] = {}
        self._evaluated = 0
        # Index of the last trial of another part than that of the tail that was above its parent, and below.
        self._last_above = self._last_below = 0

    @property
    def worst_case(self) -> Spend:
        """The most that a proposal may cost, whichever part makes it."""
        spends = [getattr(part, "worst_case", Spend()) for part in self.parts]
        return Spend(
            **{field: max(getattr(spend, field) for spend in spends) for field in Spend.__struct_fields__}
        )

    def propose(self, request: Request, rng: np.random.Generator) -> Proposal:
        """The candidate of one part. A part that has come to its end is passed over.

        Raises:
            ProposalFailed: the part gave no candidate; it carries the part's name.
            NothingLeft: no part will give a further candidate.
        """
        said = ""
        for part in self._turn(request, rng):
            try:
                with contextlib.nullcontext() if part.waits else self._lock:
                    made = part.propose(request, rng)
            except NothingLeft as end:
                said = said or str(end)
                continue
            except ProposalFailed as failure:
                raise ProposalFailed(
                    failure.kind, str(failure), proposer=failure.proposer or part.name
                ) from failure
            except CandidateInvalid as failure:
                raise ProposalFailed("invalid", str(failure), proposer=part.name) from failure
            return msgspec.structs.replace(made, proposer=made.proposer or part.name)
        raise NothingLeft(said)

    def observe(self, trial: Trial) -> None:
        """Every part is told; what the trial gained is credited to the part that made it."""
        with self._lock:
            self._note(trial)
        for part in self.parts:
            with contextlib.nullcontext() if part.waits else self._lock:
                part.observe(trial)

    def failed(self, index: int, kind: str, proposer: str) -> None:
        """A proposal of the part `proposer` gave no candidate."""
        with self._lock:
            self._record.add(index, Outcome(proposer, None, new=False))
        for part in self.parts:
            said = getattr(part, "failed", None)
            if part.name == proposer and said is not None:
                with contextlib.nullcontext() if part.waits else self._lock:
                    said(index, kind, proposer)

    def close(self) -> None:
        """Close the parts that can be closed."""
        with contextlib.ExitStack() as stack:
            for part in self.parts:
                close: Any = getattr(part, "close", None)
                if close is not None:
                    stack.callback(close)

    def shares(self, request: Request) -> dict[str, float]:
        """How likely each part is to be asked for `request`, were it not named."""
        maximize = request.brief is None or request.brief.maximize
        with self._lock:
            found = shares(self._record.qualities(self._names, maximize=maximize), self._floor)
            weight = self._tail_weight(request, maximize)
        if weight > 0.0:
            rest = 1.0 - self._floor * (len(self.parts) - 1)
            tail = [rest if name == self._tail_part else self._floor for name in self._names]
            found = [(1.0 - weight) * a + weight * b for a, b in zip(found, tail, strict=True)]
        return dict(zip(self._names, found, strict=True))

    def _turn(self, request: Request, rng: np.random.Generator) -> list[Proposer]:
        """The part to ask, and behind it the others, should it have nothing left."""
        wanted = request.hint.get("proposer")
        if wanted not in self._names:
            chances = self.shares(request)
            at = rng.random()
            wanted = self._names[-1]
            for name, share in chances.items():
                at -= share
                if at < 0.0:
                    wanted = name
                    break
        return sorted(self.parts, key=lambda part: part.name != wanted)

    def _note(self, trial: Trial) -> None:
        known = trial.index in self._scores
        self._scores[trial.index] = trial.score
        if trial.index == SEED:
            return
        self._evaluated += trial.same_as is None and not known
        if trial.proposer not in self._names:
            return
        before = self._scores.get(trial.parents[0]) if trial.parents else None
        rise = None if trial.score is None else float("inf") if before is None else trial.score - before
        self._record.add(trial.index, Outcome(trial.proposer, rise, new=trial.same_as is None))
        if rise is not None and trial.same_as is None and trial.proposer != self._tail_part:
            if rise > 0.0:
                self._last_above = max(self._last_above, trial.index)
            if rise < 0.0 or rise == float("inf"):
                self._last_below = max(self._last_below, trial.index)

    def _tail_weight(self, request: Request, maximize: bool) -> float:
        if (
            self._tail == 0.0
            or self._tail_part not in self._names
            or len(self.parts) == 1
            or self._record.broken(self._tail_part)
        ):
            return 0.0
        made = request.index - 1
        spent = [0.0]
        if request.evaluations_left is not None:
            spent.append(self._evaluated / max(1, self._evaluated + request.evaluations_left))
        if request.proposals_left is not None:
            spent.append(made / max(1, made + request.proposals_left))
        last = max(self._record.window, self._last_above if maximize else self._last_below)
        if made > last:
            spent.append(1.0 - last / made)
        return min(1.0, max(0.0, (max(spent) - (1.0 - self._tail)) / self._tail))
