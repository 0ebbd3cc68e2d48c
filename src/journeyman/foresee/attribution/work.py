"""The attribution of one run while it is made: replays, then judges, then what comes of both."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from journeyman.errors import BudgetExhausted
from journeyman.foresee.agents.agent import Reply, waits
from journeyman.foresee.attribution import agreement
from journeyman.foresee.attribution.blame import blame
from journeyman.foresee.attribution.credit import credit
from journeyman.foresee.attribution.judge import Judged, judge
from journeyman.foresee.attribution.judging import cases_of
from journeyman.foresee.attribution.planted import planted_stage
from journeyman.foresee.attribution.record import Attribution, Failure, Success, read_attribution
from journeyman.foresee.attribution.replay import Staged, arm
from journeyman.foresee.attribution.shares import shares
from journeyman.foresee.attribution.staging import Logged, Stage, logged, replays_of
from journeyman.foresee.attribution.wanted import Wanted, chosen
from journeyman.foresee.evaluation.opened import Opened
from journeyman.foresee.evaluation.replay import said_in
from journeyman.foresee.replies import said_again, texts_of
from journeyman.ledger import Ledger
from journeyman.models import Model
from journeyman.runlog import RunLog


@dataclass(frozen=True)
class Progress:
    """How far the work is: `done` of `total` pieces, and what was just found, in words."""

    done: int
    total: int
    what: str


@dataclass
class Work:
    """What is found, so far. `parallel`: threads, for what waits. `tell`: hears of each piece."""

    log: RunLog
    opened: Opened
    wanted: Wanted
    ledger: Ledger
    parallel: int
    tell: Callable[[Progress], None]
    failures: list[Failure] = field(default_factory=list)
    successes: list[Success] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    replays: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cells = self.opened.plan.cells
        self.before = read_attribution(self.log.folder) or Attribution(self.log.run_id)
        self.all = logged(self.log)
        self.chosen = chosen(self.all, self.cells, self.wanted)
        self._own_opened = threading.local()
        self._spent = (0, 0)
        self._done = 0

    # --- replays ------------------------------------------------------------------------------------------------------

    def replay(self) -> None:
        """All episodes that were chosen. Where a budget is used up the rest is left out."""
        for cell in sorted({one.cell for one in self.chosen}):
            try:
                self._replay_cell(cell)
            except BudgetExhausted as error:
                self.notes.append(f"replays ended early: {error}")
                return
            finally:
                self._spent = (self.ledger.spent.tokens, self.ledger.spent.micro_usd)

    def _replay_cell(self, number: int) -> None:
        cell = self.cells[number]
        make = self.opened.maker(cell.agent)
        self.replays[cell.key] = replays_of(make, self.wanted.replays)
        mine = [one for one in self.chosen if one.cell == number]
        known = {one.key: found for one in mine if waits(make) and (found := self.had(one, cell.key)) is not None}
        for one in mine:
            if one.key in known:
                self._take(one, known[one.key])
        keys = {one.key for one in mine} - set(known)
        stage = Stage(self.opened, number, self._said, self.ledger)
        staged = stage.staged([one for one in self.all if one.cell == number], lambda one: one.key in keys)
        for one, result in self._each(staged, self.replays[cell.key], self.parallel if waits(make) else 1):
            self._take(one, result)

    def _said(self, one: Logged) -> list[Reply]:
        return [said_again(self.log, *said) for said in said_in(one.episode)]

    def _look(self, staged: Staged, replays: int) -> Failure | Success:
        """One episode."""
        episode = staged.episode
        if episode.success:
            return credit(staged, replays)
        return blame(
            lambda stages: arm(staged, stages, replays), cell=episode.cell, instance=episode.instance, seed=episode.seed,
            sufficiency=self.wanted.sufficiency, all_subsets=self.wanted.all_subsets,
        )  # fmt: skip

    def _each(
        self, staged: Iterator[tuple[Logged, Staged]], replays: int, threads: int
    ) -> Iterator[tuple[Logged, Failure | Success]]:
        """What is found of each, in order, so many at a time; each thread has worlds and world models of its own."""
        if threads == 1:
            yield from ((one, self._look(of, replays)) for one, of in staged)
            return

        def work(of: Staged, cell: int) -> Failure | Success:
            return self._look(self._own(of, cell), replays)

        with ThreadPoolExecutor(max_workers=threads) as pool:
            waiting: list[tuple[Logged, Future[Any]]] = [(one, pool.submit(work, of, one.cell)) for one, of in staged]
            try:
                for one, future in waiting:
                    yield one, future.result()
            finally:
                for _, future in waiting:
                    future.cancel()

    def _own(self, staged: Staged, cell: int) -> Staged:
        """The same, on this thread's worlds and world models."""
        mine: Opened | None = getattr(self._own_opened, "opened", None)
        if mine is None:
            mine = Opened(self.opened.plan, self.opened.given, self.opened.models_file, self.opened.makers)
            self._own_opened.opened = mine
        return dataclasses.replace(staged, scene=mine.scene(self.cells[cell]))

    def _take(self, one: Logged, result: Failure | Success) -> None:
        if isinstance(result, Failure):
            self.failures.append(result)
            said = f"failed: {', '.join(result.singles) or 'no single repair flips it'}"
        else:
            self.successes.append(result)
            said = "succeeded: " + ("its calls made it" if result.made_by_calls else "it would have without calls")
        self._step(len(self.chosen), f"{one.episode.instance} {said}")

    def had(self, one: Logged, cell: str) -> Failure | Success | None:
        """What was found before, and paid for, if it answers the same question."""
        if self.before.replays.get(cell) != self.replays[cell]:
            return None
        where = cell, one.episode.instance, one.episode.seed
        if one.episode.success:
            return self.before.success_of(*where)
        failure = self.before.failure_of(*where)
        if failure is None or (self.wanted.all_subsets and not failure.blame):
            return None
        return failure if failure.sufficient or not self.wanted.sufficiency else None

    # --- judges -------------------------------------------------------------------------------------------------------

    def judge(self, model: Model) -> None:
        """Every chosen episode, by one judge; what it said before of the same question is taken over."""
        cases = cases_of(self.chosen, self.all, self.opened, partial(texts_of, self.log))
        known = {(j.judge, j.prompt): j for j in self.before.judged if j.verdict is not None}
        self._done = 0
        came: list[Judged] = []

        def keep(judged: Judged) -> None:
            came.append(judged)
            said = judged.verdict.stage if judged.verdict is not None else "no verdict"
            self._step(len(cases), f"{judged.instance} {model.name}: {said}")

        try:
            judgment = judge(model, cases, self.ledger, known=known, parallel=self.parallel, on_judged=keep)
        except BaseException:
            self.judged += came
            raise
        self.judged += judgment.judged
        if judgment.left:
            self.notes.append(f"{model.name} judged {len(judgment.judged)} of {len(cases)} episodes: {judgment.why}")

    # --- the result ---------------------------------------------------------------------------------------------------

    def found(self, *, whole: bool) -> Attribution:
        """What there is, with what was found before of other cells and by other judges; of a work that broke off (not
        `whole`), also of other episodes."""
        now = {one.episode.cell for one in self.chosen} if whole else set()
        failures = [*self.failures, *_rest(self.before.failures, self.failures, now)]
        successes = [*self.successes, *_rest(self.before.successes, self.successes, now)]
        judges = {j.judge for j in self.judged} if whole else set()
        said = {(j.judge, j.prompt, j.cell, j.instance, j.seed) for j in self.judged}
        judged = [*self.judged, *(
            j for j in self.before.judged
            if j.judge not in judges and (j.judge, j.prompt, j.cell, j.instance, j.seed) not in said
        )]  # fmt: skip
        flips = {(f.cell, f.instance, f.seed): f.singles for f in failures}
        rows = []
        for cell in self.cells:
            failed = [one for one in failures if one.cell == cell.key]
            succeeded = [one for one in successes if one.cell == cell.key]
            if failed or succeeded or cell.key in self.replays:
                rows.append(shares(cell.key, failed, succeeded, planted=planted_stage(cell)))
        tokens, micro_usd = self._spent
        return Attribution(
            self.log.run_id, {**self.before.replays, **self.replays}, tuple(rows), tuple(failures), tuple(successes),
            tuple(judged), tuple(agreement.with_replays(judged, flips)), tuple(agreement.between(judged)),
            self.before.tokens + tokens, self.before.micro_usd + micro_usd, (*self.notes, *self._caveats()),
        )  # fmt: skip

    def _caveats(self) -> Iterator[str]:
        if self.wanted.successes and any(self.cells[one.cell].mode == "force" for one in self.all):
            yield "in mode force calls cannot be left out, so its successes are not looked at"
        silent = {one.episode.cell for one in self.chosen if one.episode.calls and not _reads(one)}
        for cell in sorted(silent - {one.episode.cell for one in self.chosen if _reads(one)}):
            yield f"{cell}: the agent does not state what it reads, so what it misreads looks like ignored evidence, too"

    def _step(self, total: int, what: str) -> None:
        self._done += 1
        self.tell(Progress(self._done, total, what))


def _rest(before: Any, now: Any, cells: set[str]) -> list[Any]:
    """What was found before of other episodes, in cells that were not done now."""
    done = {(one.cell, one.instance, one.seed) for one in now}
    return [one for one in before if one.cell not in cells and (one.cell, one.instance, one.seed) not in done]


def _reads(one: Logged) -> bool:
    return any(decision.reading is not None for decision in one.episode.decisions)
