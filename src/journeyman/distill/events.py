"""What a training run writes to its log, and how it is read back.

A run is this sequence (key in parentheses):

    session ()              volatile: process, host, the step it went on from; one for each process that worked on the run,
                            and one more where steps that were made again came out differently: {"differs": "step 7"}
    finding (name)          a check of the wiring, made before the run
    evaluation (teacher)    of the teacher, once
    evaluation (0)          of the student before the first step
    step (1), sample (1), verdict (1), evaluation (1), checkpoint (1)      those that are due, in this order
    step (2) ...
    finished ()             the reason and the last step

Step k is the k-th update. Its metrics were measured in the pass that made it: on the student as it was before it, so step
1 shows the student that the run began with. An evaluation or checkpoint of step k is of the student after update k.

Bodies hold nothing that differs between two equal runs; seconds, memory and processes are in the volatile part. A run that
was stopped goes on from its last checkpoint: the steps after it are made again and not logged again (see `Journal`).
"""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec

from journeyman.distill.check.figures import Verdict
from journeyman.distill.check.finding import Finding
from journeyman.distill.train_spec import TrainSpec, from_plain
from journeyman.errors import RunError
from journeyman.runlog import RunLog

VERB = "distill"
SESSION = "session"
FINDING = "finding"
STEP = "step"
SAMPLE = "sample"
EVALUATION = "evaluation"
VERDICT = "verdict"
CHECKPOINT = "checkpoint"
FINISHED = "finished"
TEACHER = "teacher"
"""Key of the teacher's evaluation."""


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One update. `metrics` and `by_position` are named as in docs/distill-metrics.md; a metric that has no value, or is
    not finite, is left out. `tokens`: response tokens that were trained on."""

    step: int
    metrics: dict[str, float]
    by_position: dict[str, list[float | None]] = {}
    tokens: int = 0


class StepCost(msgspec.Struct, frozen=True, omit_defaults=True):
    """The volatile part of a step: seconds in all and by phase (rollout, teacher, update), peak memory so far in MB."""

    wall_s: float = 0.0
    phases: dict[str, float] = {}
    memory_mb: float = 0.0


class SampledResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """One response token by token. `values`: for each name, a value a token, None where it was not measured.

    `correct`: None where nobody graded it."""

    prompt: str
    text: str
    tokens: list[str]
    values: dict[str, list[float | None]] = {}
    finished: bool = True
    correct: bool | None = None


class Sample(msgspec.Struct, frozen=True, omit_defaults=True):
    """A few of the responses of a step."""

    step: int
    rollouts: list[SampledResponse]


class Evaluated(msgspec.Struct, frozen=True, omit_defaults=True):
    """Scores after `step` updates: avg, pass_n, mean_length, truncated, n ... `gap_recovery` (step > 0) compares the
    student with itself before the first step and with the teacher, where both are known."""

    step: int
    student: dict[str, Any] = {}
    teacher: dict[str, Any] = {}
    gap_recovery: float | None = None


class Checkpoint(msgspec.Struct, frozen=True):
    """A student saved after `step` updates: `folder` inside of the run's, `digest` of its weights."""

    step: int
    folder: str
    digest: str


class Finished(msgspec.Struct, frozen=True):
    """Why the run ended, and after how many updates."""

    reason: str
    step: int


class About(msgspec.Struct, frozen=True):
    """What a run was asked to do. `student`, `teacher`: name, digest, parameters; `prompts`: path, digest, count, dropped;
    `versions`: of the packages that numbers may depend on."""

    spec: TrainSpec
    student: dict[str, Any]
    teacher: dict[str, Any]
    prompts: dict[str, Any]
    versions: dict[str, str]


class Progress(msgspec.Struct, frozen=True):
    """What `on_step` is told: a step that was logged, of how many, and what it cost. `evaluated`: where one was due."""

    step: Step
    steps: int
    cost: StepCost
    evaluated: Evaluated | None = None


# --- writing ----------------------------------------------------------------------------------------------------------


