"""The verifier's own process: it owns a sandbox and the task's scoring code, and answers one request after another.

It is started by `lane.Lane` with a clean environment and its own limits. It never imports a candidate: candidates run in
the sandbox, and only plain data comes back. When the process that started it is gone, so is this one.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from journeyman.errors import CandidateFailure, CandidateInvalid, JourneymanError, VerifierFailure
from journeyman.verify.candidate import Candidate
from journeyman.verify.exchange import Exchanger, open_exchange
from journeyman.verify.lane import Job, Ready, Reply, read_frame, write_frame
from journeyman.verify.region import check_outside
from journeyman.verify.score import normalised
from journeyman.verify.scoring import ScoringTimeout, VerifierModule, load_verifier
from journeyman.verify.task import Instance, Task, load_task
from journeyman.verify.verdict import InstanceVerdict, Outcome, Status, Verdict, clip, combine

_FAREWELL_S = 1.0


def main() -> None:
    """Serve jobs from descriptor 3, answer on 4, end when descriptor 5 closes."""
    jobs, replies, lifeline = os.fdopen(3, "rb"), os.fdopen(4, "wb"), 5
    # It led here and is nobody else's business: a simulator of the user's has its own.
    os.environ.pop("PYTHONPATH", None)
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()
    task = load_task(Path(sys.argv[1]))
    level = sys.argv[2] or None
    _limit_memory(task)
    try:
        with open_exchange(task, level) as exchange:
            verifier = load_verifier(task)
            write_frame(replies, msgspec.msgpack.encode(Ready(level=exchange.level)))
            _serve(task, exchange, verifier, jobs, replies)
    except JourneymanError as error:
        write_frame(
            replies, msgspec.msgpack.encode(Ready(level="", error=str(error), kind=type(error).__name__))
        )


def _serve(
    task: Task, exchange: Exchanger, verifier: VerifierModule, jobs: BinaryIO, replies: BinaryIO
) -> None:
    decoder = msgspec.msgpack.Decoder(Job)
    while (frame := read_frame(jobs)) is not None:
        job = decoder.decode(frame)
        if job.draw:
            reply = Reply(pictures=_draw(task, exchange, verifier, job))
        else:
            reply = Reply(verdict=_evaluate(task, exchange, verifier, job))
        write_frame(replies, msgspec.msgpack.encode(reply))


def _evaluate(task: Task, exchange: Exchanger, verifier: VerifierModule, job: Job) -> Verdict:
    began = time.perf_counter()
    chosen = job.instances or task.instances(job.split)
    candidate = Candidate(job.files)
    try:
        if not job.anywhere:
            check_outside(task.seed, candidate)
    except CandidateInvalid as error:
        refused = tuple(InstanceVerdict(i.name, Status.CANDIDATE_ERROR, feedback=str(error)) for i in chosen)
        return combine(
            job.split, refused, level=exchange.level, repeat=job.repeat, wall_s=time.perf_counter() - began
        )
    verdicts: list[InstanceVerdict] = []
    artifacts: dict[str, bytes] = {}
    for instance in chosen:
        verdict, made = _evaluate_instance(task, exchange, verifier, candidate, instance, job.repeat)
        verdicts.append(verdict)
        prefix = f"{instance.name}/" if len(chosen) > 1 else ""
        artifacts.update({prefix + name: data for name, data in made.items()})
        left = len(chosen) - len(verdicts)
        if verdict.status is Status.TIMEOUT and left:
            # The verdict is settled, and a candidate that hangs would use up its time on every instance.
            said = f"{verdict.feedback}; the other {left} instances were not tried"
            verdicts[-1] = msgspec.structs.replace(verdict, feedback=said)
            break
    return combine(
        job.split, tuple(verdicts), level=exchange.level, repeat=job.repeat, artifacts=artifacts,
        wall_s=time.perf_counter() - began,
    )  # fmt: skip


def _evaluate_instance(
    task: Task,
    exchange: Exchanger,
    verifier: VerifierModule,
    candidate: Candidate,
    instance: Instance,
    repeat: int,
) -> tuple[InstanceVerdict, dict[str, bytes]]:
    repeats = task.file.verifier.repeats
    outcomes: list[Outcome] = []
    for turn in range(repeats):
        exchange.reset_usage()
        outcome = _outcome(task, exchange, verifier, candidate, instance, repeat * repeats + turn)
        outcomes.append(outcome)
        if outcome.status is not Status.OK:
            break
    last = outcomes[-1]
    usage = exchange.usage
    objective = score = None
    if last.status is Status.OK:
        objective = sum(o.objective for o in outcomes if o.objective is not None) / len(outcomes)
        try:
            score = normalised(objective, instance.anchors, task.file.scale)
        except ValueError as error:
            last = Outcome(Status.VERIFIER_ERROR, feedback=str(error))
            objective = None
    verdict = InstanceVerdict(
        instance=instance.name, status=last.status, score=score, objective=objective, metrics=last.metrics,
        feedback=clip(last.feedback, 3000), wall_s=usage.wall_s, cpu_s=usage.cpu_s, memory_mb=usage.memory_mb,
    )  # fmt: skip
    return verdict, last.artifacts


def _outcome(
    task: Task,
    exchange: Exchanger,
    verifier: VerifierModule,
    candidate: Candidate,
    instance: Instance,
    turn: int,
) -> Outcome:
    """Run the candidate and score what came back; every fault is attributed here and nowhere else."""
    try:
        with exchange.open(candidate, instance, turn) as subject, _time_limit(verifier.wall_s(task)):
            return verifier.score(instance, subject)
    except CandidateFailure as error:
        status = Status.TIMEOUT if error.end in ("timeout", "cpu") else Status.CANDIDATE_ERROR
        return Outcome(status, feedback=str(error))
    except ScoringTimeout:
        return Outcome(
            Status.VERIFIER_ERROR,
            feedback=f"the verifier took more than {verifier.wall_s(task):g} s to score",
        )
    except VerifierFailure as error:
        return Outcome(Status.VERIFIER_ERROR, feedback=str(error))
    except JourneymanError as error:
        return Outcome(Status.INFRASTRUCTURE_ERROR, feedback=str(error))
    except MemoryError:
        return Outcome(
            Status.VERIFIER_ERROR, feedback=f"the verifier needed more than {task.file.verifier.memory_mb} MB"
        )


def _draw(task: Task, exchange: Exchanger, verifier: VerifierModule, job: Job) -> dict[str, bytes]:
    instance = (job.instances or task.instances(job.split))[0]
    if verifier.draw is None:
        return {}
    try:
        with (
            exchange.open(Candidate(job.files), instance, job.repeat) as subject,
            _time_limit(verifier.wall_s(task)),
        ):
            return verifier.draw(instance, subject)
    except (JourneymanError, ScoringTimeout):
        # A picture is a courtesy; whatever is wrong with the candidate, its verdict has said so already.
        return {}


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    def expired(_signal: int, _frame: Any) -> None:
        raise ScoringTimeout

    before = signal.signal(signal.SIGALRM, expired)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _limit_memory(task: Task) -> None:
    # The soft limit only: a sandbox started from here sets its own.
    own = task.file.simulator.memory_mb if task.file.simulator else task.file.verifier.memory_mb
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = (own + 1024) * 2**20
    resource.setrlimit(
        resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
    )
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with_parent(lifeline: int) -> None:
    os.read(lifeline, 1)
    # Nobody is left to hear an answer. A lane at rest ends by itself and tidies up; one at work is ended where it stands,
    # and the sandbox's processes with it.
    threading.main_thread().join(_FAREWELL_S)
    os._exit(1)


if __name__ == "__main__":
    main()
