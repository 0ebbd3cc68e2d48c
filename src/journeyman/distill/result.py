"""What a training run has come to, read from its log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from journeyman.distill import events
from journeyman.distill.check.figures import Verdict
from journeyman.runlog import RunLog


@dataclass(frozen=True)
class TrainResult:
    """What became of a run.

    Attributes:
        run: its folder. student: the folder of its last checkpoint, a Hugging Face model; None where there is none.
        steps: updates made. reason: why it ended; "" where it has not.
        metrics: of the last step. evaluations: in order. verdict: the last one on its course.
    """

    run: Path
    student: Path | None
    steps: int
    reason: str
    metrics: dict[str, float]
    evaluations: list[events.Evaluated]
    verdict: Verdict | None = None


def result_of(log: RunLog) -> TrainResult:
    """What a run has come to so far."""
    steps, end, saved = events.steps(log), events.finished(log), events.checkpoints(log)
    verdicts = events.verdicts(log)
    return TrainResult(
        log.folder, log.folder / saved[-1].folder if saved else None, steps[-1].step if steps else 0,
        end.reason if end else "", steps[-1].metrics if steps else {}, events.evaluations(log),
        verdicts[-1][1] if verdicts else None,
    )  # fmt: skip