class Journal:
    """Writes events of a run once, however often its steps are made.

    A run that goes on makes the steps after its last checkpoint again. On a machine whose arithmetic repeats itself they
    come out equal and the log is left as it is; where they differ (some GPU kernels add in any order), the first number
    stands, and a session event says where they began to.

    Attributes:
        log: None in a process that does not write (all but the first of a torchrun).
        differing: the first event that came out differently when it was made again, as "kind key"; None so far.
    """

    def __init__(self, log: RunLog | None) -> None:
        self.log = log
        self.differing: str | None = None
        self._known: dict[tuple[str, str], dict[str, Any]] = {}
        if log is not None:
            self._known = {(e.kind, e.key): e.body for e in log.events() if e.body is not None}

    def __contains__(self, event: tuple[str, str]) -> bool:
        return event in self._known

    def write(
        self, kind: str, key: str, body: msgspec.Struct | Mapping[str, Any], volatile: msgspec.Struct | None = None
    ) -> None:
        """Append the event, unless the log has it."""
        if self.log is None:
            return
        plain = dict(body) if isinstance(body, Mapping) else plain_of(body)
        known = self._known.get((kind, key))
        if known is None:
            self.log.append(kind, key, plain, None if volatile is None else plain_of(volatile))
            if kind == EVALUATION:
                self._known[(kind, key)] = plain
        elif self.differing is None and known != msgspec.msgpack.decode(msgspec.msgpack.encode(plain)):
            self.differing = f"{kind} {key}"
            self.log.append(SESSION, "", None, {"differs": self.differing})

    def steps(self, until: int) -> list[Step]:
        """The steps that the log has, up to and including step `until`."""
        found = (msgspec.convert(body, Step) for (kind, _), body in self._known.items() if kind == STEP)
        return [step for step in found if step.step <= until]

    def evaluation(self, key: str) -> Evaluated | None:
        """The evaluation with this key, if the log has it."""
        body = self._known.get((EVALUATION, key))
        return None if body is None else msgspec.convert(body, Evaluated)

    def session(self, step: int) -> None:
        """Say which process works on the run, and from which step it goes on."""
        if self.log is not None:
            from journeyman import __version__

            about = {"pid": os.getpid(), "host": socket.gethostname(), "platform": platform.platform()}
            self.log.append(SESSION, "", None, {**about, "journeyman": __version__, "from_step": step})


def plain_of(body: msgspec.Struct) -> dict[str, Any]:
    """A body as the log takes it."""
    plain: dict[str, Any] = msgspec.to_builtins(body)
    return plain


def verdict_body(verdict: Verdict) -> dict[str, Any]:
    """A verdict as the log takes it."""
    return asdict(verdict)


def finding_body(finding: Finding) -> dict[str, Any]:
    """A finding as the log takes it."""
    return asdict(finding)


# --- reading ----------------------------------------------------------------------------------------------------------


def about(log: RunLog) -> About:
    """What the run was asked to do. Raises RunError for a run of another verb."""
    if log.verb != VERB:
        raise RunError(f"the run {log.run_id!r} is of '{log.verb}', not of '{VERB}'")
    head = log.header
    return About(from_plain(head["spec"]), head["student"], head["teacher"], head["prompts"], head["versions"])


def steps(log: RunLog) -> list[Step]:
    """All steps so far, in order."""
    return [msgspec.convert(event.body, Step) for event in log.events(STEP)]


def costs(log: RunLog) -> list[StepCost]:
    """What each step cost, in the order of `steps`."""
    return [msgspec.convert(event.volatile or {}, StepCost) for event in log.events(STEP)]


def samples(log: RunLog) -> list[Sample]:
    """The logged responses, in order."""
    return [msgspec.convert(event.body, Sample) for event in log.events(SAMPLE)]


def evaluations(log: RunLog) -> list[Evaluated]:
    """The student's evaluations, in order."""
    return [msgspec.convert(e.body, Evaluated) for e in log.events(EVALUATION) if e.key != TEACHER]


def teacher_evaluation(log: RunLog) -> Evaluated | None:
    """The teacher's evaluation, if there is one."""
    found = [msgspec.convert(e.body, Evaluated) for e in log.events(EVALUATION) if e.key == TEACHER]
    return found[0] if found else None


def verdicts(log: RunLog) -> list[tuple[int, Verdict]]:
    """Verdicts on the course, each with its step, in order."""
    return [(int(e.key), msgspec.convert(e.body, Verdict)) for e in log.events(VERDICT)]


def findings(log: RunLog) -> list[Finding]:
    """What was checked before the run."""
    return [msgspec.convert(event.body, Finding) for event in log.events(FINDING)]


def checkpoints(log: RunLog) -> list[Checkpoint]:
    """Checkpoints in order; the folders of older ones are gone."""
    return [msgspec.convert(event.body, Checkpoint) for event in log.events(CHECKPOINT)]


def finished(log: RunLog) -> Finished | None:
    """How the run ended, if it has."""
    found = [msgspec.convert(event.body, Finished) for event in log.events(FINISHED)]
    return found[-1] if found else None


def series(steps: Sequence[Step], name: str) -> list[tuple[int, float]]:
    """(step, value) of one metric, steps without it left out."""
    return [(step.step, step.metrics[name]) for step in steps if name in step.metrics]
