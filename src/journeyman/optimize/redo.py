"""Do a run again from its log, with the network off: every candidate from its request and the recorded replies, every
verdict from its candidate. What comes out otherwise is listed.

This checks the record, it is no new run: the search is asked and told in the order of the log, so a run with many workers
can be done again as well. Candidates of an outside program, or of a proposer that was given as an object, are taken from
the record; scores of noisy tasks, and the second measurements made of them, are not compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import numpy as np

from journeyman.errors import CandidateInvalid, JourneymanError, ProposalFailed, ReplayMismatch, RunError
from journeyman.models import Completion, Model, Prompt
from journeyman.optimize import events
from journeyman.optimize.archive import Archive
from journeyman.optimize.brief import brief_of, comparison
from journeyman.optimize.calls import call_key
from journeyman.optimize.engine import Verifies
from journeyman.optimize.kit import Given, make_kit
from journeyman.optimize.plan import Plan
from journeyman.optimize.propose.base import Proposer
from journeyman.optimize.propose.scripted import Scripted
from journeyman.optimize.recording import open_recording
from journeyman.optimize.replay import replay
from journeyman.optimize.search.base import Search
from journeyman.optimize.state import NO_PROPOSAL, Made, State
from journeyman.optimize.trial import SEED, Request, Trial
from journeyman.runlog import RunLog
from journeyman.verify import Candidate, Status, Task, Verdict

NOT_THE_PROPOSERS = ("not_novel", "deadline", *NO_PROPOSAL)
"""Kinds of failure that are not the proposer's: the search, the budget or the clock made them."""


@dataclass(frozen=True)
class Difference:
    """Proposal `index`: what the log says, and what came now."""

    index: int
    recorded: str
    now: str


@dataclass(frozen=True)
class Redone:
    """`candidates` and `verdicts` were made again; `taken` candidates were taken from the record."""

    run_id: str
    candidates: int
    verdicts: int
    taken: int
    differences: tuple[Difference, ...]

    @property
    def equal(self) -> bool:
        """Whether all came out as it is on record."""
        return not self.differences


def redo(
    log: RunLog, task: Task, verifier: Verifies, *, on_step: Callable[[int, int], None] | None = None
) -> Redone:
    """Do the run in `log` again; nothing is written. `on_step` is told how many proposals of how many are done.

    Raises RunError if the task has changed, or the search was given as an object and so is not on record.
    """
    header = log.header
    if task.digest != header["task_digest"]:
        raise RunError(
            f"the task {header['task']!r} has changed since the run {log.run_id!r} began, so it cannot be done again"
        )
    if header["search"]["given"]:
        raise RunError(
            f"the run {log.run_id!r} had a search of its own, {header['search']['name']}, which is not on record"
        )
    taken = header["proposer"]["given"] or header["proposer"]["name"] == "command"
    models = tuple(open_recording(log)) if header["models"] and not taken else ()
    nobody = Scripted([]) if taken else None
    kit = make_kit(header, task, log.folder.parent, Given(proposer=nobody, models=models))
    state = _Redoing(log, kit.search, kit.proposer, task, verifier, takes=taken, on_step=on_step)
    replay(log, state, msgspec.convert(header["plan"], Plan).budget(None))
    return Redone(log.run_id, state.candidates, state.verdicts, state.taken, tuple(state.differences))


class _Redoing(State):
    """The state of a run that is done again: each event is made anew and compared before it counts."""

    def __init__(
        self,
        log: RunLog,
        search: Search,
        proposer: Proposer,
        task: Task,
        verifier: Verifies,
        *,
        takes: bool,
        on_step: Callable[[int, int], None] | None,
    ) -> None:
        super().__init__(Archive(log), search, proposer, comparison(task))
        self.candidates = self.verdicts = self.taken = 0
        self.differences: list[Difference] = []
        self._redone_by = proposer
        self._sees: bool = getattr(proposer, "sees", False)
        self._task, self._verifier, self._takes = task, verifier, takes
        self._brief = brief_of(task)
        self._seed: int = log.header["plan"]["seed"]
        self._on_step = on_step
        self._proposals = sum(1 for event in log.events(events.RESERVE) if "/" not in event.key)

    def candidate_came(self, index: int, made: Made, seq: int, candidate: Candidate | None = None) -> None:
        request = self.asked.get(index)
        if request is not None:
            self._compare(index, made.digest, self._proposed(request))
        super().candidate_came(index, made, seq, candidate)

    def proposal_failed(self, index: int, kind: str, message: str, proposer: str) -> None:
        if kind not in NOT_THE_PROPOSERS:
            self._compare(index, f"no candidate: {kind}", self._proposed(self.asked[index]))
        super().proposal_failed(index, kind, message, proposer)
        self._step()

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
        if counts or not self._task.noisy:
            now = self._verifier.evaluate(self.archive.candidate(index))
            self.verdicts += 1
            recorded = (status, None if self._task.noisy else score)
            came = (now.status, None if self._task.noisy else now.score)
            if recorded != came:
                self.differences.append(Difference(index, _said(*recorded), _said(*came)))
        trial = super().verdict_came(index, status, score, seq, counts=counts, verdict=verdict)
        if index != SEED:
            self._step()
        return trial

    def _compare(self, index: int, recorded: str, now: str | None) -> None:
        if now is None:
            self.taken += 1
            return
        self.candidates += 1
        if now != recorded:
            self.differences.append(Difference(index, _short(recorded), _short(now)))

    def _proposed(self, request: Request) -> str | None:
        """What the proposer gives now: the digest, or how it failed; None if candidates are taken from the record."""
        if self._takes:
            return None
        first, *others = request.parents
        whole = msgspec.structs.replace(
            request,
            parents=(first.held(artifacts=self._sees), *(parent.held() for parent in others)),
            brief=self._brief,
            calls=_KeyedCalls(request.index),
        )
        try:
            made = self._redone_by.propose(whole, np.random.default_rng((self._seed, request.index)))
        except ProposalFailed as failure:
            return f"no candidate: {failure.kind}"
        except CandidateInvalid:
            return "no candidate: invalid"
        except ReplayMismatch as mismatch:
            return str(mismatch)
        except JourneymanError as error:
            return f"{type(error).__name__}: {error}"
        return made.candidate.digest

    def _step(self) -> None:
        if self._on_step is not None:
            done = self.verified + self.repeated + self.failed_proposals
            self._on_step(done, self._proposals)


class _KeyedCalls:
    """The way to recorded models: names the call, pays nothing."""

    def __init__(self, index: int) -> None:
        self._index = index
        self._number = 0

    def complete(self, model: Model, prompt: Prompt) -> Completion:
        self._number += 1
        return model.complete(msgspec.structs.replace(prompt, key=call_key(self._index, self._number)))


def _said(status: Status, score: float | None) -> str:
    return status.value if score is None else f"{status.value}, score {score!r}"


def _short(text: str) -> str:
    return f"candidate {text[:12]}" if len(text) == 64 else text
