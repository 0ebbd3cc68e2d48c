"""The story of a training run, from its log: every step's metrics, samples, evaluations, findings and verdicts.

One pass over the log gives small frozen records. The same teller serves a reader who comes back for more: a run that
another process writes is followed by its new events only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from journeyman.distill import events
from journeyman.distill.check.figures import Verdict
from journeyman.distill.check.finding import Finding
from journeyman.errors import RunCorrupt, RunError
from journeyman.runlog import RunLog


@dataclass(frozen=True, slots=True)
class Step:
    """One update of the student.

    Attributes:
        metrics: name -> value, names as in docs/distill-metrics.md.
        by_position: metric -> its mean in each of the bins that the response limit is divided into; None for an empty bin.
        tokens: response tokens that were trained on.
        wall_s, phases: seconds in all, and for rollout, teacher and update.
        memory_mb: the most memory in use, where it was measured.
    """

    step: int
    metrics: dict[str, float]
    by_position: dict[str, list[float | None]]
    tokens: int
    wall_s: float
    phases: dict[str, float]
    memory_mb: float | None


@dataclass(frozen=True, slots=True)
class Sample:
    """A rollout that was kept: its tokens, and the value of some metrics at each. `correct`: None without a grader."""

    step: int
    prompt: str
    text: str
    tokens: tuple[str, ...]
    values: dict[str, tuple[float, ...]]
    finished: bool
    correct: bool | None


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Scores on the evaluation prompts: `avg` (mean share of right answers), `pass_n`, `mean_length`, `truncated` ...

    `low`, `high`: the 95 % interval of `avg`, where it is known. `step` is None for the teacher.
    """

    step: int | None
    avg: float
    low: float | None
    high: float | None
    others: dict[str, float]


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict and the step at which it was given."""

    step: int
    verdict: Verdict


@dataclass(frozen=True)
class Story:
    """A training run as its log tells it. Steps, samples, evaluations, verdicts and checkpoints are in order.

    `sittings`: how many processes worked on it, one after the other; `pid` and `host`: of the last one.
    `recovered`: (step, gap recovery) where the run worked it out.
    """

    run_id: str
    folder: Path
    created: float
    header: dict[str, Any] = field(repr=False)
    steps: tuple[Step, ...]
    samples: tuple[Sample, ...]
    evaluations: tuple[Evaluated, ...]
    teacher: Evaluated | None
    findings: tuple[Finding, ...]
    verdicts: tuple[Judged, ...]
    checkpoints: tuple[tuple[int, str], ...]
    reason: str | None
    """Why it ended; None while it can go on."""
    recovered: tuple[tuple[int, float], ...] = ()
    sittings: int = 1
    pid: int = 0
    host: str = ""

    @property
    def student(self) -> str:
        """The student's name, short."""
        return short_name(self.header.get("student", {}).get("name", ""))

    @property
    def teacher_name(self) -> str:
        """The teacher's name, short."""
        return short_name(self.header.get("teacher", {}).get("name", ""))

    @property
    def pair(self) -> str:
        """`student ← teacher`."""
        return f"{self.student or 'student'} ← {self.teacher_name or 'teacher'}"

    @property
    def planned(self) -> int | None:
        """Steps it was asked for; None where the header does not say."""
        steps = self.spec.get("steps")
        return int(steps) if isinstance(steps, int) else None

    @property
    def spec(self) -> dict[str, Any]:
        """The settings it was asked to train with."""
        found = self.header.get("spec")
        return found if isinstance(found, dict) else {}

    @property
    def seed(self) -> int | None:
        """Seed of all randomness."""
        found = self.header.get("seed", self.spec.get("seed"))
        return int(found) if isinstance(found, int) else None

    @property
    def verdict(self) -> Judged | None:
        """The last verdict that was given."""
        return self.verdicts[-1] if self.verdicts else None

    @property
    def metrics(self) -> list[str]:
        """Names of all metrics, in the order in which they first appear."""
        found = dict.fromkeys(name for step in self.steps for name in step.metrics)
        return list(found | ({"gap_recovery": None} if self.recovered else {}))

    def course(self, metric: str) -> list[tuple[float, float]]:
        """(step, value) of a metric, where it was measured and is finite."""
        if metric == "gap_recovery" and self.recovered:
            return [(float(step), value) for step, value in self.recovered]
        return [
            (float(step.step), value)
            for step in self.steps
            if (value := step.metrics.get(metric)) is not None and abs(value) < float("inf")
        ]


def short_name(name: str) -> str:
    """The last part of a path or hub name; of a server's address the model's name, if it has one."""
    return str(name).rstrip("/").rsplit("/", 1)[-1].rpartition("#")[2]


def story_of(log: RunLog) -> Story:
    """The story of the run in `log`, as far as it got.

    Raises RunError for a run of another verb, RunCorrupt for an event that no training writes.
    """
    teller = Teller(log)
    teller.look()
    return teller.story()


