"""The loop over episodes: workers play them, one writer puts each into the log as it ends.

What is in the log when: a reply of a model with what it cost, as soon as it is there; an episode, in one commit with all its
decisions and replies, when it has ended. So a kill loses the episodes under way and nothing else, and a run that goes on
plays just what is missing; language models are not asked again what they have answered.

A budget ends a run thus: an episode to whose next call the ledger says no is void for now; no other is begun; those under
way go on. They may give back what they had reserved, so void ones are tried again, one at a time, until one fails with
nothing else under way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from journeyman.errors import BudgetExhausted
from journeyman.foresee import events
from journeyman.foresee.agents.agent import Reply, models_of, waits
from journeyman.foresee.evaluation.calls import OVER, EpisodeCalls, Till
from journeyman.foresee.evaluation.opened import Opened
from journeyman.foresee.evaluation.perform import Performer, Played
from journeyman.foresee.evaluation.process import Process
from journeyman.foresee.evaluation.progress import Progress
from journeyman.foresee.evaluation.replay import Replayed, said_in
from journeyman.foresee.evaluation.schedule import Schedule
from journeyman.foresee.evaluation.workers import Inline, Post, Thread, Through, Worker
from journeyman.foresee.replies import said_again
from journeyman.ledger import Budget, Ledger, Reserved, Settled
from journeyman.runlog import RunLog

_LONGEST_CHUNK = 25


def _nobody() -> None:
    """There are no workers to be stopped yet."""


class Engine:
    """One sitting of a run. `opened`: with all cells' agents opened; its models are closed at the end."""

    def __init__(
        self, log: RunLog, opened: Opened, replayed: Replayed, budget: Budget, parallel: int,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:  # fmt: skip
        self._log, self._opened, self._parallel = log, opened, parallel
        self._plan, self._on_progress = opened.plan, on_progress
        self.ledger = Ledger.restore(
            budget, replayed.ledger_events, record=self._record, elapsed_s=replayed.elapsed_s, lock=log.lock
        )
        self._till = Till(log, self.ledger, dict(replayed.paid), dict(replayed.attempts))
        makers = {cell.agent: opened.maker(cell.agent) for cell in self._plan.cells}
        self._models = list({id(model): model for make in makers.values() for model in models_of(make)}.values())
        self._waiting = [number for number, cell in enumerate(self._plan.cells) if waits(makers[cell.agent])]
        self._chained = [number for number, cell in enumerate(self._plan.cells) if opened.learns(cell)]
        self._done = set(replayed.tallies.done)
        self._tallies = replayed.tallies
        self._said = dict(replayed.said)
        self._begun, self._begun_with = time.monotonic(), len(self._done)
        self._post: Post = Post()
        self._workers: list[Worker] = []
        self._stop: Callable[[], None] = _nobody
        self._failure: BaseException | None = None
        self.reason = ""

    def run(self) -> str:
        """Play until everything is played, or the budget or the deadline ends it; the reason, in words.

        Raises what ended an episode, after those under way have ended; the log is resumable then, as after Ctrl-C.
        """
        self._log.append(events.SESSION, "", None, events.session_body(self._parallel, self._opened.models_file))
        for key in self.ledger.open:
            self.ledger.settle(key, None)  # what was in flight when a process died
        try:
            self._tell()
            self._watch_the_clock()
            for cells, kind in self._phases():
                if self._over:
                    break
                chunk = self._chunk(cells) if kind is Process else 1
                schedule = Schedule(self._plan, self._done, self._chained, cells, chunk)
                if kind is None:
                    self._alone(schedule)
                else:
                    self._with_workers(schedule, kind, len(cells))
        except BaseException:
            self._stopped("interrupted")
            raise
        finally:
            for model in self._models:
                model.close()  # ends calls that are still in flight, and the threads that wait for them
            for worker in self._workers:
                worker.close()
        if self._failure is not None:
            self._stopped(str(self._failure))
            raise self._failure
        if self.reason:
            self._stopped(self.reason)
            return self.reason
        self._log.append(events.FINISHED, "", {"episodes": len(self._done)})
        return events.PLAYED

    # --- who plays ----------------------------------------------------------------------------------------------------

    def _phases(self) -> list[tuple[Sequence[int], type[Thread] | type[Process] | None]]:
        """Cells by number, and the kind of worker that plays them; None: this thread."""
        every = range(len(self._plan.cells))
        if self._parallel == 1:
            return [(every, None)]
        computing = [number for number in every if number not in self._waiting]
        # What was given as an object cannot be opened by name in another process.
        phases: list[tuple[Sequence[int], type[Thread] | type[Process] | None]]
        phases = [(computing, Thread if self._plan.given else Process), (self._waiting, Thread)]
        return [(cells, kind) for cells, kind in phases if cells]

    def _chunk(self, cells: Sequence[int]) -> int:
        """Instances of a unit: few messages, and yet all workers busy to the end."""
        whole = self._plan.instances * len(cells) * len(self._plan.seeds)
        return max(1, min(_LONGEST_CHUNK, whole // (4 * self._parallel), self._plan.instances))

    def _alone(self, schedule: Schedule) -> None:
        worker = Inline(Performer(self._opened, self._pay, self._recall))
        self._stop = worker.stop
        while not self._over and (unit := schedule.next(worker)) is not None:
            self._ended(schedule, worker.play(unit, self._took), alone=True)

    def _with_workers(self, schedule: Schedule, kind: type[Thread] | type[Process], cells: int) -> None:
        count = min(self._parallel, cells * self._plan.instances * len(self._plan.seeds))
        workers: list[Worker] = [
            Process(self._plan, self._post) if kind is Process else Thread(self._performer, self._post) for _ in range(count)
        ]
        self._workers += workers

        def stop() -> None:
            for worker in workers:
                worker.stop()

        self._stop = stop
        idle, alone, refused = list(workers), False, False
        while True:
            for worker in list(idle):
                one_at_a_time = alone and len(idle) < len(workers)
                unit = None if self._over or refused or one_at_a_time else schedule.next(worker)
                if unit is not None:
                    idle.remove(worker)
                    worker.send(unit)
            if len(idle) == len(workers):
                if not refused:
                    return
                refused, alone = False, True  # what was under way has ended: what it gave back may be enough
                continue
            worker, said = self._post.get()
            if isinstance(said, Played):
                self._took(said)
                continue
            idle.append(worker)
            refused = self._ended(schedule, said, alone=alone) or refused

    def _performer(self) -> Performer:
        """For a thread: a world, world models and governors of its own; the makers of agents are shared."""
        opened = self._opened
        mine = Opened(opened.plan, opened.given, opened.models_file, opened.makers)
        return Performer(mine, self._pay, self._recall)

    def _pay(self, cell: int, seed: int, instance: int) -> EpisodeCalls:
        return self._till.of(events.episode_key(cell, seed, self._opened.instances[instance].id))

    def _recall(self, cell: int, seed: int, instance: int) -> list[Reply]:
        """The replies of an episode that is in the log."""
        return [said_again(self._log, *said) for said in self._said[cell, seed, instance]]

    # --- what comes of it ---------------------------------------------------------------------------------------------

    @property
    def _over(self) -> bool:
        """Whether no further episode is to be begun."""
        return bool(self.reason) or self._failure is not None

    def _watch_the_clock(self) -> None:
        if not self._over and self.ledger.time_left_s() == 0.0:
            self._end(OVER["wall_s"])

    def _end(self, reason: str) -> None:
        self.reason = reason
        self._stop()

    def _took(self, played: Played) -> None:
        """A finished episode: into the log, before anything else."""
        episode = played.episode
        key = events.episode_key(played.cell, episode.seed, episode.instance)
        # What cost money is on the disk at once; the rest survives a kill, and after a power cut is played again.
        with self._log.commit(durable=bool(played.calls)):
            for text in played.texts.values():
                self._log.put_blob(text)
            volatile = {"wall_s": played.wall_s, "at_s": self.ledger.elapsed_s, "replies_s": played.replies_s}
            self._log.append(events.EPISODE, key, msgspec.to_builtins(episode), volatile)
        place = played.cell, episode.seed, played.instance
        self._done.add(place)
        if played.cell in self._chained:
            self._said[place] = said_in(episode)
        self._till.forget(key, played.calls)
        self._tallies.add(played.cell, episode)
        self._tell()
        self._watch_the_clock()

    def _ended(self, schedule: Schedule, through: Through, *, alone: bool) -> bool:
        """A worker is through with a unit; whether the budget refused it, so that it is to be tried again."""
        failure, unit = through.failure, through.unit
        if failure is None:
            schedule.ended(unit)
            return False
        if isinstance(failure, BudgetExhausted):
            schedule.give_back(unit, self._done)
            if alone or failure.kind == "wall_s":
                self._end(OVER[failure.kind])
                return False
            return True
        if self._failure is None:
            self._failure = failure
            self._stop()
        return False

    def _tell(self) -> None:
        if self._on_progress is None:
            return
        here = len(self._done) - self._begun_with
        left_s = None
        if here:
            left_s = (self._plan.episodes - len(self._done)) * (time.monotonic() - self._begun) / here
        standings = self._tallies.standings(self._plan)
        self._on_progress(Progress(standings, self.ledger.spent, self.ledger.budget, left_s, self._log.folder))

    def _stopped(self, reason: str) -> None:
        self._log.append(events.STOPPED, "", None, {"reason": reason, "at_s": self.ledger.elapsed_s})

    def _record(self, event: Reserved | Settled) -> None:
        self._log.append(*events.ledger_event(event))
