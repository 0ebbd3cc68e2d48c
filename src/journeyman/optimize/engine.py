"""The loop: ask, propose, verify, tell, with every step in the log before the next one depends on it.

One event loop owns all state; nothing is polled. Up to `parallel` verifications run at once, and while they run further
candidates are proposed, so that a lane that comes free finds one waiting. There is no barrier: what finishes first is
told first. With `parallel=1` one proposal follows another, and two runs with the same seed are equal.

A step costs the same at the first and at the ten-thousandth candidate: nothing here is copied, sorted or scanned.

What is in the log when:

    reserve    before a proposer is called: one proposal and one evaluation (with the answer, if that takes no time)
    candidate  before it is verified
    verdict    with the settlement, in one commit on the disk, before anybody is told

Whatever was in flight when a process died is found as an open reservation: with a candidate it is verified again, without
one it is proposed again, from the same request, the same random numbers and the replies of models that it has paid for.
Either way the reservation is the old one. A model's call that was in flight is settled as unknown.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import numpy as np

from journeyman.errors import (
    BudgetExhausted,
    CandidateInvalid,
    JourneymanError,
    ModelRejected,
    ModelUnavailable,
    PreflightFailure,
    ProposalFailed,
    ReplayMismatch,
    VerifierFailure,
)
from journeyman.ledger import Ledger, Reserved, Settled, Spend
from journeyman.optimize import events
from journeyman.optimize.archive import Archive
from journeyman.optimize.best import BestFolder
from journeyman.optimize.brief import brief_of, comparison
from journeyman.optimize.calls import PaidCalls
from journeyman.optimize.plan import Plan, reason_of, short
from journeyman.optimize.progress import Progress, progress_of
from journeyman.optimize.propose.base import NothingLeft, Proposer
from journeyman.optimize.replay import replay
from journeyman.optimize.search.base import Search
from journeyman.optimize.state import NO_BUDGET, NOTHING_LEFT, Left, Made, State, parents_of
from journeyman.optimize.trial import SEED, Proposal, Request, Trial
from journeyman.optimize.writer import Writer
from journeyman.runlog import RunLog
from journeyman.verify import DEV, HELD_OUT, POLICY, Candidate, Status, Task, Verdict

if TYPE_CHECKING:
    from journeyman.models import Model

_ONE_PROPOSAL = Spend(proposals=1)
_ONE_EVALUATION = Spend(evaluations=1)
_BOTH = Spend(evaluations=1, proposals=1)
_NOTHING = Spend()

_MODEL_IS_GONE = (ModelUnavailable, ModelRejected, ReplayMismatch)
"""Nothing more is asked then; what is under way is finished, and the run can be resumed."""

_NO_CANDIDATES_FAULT = (Status.VERIFIER_ERROR, Status.INFRASTRUCTURE_ERROR)

_SEED_CHECK = 1_000_000
"""Repeat numbers from here on are for looking whether the seed still verifies; no cache has them."""


class Verifies(Protocol):
    """What the engine needs of a verifier. Called from several threads at a time."""

    def evaluate(self, candidate: Candidate, *, split: str = DEV, repeat: int = 0) -> Verdict:
        """One verdict on one split; raises only for what no candidate can be blamed for.

        A verifier may also have `draw(candidate) -> {file name: content}`: pictures of the finalist.
        """
        ...


class _NoCandidate(msgspec.Struct, frozen=True):
    """A proposal that failed, and what it costs."""

    kind: str
    message: str
    spend: Spend = _ONE_PROPOSAL
    proposer: str = ""


class Engine:
    """One run over an open log. `wall_s`: working seconds allowed in all; `deadline`: Unix time, or None.

    `models` are closed when the run ends, however it ends; that ends calls still in flight. `models_file`: where they
    were found, kept for a resume.

    Raises what `replay` raises for a log that cannot be continued with this search.
    """

    def __init__(
        self,
        log: RunLog,
        task: Task,
        verifier: Verifies,
        search: Search,
        proposer: Proposer,
        plan: Plan,
        *,
        wall_s: float | None = None,
        deadline: float | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        models: Sequence[Model] = (),
        models_file: Path | None = None,
    ) -> None:
        self._log = log
        self._task = task
        self._verifier = verifier
        self._proposer = proposer
        self._plan = plan
        self._on_progress = on_progress
        self._brief = brief_of(task)
        self.state = State(Archive(log), search, proposer, comparison(task))
        replayed = replay(log, self.state, plan.budget(None))
        deadline = replayed.deadline or deadline
        if deadline is not None:
            left = max(0.0, deadline - time.time()) + replayed.elapsed_s
            wall_s = left if wall_s is None else min(wall_s, left)
        self.ledger = Ledger.restore(
            plan.budget(wall_s),
            replayed.ledger_events,
            record=self._record,
            elapsed_s=replayed.elapsed_s,
            lock=log.lock,
        )
        self._write = Writer(log, self.state, lambda: self.ledger.elapsed_s)
        self._paid, self._attempts = replayed.paid, replayed.attempts
        self._models = models
        self._models_file = models_file
        self._rejects: Callable[[int, Candidate], str | None] | None = getattr(search, "rejects", None)
        self._sees: bool = getattr(proposer, "sees", False)
        self._deadline = deadline
        self._folder = BestFolder(log.folder / "best", task)
        self._lanes = asyncio.Semaphore(plan.parallel)
        self._working: dict[int, asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work: asyncio.Task[Any] | None = None
        self._reason = ""
        self._seed_checks = 0
        self._no_budget = False
        self._gone: JourneymanError | None = None
        worst_case: Spend = getattr(proposer, "worst_case", _NOTHING)
        self._asks_for = _BOTH + worst_case
        self._pays = worst_case != _NOTHING
        waits = proposer.waits
        # Proposals that wait for something outside are made ahead, one for each lane; others are made when needed,
        # from the newest verdicts. With one lane nothing is made ahead: each step sees the verdict of the last.
        self._at_once = plan.parallel
        if waits:
            self._at_once = plan.calls or (1 if plan.parallel == 1 else 2 * plan.parallel)
        self._verifying = ThreadPoolExecutor(plan.parallel, "verify")
        self._proposing = ThreadPoolExecutor(self._at_once, "propose") if waits else None

    # --- the run --------------------------------------------------------------------------------------------------

    async def run(self) -> str:
        """Work until the budget, the deadline or the proposer ends it; the reason, in words.

        Cancelled, or on an error, it leaves the log resumable.
        """
        self._loop, self._work = asyncio.get_running_loop(), asyncio.current_task()
        self._log.append(
            events.SESSION,
            "",
            None,
            events.session_body(str(self._task.folder), self._deadline, self._models_file),
        )
        try:
            await self._seed_first()
            self._take_up_open_work()
            while True:
                while len(self._working) < self._at_once and self._start_next():
                    if not self._working:
                        # Nothing but failures so far; a Ctrl-C must get in all the same.
                        await asyncio.sleep(0)
                if not self._working:
                    break
                done, _ = await asyncio.wait(self._working.values(), return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    del self._working[int(task.get_name())]
                    self._note_end_of(task)
            if self._gone is not None:
                raise self._gone
            return await self._finish(self._reason)
        except asyncio.CancelledError:
            self._log.append(events.INTERRUPTED, "", None, {"at_s": self.ledger.elapsed_s})
            raise
        finally:
            for task in self._working.values():
                task.cancel()
            await asyncio.gather(*self._working.values(), return_exceptions=True)
            # Threads that still work are not waited for: closing the verifier ends what they wait on.
            self._verifying.shutdown(wait=False, cancel_futures=True)
            for model in self._models:
                model.close()
            if self._proposing is not None:
                # A call that was ended is settled by its thread, which must be done before the log is closed.
                self._proposing.shutdown(wait=bool(self._models), cancel_futures=True)

    def _note_end_of(self, task: asyncio.Task[None]) -> None:
        error = task.exception()
        if isinstance(error, _MODEL_IS_GONE):
            self._gone = self._gone or error
        else:
            task.result()

    def cancel(self) -> None:
        """Stop `run` from another thread, as Ctrl-C would."""
        if self._loop is not None and self._work is not None:
            self._loop.call_soon_threadsafe(self._work.cancel)

    async def _seed_first(self) -> None:
        state = self.state
        if not state.archive.has_candidate(SEED):
            with self._log.commit():
                self._write.candidate(SEED, Proposal(self._task.seed), (), "seed")
        if state.seed is None:
            verdict, attempts = await self._verify(self._task.seed, DEV, 0)
            if verdict.status in _NO_CANDIDATES_FAULT:
                # Nothing is written: a resume tries again.
                raise VerifierFailure(
                    f"the verifier of task {self._task.id!r} fails on the seed ({verdict.status}): {verdict.feedback}"
                )
            with self._log.commit():
                trial = self._write.verdict(SEED, verdict, attempts, counts=True)
                if trial is not None and verdict.ok:
                    self._write.best(trial)
        assert state.seed is not None
        if not state.seed.ok:
            said = f": {state.seed.verdict.feedback}" if state.seed.verdict.feedback else ""
            raise PreflightFailure(
                f"the seed of task {self._task.id!r} does not verify ({state.seed.status}){said}"
            )
        self._folder.show(state, None)

    def _take_up_open_work(self) -> None:
        for key in self.ledger.open:
            index, _, again = key.partition("/")
            if again.startswith("call/"):
                self.ledger.settle(key, None)
                continue
            self._start(int(index), self._measure_again(int(index)) if again else self._trial(int(index)))

    def _start_next(self) -> bool:
        """Start one more proposal if there is budget for it and something to ask."""
        state = self.state
        if self._gone is not None or self._no_budget:
            return False
        if state.nothing_left is not None:
            self._reason = state.nothing_left
            return False
        left = self.ledger.remaining()
        missing = short(left, self._asks_for)
        if missing is not None:
            # Not final while something is in flight: a proposal that fails gives its evaluation back.
            self._reason = reason_of(missing, self._plan)
            return False
        index = state.last_index + 1
        with self._log.commit(durable=self._pays):
            # Asked and reserved in one commit; only this thread reserves, so what fitted above still fits.
            request = state.ask(index, Left(left.evaluations, left.proposals))
            if request is None:
                self._reason = "the search has nothing more to ask"
                return False
            self.ledger.reserve(str(index), self._asks_for)
            if self._proposing is None:
                # An answer that is there at once needs no commit of its own: a crash before this one undoes both.
                self._write_answer(request, self._answer(self._completed(request)))
        if index in state.asked or index in state.made:
            self._start(index, self._trial(index))
        else:
            self._after(None, None)
        return True

    def _start(self, index: int, work: Coroutine[Any, Any, None]) -> None:
        self._working[index] = asyncio.get_running_loop().create_task(work, name=str(index))

    # --- one trial ------------------------------------------------------------------------------------------------

    async def _trial(self, index: int) -> None:
        """From an open reservation to a trial that was told, or to a failed proposal."""
        if index not in self.state.made and not await self._propose(index):
            return
        made = self.state.made[index]
        if made.same_as is not None:
            original = self._working.get(made.same_as)
            if original is not None:
                await asyncio.wait([original])
            # Without a verdict the original has just ended the run.
            if self.state.archive.has_verdict(made.same_as):
                self._settle_repeated(index, made)
            return
        verdict, attempts = await self._verify(self.state.archive.candidate(index), DEV, 0)
        again = self._settle(index, made, verdict, attempts)
        await self._check_seed_after(verdict)
        if again:
            await self._measure_again(index)

    async def _propose(self, index: int) -> bool:
        """Whether the proposer gave a candidate; it, or the failure, is in the log then."""
        request = self.state.asked[index]
        completed = self._completed(request)
        if self._proposing is None:
            answer = self._answer(completed)
        else:
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._proposing, self._answer, completed)
            # Settled calls give back what they did not use, so another may fit in now, if any is still to be settled.
            self._no_budget = isinstance(answer, _NoCandidate) and answer.kind == NO_BUDGET
            if self._no_budget:
                assert isinstance(answer, _NoCandidate)
                self._reason = answer.message
        if self.ledger.time_left_s() == 0.0:
            answer = _NoCandidate("deadline", "the deadline came before it could be verified")
        with self._log.commit(durable=self._pays):
            self._write_answer(request, answer)
        if index in self.state.made:
            return True
        self._after(None, None)
        return False

    def _answer(self, request: Request) -> Proposal | _NoCandidate:
        """What the proposer says. Touches nothing of the run, so it may be called in any thread."""
        try:
            return self._proposer.propose(request, np.random.default_rng((self._plan.seed, request.index)))
        except NothingLeft as said:
            return _NoCandidate(NOTHING_LEFT, str(said), _NOTHING)
        except BudgetExhausted as refused:
            return _NoCandidate(NO_BUDGET, reason_of(refused.kind, self._plan), _NOTHING)
        except ProposalFailed as failure:
            return _NoCandidate(failure.kind, str(failure), proposer=failure.proposer)
        except CandidateInvalid as failure:
            return _NoCandidate("invalid", str(failure))

    def _completed(self, request: Request) -> Request:
        """The request with all that every proposer is told."""
        index = request.index
        calls = None
        if self._proposing is not None:
            paid, attempts = self._paid.get(index), self._attempts.get(index, 0)
            calls = PaidCalls(self._log, self.ledger, index, paid, attempts)
        first, *others = request.parents
        return msgspec.structs.replace(
            request,
            parents=(first.held(artifacts=self._sees), *(parent.held() for parent in others)),
            brief=self._brief,
            calls=calls,
        )

    async def _verify(self, candidate: Candidate, split: str, repeat: int) -> tuple[Verdict, int]:
        """The verdict, and after how many attempts."""
        loop = asyncio.get_running_loop()
        call = functools.partial(self._verifier.evaluate, candidate, split=split, repeat=repeat)
        async with self._lanes:
            verdict = await loop.run_in_executor(self._verifying, call)
            if not POLICY[verdict.status].retried:
                return verdict, 1
            return await loop.run_in_executor(self._verifying, call), 2

    def _settle(self, index: int, made: Made, verdict: Verdict, attempts: int) -> bool:
        """Write the verdict and what it cost; whether the trial must be measured once more before it counts."""
        state = self.state
        better = state.beats(verdict.score)
        again = better and self._task.noisy and short(self.ledger.remaining(), _ONE_EVALUATION) is None
        spend = Spend(int(POLICY[verdict.status].charged), 1, made.tokens, made.micro_usd)
        with self._log.commit():
            trial = self._write.verdict(index, verdict, attempts, counts=not again)
            self.ledger.settle(str(index), spend)
            if again:
                self.ledger.reserve(f"{index}/1", _ONE_EVALUATION)
            elif better and not self._task.noisy and trial is not None:
                self._write.best(trial)
        self._after(trial, verdict)
        return again

    async def _measure_again(self, index: int) -> None:
        """A noisy score that beats the best may be luck: it is measured anew, and only the new score counts."""
        verdict, attempts = await self._verify(self.state.archive.candidate(index), DEV, 1)
        with self._log.commit():
            better = self.state.beats(verdict.score)
            trial = self._write.verdict(index, verdict, attempts, counts=True)
            self.ledger.settle(f"{index}/1", Spend(int(POLICY[verdict.status].charged)))
            if better and trial is not None:
                self._write.best(trial)
        self._after(trial, verdict)
        await self._check_seed_after(verdict)

    def _settle_repeated(self, index: int, made: Made) -> None:
        with self._log.commit():
            trial = self._write.repeated(index, made)
            self.ledger.settle(str(index), Spend(0, 1, made.tokens, made.micro_usd))
        self._after(trial, None)

    async def _check_seed_after(self, verdict: Verdict) -> None:
        """After a failure that is no candidate's: if the seed fails too, the run cannot go on.

        Raises VerifierFailure.
        """
        if verdict.status not in _NO_CANDIDATES_FAULT:
            return
        self._seed_checks += 1
        seed, _ = await self._verify(self._task.seed, DEV, _SEED_CHECK + self._seed_checks)
        if not seed.ok:
            said = f": {seed.feedback}" if seed.feedback else ""
            raise VerifierFailure(
                f"after {self.ledger.spent.evaluations} evaluations the verifier of task {self._task.id!r} fails on the "
                f"seed too ({seed.status}){said}; mend it and resume the run"
            )

    # --- what is written ------------------------------------------------------------------------------------------

    def _record(self, event: Reserved | Settled) -> None:
        self._log.append(*events.ledger_event(event))

    def _write_answer(self, request: Request, answer: Proposal | _NoCandidate) -> None:
        answer = self._novel(request.index, answer)
        proposer = answer.proposer or self._proposer.name
        if isinstance(answer, Proposal):
            self._write.candidate(request.index, answer, parents_of(request), proposer, request.hint)
            return
        self._write.failure(request, answer.kind, answer.message, proposer)
        self.ledger.settle(str(request.index), answer.spend)

    def _novel(self, index: int, answer: Proposal | _NoCandidate) -> Proposal | _NoCandidate:
        """The answer, unless the search does not want the candidate verified."""
        if self._rejects is None or not isinstance(answer, Proposal):
            return answer
        reason = self._rejects(index, answer.candidate)
        return answer if reason is None else _NoCandidate("not_novel", reason, proposer=answer.proposer)

    def _after(self, trial: Trial | None, verdict: Verdict | None) -> None:
        """What people see, once the commit is on the disk."""
        if trial is not None and trial is self.state.best:
            self._folder.show(self.state, verdict.artifacts if verdict is not None else None)
        if self._on_progress is not None:
            self._on_progress(progress_of(self.state, self.ledger, trial))

    # --- the end --------------------------------------------------------------------------------------------------

    async def _finish(self, reason: str) -> str:
        """Measure seed and finalist afresh on the held-out split; a finalist that fails there is not replaced."""
        best, seed = self.state.best, self.state.seed
        assert best is not None
        assert seed is not None
        verdicts: list[tuple[Verdict, int]] = []
        if self._task.has_held_out:
            finalists = [seed] if best.index == SEED else [seed, best]
            verdicts = await asyncio.gather(*(self._verify(t.candidate, HELD_OUT, 0) for t in finalists))
        pictures = await self._draw(best.candidate)
        with self._log.commit():
            self._write.end(reason, best.index, pictures, verdicts)
        held_out = verdicts[-1][0] if verdicts else None
        self._folder.show(self.state, None, held_out=held_out, pictures=pictures)
        return reason

    async def _draw(self, candidate: Candidate) -> dict[str, bytes]:
        """Pictures of the finalist, if the verifier draws any."""
        draw: Callable[[Candidate], dict[str, bytes]] | None = getattr(self._verifier, "draw", None)
        if draw is None:
            return {}
        return await asyncio.get_running_loop().run_in_executor(self._verifying, draw, candidate)