class Teller:
    """Takes in what a log holds, and later what was appended since; `story` says at any moment how it stands."""

    def __init__(self, log: RunLog) -> None:
        if log.verb != events.VERB:
            raise RunError(f"the run {log.run_id!r} is of {log.verb!r}, not of {events.VERB!r}")
        self._log = log
        self._after = 0
        self._steps: dict[int, Step] = {}
        self._samples: dict[int, tuple[Sample, ...]] = {}
        self._evaluations: dict[int, Evaluated] = {}
        self._recovered: dict[int, float] = {}
        self._teacher: Evaluated | None = None
        self._findings: dict[str, Finding] = {}
        self._verdicts: dict[int, Verdict] = {}
        self._checkpoints: dict[int, str] = {}
        self._reason: str | None = None
        self._sessions: list[tuple[int, str]] = []

    def look(self) -> bool:
        """Take in what is new; whether there was anything. Raises RunCorrupt as `story_of`, RunError if the file is gone."""
        before = self._after
        for seq, kind, key, body, volatile in self._log.rows(after=before):
            try:
                self._hear(kind, key, body or b"\x80", volatile or b"\x80")
            except (LookupError, ValueError, TypeError, msgspec.MsgspecError) as error:
                raise RunCorrupt(
                    f"event {seq} of the run in {self._log.folder} is none that a training writes ({kind}: {error})"
                ) from error
            self._after = seq
        return self._after > before

    def story(self) -> Story:
        """All that was told so far."""
        log = self._log
        pid, host = self._sessions[-1] if self._sessions else (0, "")
        return Story(
            log.run_id, log.folder, log.created, log.header, tuple(self._steps[i] for i in sorted(self._steps)),
            tuple(sample for i in sorted(self._samples) for sample in self._samples[i]),
            tuple(self._evaluations[i] for i in sorted(self._evaluations)), self._teacher,
            tuple(self._findings.values()), tuple(Judged(i, self._verdicts[i]) for i in sorted(self._verdicts)),
            tuple(sorted(self._checkpoints.items())), self._reason, tuple(sorted(self._recovered.items())),
            max(1, len(self._sessions)), pid, host,
        )  # fmt: skip

    def _hear(self, kind: str, key: str, body: bytes, volatile: bytes) -> None:
        read = msgspec.msgpack.decode
        if kind == events.STEP:
            step, cost = read(body, type=events.Step), read(volatile, type=events.StepCost)
            self._steps[step.step] = Step(
                step.step, step.metrics, step.by_position, step.tokens, cost.wall_s, cost.phases, cost.memory_mb or None
            )
            # A run that went on after its end has not ended.
            self._reason = None
        elif kind == events.SAMPLE:
            sample = read(body, type=events.Sample)
            self._samples[sample.step] = tuple(_sample(sample.step, row) for row in sample.rollouts)
        elif kind == events.EVALUATION:
            found = read(body, type=events.Evaluated)
            if key == events.TEACHER:
                self._teacher = _evaluated(None, found.teacher)
                return
            self._evaluations[found.step] = _evaluated(found.step, found.student)
            if found.gap_recovery is not None:
                self._recovered[found.step] = found.gap_recovery
        elif kind == events.VERDICT:
            self._verdicts[int(key)] = read(body, type=Verdict)
        elif kind == events.FINDING:
            self._findings[key] = read(body, type=Finding)
        elif kind == events.CHECKPOINT:
            checkpoint = read(body, type=events.Checkpoint)
            self._checkpoints[checkpoint.step] = checkpoint.folder
        elif kind == events.FINISHED:
            self._reason = read(body, type=events.Finished).reason
        elif kind == events.SESSION:
            said = read(volatile)
            self._sessions.append((int(said.get("pid", 0)), str(said.get("host", ""))))


def _sample(step: int, row: events.SampledResponse) -> Sample:
    values = {name: tuple(math.nan if v is None else v for v in given) for name, given in row.values.items()}
    return Sample(step, row.prompt, row.text, tuple(row.tokens), values, row.finished, row.correct)


def _evaluated(step: int | None, scores: dict[str, Any]) -> Evaluated:
    low, high = _interval(scores.get("interval", [scores.get("low"), scores.get("high")]))
    others = {
        name: float(value)
        for name, value in scores.items()
        if name not in ("avg", "low", "high") and isinstance(value, int | float) and not isinstance(value, bool)
    }
    return Evaluated(step, float(scores["avg"]), low, high, others)


def _interval(found: Any) -> tuple[float | None, float | None]:
    """Both ends of an interval, which is written as a pair or with named ends."""
    if isinstance(found, dict):
        low, high = found.get("low"), found.get("high")
    elif isinstance(found, Sequence) and not isinstance(found, str) and len(found) == 2:
        low, high = found
    else:
        return None, None
    return (None if low is None else float(low)), (None if high is None else float(high))
