"""Two small pairs, checked and trained: one that works, one that cannot.

The models come with the package: a student that learned arithmetic in words from writers who slip now and then, and its
twin, improved by its own right solutions. The student learns from the twin; the twin, taught by its own past, loses what
it had won. The check says so of both before a step is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from journeyman.distill.check.check import CheckReport, check
from journeyman.distill.data.prompts import write_prompts
from journeyman.distill.events import VERB, Progress
from journeyman.distill.lab.build import lab_model
from journeyman.distill.lab.prompts import lab_prompts
from journeyman.distill.presets import preset
from journeyman.distill.report.headline import gap_recovery
from journeyman.distill.report.page import write_report
from journeyman.distill.report.story import Story, story_of
from journeyman.distill.train import train
from journeyman.distill.train_spec import changed
from journeyman.runlog import RunLog, new_run_folder, runs_root

PAIRS = (("student", "twin"), ("twin", "student"))
"""Student and teacher: the one that works, the one that cannot."""

STEPS = 30
LONGEST = 64
REPORT = "report.html"


@dataclass(frozen=True)
class Shown:
    """One pair: what the check said, and what the training did. `page`: of the run."""

    student: str
    teacher: str
    works: bool
    report: CheckReport
    story: Story
    page: Path

    @property
    def change(self) -> float:
        """Score after minus score before, of the evaluation prompts."""
        return self.story.evaluations[-1].avg - self.story.evaluations[0].avg

    @property
    def as_expected(self) -> bool:
        """The check was right, and the training went as it said."""
        if self.works:
            recovered = gap_recovery(self.story)
            return self.report.verdict.name == "ready" and recovered is not None and recovered > 0.5
        return self.report.verdict.name not in ("ready", "undecided") and self.change < 0


def demonstrate(
    *, runs: str | Path | None = None, steps: int = STEPS, seed: int = 0,
    on_stage: Callable[[str, str, str], None] | None = None,
    on_step: Callable[[Progress], None] | None = None,
) -> list[Shown]:  # fmt: skip
    """Check and train both pairs.

    Args:
        runs: folder of runs; None for $JOURNEYMAN_RUNS, else ./runs.
        on_stage: told (student, teacher, what is done now).
        on_step: as of `train`.

    Raises: as `check` and `train`.
    """
    root = Path(runs) if runs is not None else runs_root()
    root.mkdir(parents=True, exist_ok=True)
    prompts, held_out = root / "demo-prompts.jsonl", root / "demo-evaluation.jsonl"
    write_prompts(prompts, lab_prompts("student", "train", 512, seed))
    write_prompts(held_out, lab_prompts("student", "evaluation", 100, seed))
    shown = []
    for student, teacher in PAIRS:
        say = on_stage or (lambda *_: None)
        say(student, teacher, "check")
        ours, theirs = (str(lab_model(name)) for name in (student, teacher))
        spec = changed(preset("lab", ours, theirs, str(prompts)), {
            "steps": steps, "seed": seed, "lr": 6e-4, "sampling.max_tokens": LONGEST, "eval_every": max(1, steps // 3),
            "save_every": 0, "evaluation.prompts": str(held_out), "evaluation.n": 2,
            "evaluation.sampling.max_tokens": LONGEST, "watch_every": 0,
        })  # fmt: skip
        report = check(
            ours, theirs, prompts, grader="bracket", limit=48, n=2, sampling=spec.sampling, spec=spec.loss, seed=seed
        )
        say(student, teacher, "train")
        folder = new_run_folder(root, VERB).absolute()
        train(spec, folder=folder, on_step=on_step, findings=report.findings)
        with RunLog.open(folder) as log:
            write_report(log, folder / REPORT)
            story = story_of(log)
        shown.append(Shown(student, teacher, student == PAIRS[0][0], report, story, folder / REPORT))
    return shown
