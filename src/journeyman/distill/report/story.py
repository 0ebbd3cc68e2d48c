"""The story of a training run, from its log: every step's metrics, samples, evaluations, findings and verdicts.

One pass over the log gives small frozen records. The same teller serves a reader who comes back for more: a run that
another process writes is followed by its new events only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from journeyman.distill.check.figures import Verdict
from journeyman.distill.check.finding import Finding
from journeyman.errors import RunCorrupt, RunError
from journeyman.runlog import RunLog
from journeyman.runlog.event import decode

VERB = "distill"
STEP, SAMPLE, EVALUATION, VERDICT, FINDING, CHECKPOINT, FINISHED = (
    "step", "sample", "evaluation", "verdict", "finding", "checkpoint", "finished",
)  # fmt: skip
TEACHER = "teacher"
"""Key of the one evaluation that is the teacher's."""


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
    """A training run as its log tells it. Steps, evaluations and verdicts are in order; a step done again counts once."""

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
        return list(dict.fromkeys(name for step in self.steps for name in step.metrics))

    def course(self, metric: str) -> list[tuple[float, float]]:
        """(step, value) of a metric, where it was measured and is finite."""
        return [
            (float(step.step), value)
            for step in self.steps
            if (value := step.metrics.get(metric)) is not None and abs(value) < float("inf")
        ]


def short_name(name: str) -> str:
    """The last part of a path or hub name."""
    return str(name).rstrip("/").rsplit("/", 1)[-1]


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
        if log.verb != VERB:
            raise RunError(f"the run {log.run_id!r} is of {log.verb!r}, not of {VERB!r}")
        self._log = log
        self._after = 0
        self._steps: dict[int, Step] = {}
        self._samples: dict[int, tuple[Sample, ...]] = {}
        self._evaluations: dict[int, Evaluated] = {}
        self._teacher: Evaluated | None = None
        self._findings: dict[str, Finding] = {}
        self._verdicts: dict[int, Verdict] = {}
        self._checkpoints: dict[int, str] = {}
        self._reason: str | None = None

    def look(self) -> bool:
        """Take in what is new; whether there was anything. Raises RunCorrupt as `story_of`, RunError if the file is gone."""
        before = self._after
        for seq, kind, key, body, volatile in self._log.rows(after=before):
            try:
                self._hear(kind, key, decode(body or b"\x80"), decode(volatile or b"\x80"))
            except (LookupError, ValueError, TypeError, AttributeError, msgspec.MsgspecError) as error:
                raise RunCorrupt(
                    f"event {seq} of the run in {self._log.folder} is none that a training writes ({kind}: {error!r})"
                ) from error
            self._after = seq
        return self._after > before

    def story(self) -> Story:
        """All that was told so far."""
        log = self._log
        return Story(
            log.run_id, log.folder, log.created, log.header, tuple(self._steps[i] for i in sorted(self._steps)),
            tuple(sample for i in sorted(self._samples) for sample in self._samples[i]),
            tuple(self._evaluations[i] for i in sorted(self._evaluations)), self._teacher,
            tuple(self._findings.values()), tuple(Judged(i, self._verdicts[i]) for i in sorted(self._verdicts)),
            tuple(sorted(self._checkpoints.items())), self._reason,
        )  # fmt: skip

    def _hear(self, kind: str, key: str, body: dict[str, Any], volatile: dict[str, Any]) -> None:
        if kind == STEP:
            step = int(body["step"])
            memory = volatile.get("memory_mb")
            self._steps[step] = Step(
                step, {name: float(v) for name, v in body["metrics"].items() if v is not None},
                {name: [None if v is None else float(v) for v in row] for name, row in body.get("by_position", {}).items()},
                int(body.get("tokens", 0)), float(volatile.get("wall_s") or 0.0),
                {name: float(s) for name, s in (volatile.get("phases") or {}).items()},
                None if memory is None else float(memory),
            )  # fmt: skip
            # A run that goes on after its end has not ended.
            self._reason = None
        elif kind == SAMPLE:
            self._samples[int(body["step"])] = tuple(_sample(int(body["step"]), row) for row in body["rollouts"])
        elif kind == EVALUATION:
            if key == TEACHER:
                self._teacher = _evaluated(None, body.get(TEACHER, body.get("student", body)))
            else:
                step = int(body["step"])
                self._evaluations[step] = _evaluated(step, body["student"])
        elif kind == VERDICT:
            self._verdicts[_step_of(key, body)] = verdict_of(body)
        elif kind == FINDING:
            self._findings[key] = finding_of(key, body)
        elif kind == CHECKPOINT:
            self._checkpoints[int(body["step"])] = str(body.get("folder", ""))
        elif kind == FINISHED:
            self._reason = str(body.get("reason", "done"))


def verdict_of(body: dict[str, Any]) -> Verdict:
    """A verdict from its plain form. Raises KeyError where its name is missing."""
    figures = {name: float(value) for name, value in (body.get("figures") or {}).items() if value is not None}
    return Verdict(body["name"], str(body.get("sentence", "")), figures, str(body.get("remedy") or ""))


def finding_of(name: str, body: dict[str, Any]) -> Finding:
    """A finding from its plain form."""
    return Finding(
        str(body.get("name") or name), body.get("passed"), dict(body.get("measured") or {}),
        str(body.get("threshold") or ""), str(body.get("cause") or ""), str(body.get("remedy") or ""),
    )  # fmt: skip


def _step_of(key: str, body: dict[str, Any]) -> int:
    return int(body.get("step", key or 0))


def _sample(step: int, row: dict[str, Any]) -> Sample:
    return Sample(
        step, str(row.get("prompt", "")), str(row.get("text", "")), tuple(map(str, row.get("tokens", ()))),
        {name: tuple(float("nan") if v is None else float(v) for v in values) for name, values in row["values"].items()},
        bool(row.get("finished", True)), row.get("correct"),
    )  # fmt: skip


def _evaluated(step: int | None, scores: dict[str, Any]) -> Evaluated:
    low, high = _interval(scores.get("interval"))
    others = {
        name: float(value)
        for name, value in scores.items()
        if name != "avg" and isinstance(value, int | float) and not isinstance(value, bool)
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
