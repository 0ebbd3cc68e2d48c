"""Verify candidates on N verifier processes at once.

A `Verifier` is thread-safe: `evaluate` takes a free lane or waits for one. It does not raise for anything a candidate did;
a lane that dies or hangs gives a `verifier_error` verdict and is replaced.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from types import TracebackType

from journeyman.errors import UsageError
from journeyman.verify.cache import VerdictCache, verdict_key
from journeyman.verify.candidate import Candidate
from journeyman.verify.environment import fingerprint
from journeyman.verify.lane import Job, Lane, LaneEnded, Reply
from journeyman.verify.task import DEV, Instance, Task
from journeyman.verify.verdict import InstanceVerdict, Status, Verdict, combine


class Verifier:
    """The verifier of `task` with `lanes` processes at an isolation `level` (None: the best this host has).

    Raises NoSandbox where the level is not to be had, VerifierFailure where the task's code cannot be loaded.
    """

    def __init__(
        self, task: Task, *, lanes: int = 1, level: str | None = None, cache: VerdictCache | None = None
    ) -> None:
        if lanes < 1:
            raise UsageError(f"a verifier needs at least one lane, not {lanes}")
        self.task = task
        self.lanes = lanes
        self._asked = level
        # A noisy verdict is a measurement: taking it again is the point.
        self._cache = None if task.noisy else cache
        self._environment = fingerprint(task)
        self._lock = threading.Lock()
        self._closed = False
        self._busy: set[Lane] = set()
        first = Lane(task, level)
        self.level = first.level
        # The others start when they are first needed.
        self._free: queue.LifoQueue[Lane | None] = queue.LifoQueue()
        for _ in range(lanes - 1):
            self._free.put(None)
        self._free.put(first)

    def evaluate(
        self,
        candidate: Candidate,
        *,
        split: str = DEV,
        repeat: int = 0,
        instances: Sequence[Instance] = (),
        anywhere: bool = False,
        fresh: bool = False,
    ) -> Verdict:
        """The verdict on `candidate` over `split`, or over `instances` under that name.

        `repeat` numbers measurements of one candidate: it enters the seed that the candidate's process is given.
        `anywhere` is for trying the verifier itself with candidates that were edited outside their region, `fresh` for a
        verdict that no cache gives.
        Raises UsageError for a split that the task does not have.
        """
        chosen = tuple(instances) or self.task.instances(split)
        if not chosen:
            raise UsageError(f"task {self.task.id!r} has no {split!r} instances")
        job = Job(candidate.files, split, repeat, anywhere=anywhere, instances=tuple(instances))
        if self._cache is None or instances or anywhere or fresh:
            return self._evaluate(job, chosen)
        key = verdict_key(self.task, candidate, split, repeat, self._environment, self.level)
        verdict = self._cache.get(key)
        if verdict is None:
            verdict = self._evaluate(job, chosen)
            self._cache.put(key, verdict)
        return verdict

    def _evaluate(self, job: Job, chosen: tuple[Instance, ...]) -> Verdict:
        began = time.perf_counter()
        try:
            reply = self._ask(job, len(chosen))
        except LaneEnded as ended:
            text = f"the verifier process failed on this candidate: {ended}"
            failed = tuple(InstanceVerdict(i.name, Status.VERIFIER_ERROR, feedback=text) for i in chosen)
            return combine(
                job.split, failed, level=self.level, repeat=job.repeat, wall_s=time.perf_counter() - began
            )
        assert reply.verdict is not None
        return reply.verdict

    def draw(
        self, candidate: Candidate, *, split: str = DEV, instance: Instance | None = None
    ) -> dict[str, bytes]:
        """Pictures of the candidate's design on `instance`, or else on the first of `split`: file name -> content.

        Empty if the task draws none, or none of this design.
        """
        chosen = () if instance is None else (instance,)
        try:
            return self._ask(Job(candidate.files, split, draw=True, instances=chosen), 1).pictures
        except LaneEnded:
            return {}

    def close(self) -> None:
        """End every lane, also in the middle of an evaluation: whoever waits for that is given a `verifier_error`."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for lane in self._busy:
                lane.kill()
        for _ in range(self.lanes):
            free = self._free.get()
            if free is not None:
                free.close()

    def __enter__(self) -> Verifier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, job: Job, instances: int) -> Reply:
        lane = self._free.get()
        try:
            if lane is None and not self._closed:
                lane = Lane(self.task, self._asked)
            with self._lock:
                if lane is None or self._closed:
                    raise LaneEnded("the verifier was closed")
                self._busy.add(lane)
            return lane.ask(job, self._wall_s(instances))
        except LaneEnded:
            if lane is not None:
                with self._lock:
                    self._busy.discard(lane)
                lane.close()
            lane = None
            raise
        finally:
            if lane is not None:
                with self._lock:
                    self._busy.discard(lane)
            self._free.put(lane)

    def _wall_s(self, instances: int) -> float:
        # Every step has its own limit inside; this one ends a lane that hangs all the same.
        task = self.task
        scoring = task.file.simulator.wall_s if task.file.simulator else task.file.verifier.wall_s
        return instances * task.file.verifier.repeats * (2 * task.limits.wall_s + scoring + 5.0) + 30.0
