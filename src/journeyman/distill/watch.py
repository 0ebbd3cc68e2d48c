"""A run is judged while it runs: every few steps the verdicts are asked again, from its course.

    watch = Watch(mode="stop", names=Names("student", "teacher", "prompts.jsonl"))
    train(spec, watch=watch)                                   # TrainingFailed on a clear failure, with the command

    watch.judge(course_of(steps))                              # by hand: a Verdict, or None
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from journeyman.distill.check.commands import Names
from journeyman.distill.check.course import EARLY, LATE, judge_course
from journeyman.distill.check.figures import Verdict
from journeyman.distill.check.thresholds import THRESHOLDS, Thresholds
from journeyman.errors import TrainingFailed, UsageError

if TYPE_CHECKING:
    from journeyman.distill.events import Step

Mode = Literal["warn", "stop", "off"]


@dataclass(frozen=True)
class Watch:
    """Judges a run's course.

    Attributes:
        mode: `warn` tells, `stop` tells and raises TrainingFailed, `off` does neither.
        names: what the pair is called, for the command that repairs.
        thresholds: limits of the verdicts.
        tell: gets the sentence and the command of a verdict; default prints them.

    Raises UsageError for another mode.
    """

    mode: Mode = "warn"
    names: Names = field(default_factory=Names)
    thresholds: Thresholds = THRESHOLDS
    tell: Callable[[str], None] = print

    def __post_init__(self) -> None:
        if self.mode not in ("warn", "stop", "off"):
            raise UsageError(f"watch is {self.mode!r}; use warn, stop or off")

    def judge(self, course: Mapping[str, Sequence[float]]) -> Verdict | None:
        """The verdict that the course so far shows; None while it shows none, or with mode `off`. Says nothing."""
        if self.mode == "off":
            return None
        return judge_course(course, names=self.names, thresholds=self.thresholds)

    def __call__(self, course: Mapping[str, Sequence[float]]) -> Verdict | None:
        """As `judge`: what a trainer asks, which itself decides whether a verdict ends the run."""
        return self.judge(course)

    def look(self, course: Mapping[str, Sequence[float]]) -> Verdict | None:
        """Judge, tell, and with mode `stop` end the run. Raises TrainingFailed, whose text has the repairing command."""
        verdict = self.judge(course)
        if verdict is None:
            return None
        said = sentence(verdict)
        if self.mode == "stop":
            raise TrainingFailed(said)
        self.tell(said)
        return verdict


def sentence(verdict: Verdict) -> str:
    """A verdict and its remedy in one paragraph."""
    return f"{verdict.sentence} To repair: {verdict.remedy}" if verdict.remedy else verdict.sentence


def course_of(steps: Sequence[Step]) -> dict[str, tuple[float, ...]]:
    """Each metric's values over the steps of a run, and the entropies of the first and last third of the positions."""
    found: dict[str, list[float]] = {}
    for step in steps:
        for name, value in (*step.metrics.items(), *_thirds(step)):
            found.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in found.items()}


def _thirds(step: Step) -> list[tuple[str, float]]:
    row = [value for value in step.by_position.get("entropy/student", ()) if value is not None]
    size = len(row) // 3
    if not size:
        return []
    return [(EARLY, sum(row[:size]) / size), (LATE, sum(row[-size:]) / size)]
