"""The lab's four arms: two teachers that have something to teach and two that have not, to a student who needs it or not.

    python benchmarks/distill_lab.py student:twin student:bigger twin:student twin:bigger --steps 160 [--json FILE]

Each arm is one on-policy distillation over the whole vocabulary, 64 rollouts a step, learning rate 3e-4, one thread.
Printed are figures before the first step, after 20 and at the end; docs/distill-lab.md has the last measured table.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from journeyman.distill import events
from journeyman.distill.data.prompts import write_prompts
from journeyman.distill.lab.build import lab_model
from journeyman.distill.lab.prompts import lab_prompts
from journeyman.distill.lab.zoo import declared
from journeyman.distill.presets import preset
from journeyman.distill.train import train
from journeyman.distill.train_spec import changed

METRICS = ("loss", "divergence/full", "gradient/norm", "overlap/ratio", "overlap/mass_student", "entropy/gap")


def arm(student: str, teacher: str, *, steps: int, seed: int, folder: Path, lr: float = 3e-4) -> dict[str, Any]:
    """Distil one pair; its metrics by step, its accuracies by step (256 problems, 4 responses each), processor seconds."""
    prompts = write_prompts(folder / "train.jsonl", lab_prompts(student, "train", 16 * steps, seed))
    held_out = write_prompts(folder / "evaluation.jsonl", lab_prompts(student, "evaluation", 256, 0))
    spec = changed(
        preset("lab", str(lab_model(student)), str(lab_model(teacher)), str(prompts)),
        {
            "steps": steps, "seed": seed, "lr": lr, "evaluation.prompts": str(held_out), "evaluation.teacher": False,
            "eval_every": 20, "watch_every": 0, "save_every": 0, "sample_rows": 0,
        },
    )  # fmt: skip
    course: dict[str, dict[str, float]] = {}
    accuracy: dict[str, float] = {}

    def follow(at: events.Progress) -> None:
        course[str(at.step.step)] = {name: at.step.metrics[name] for name in METRICS if name in at.step.metrics}
        if at.evaluated is not None:
            accuracy[str(at.step.step)] = at.evaluated.student["avg"]

    begun = time.process_time()
    result = train(spec, folder=folder / "run", on_step=follow)
    return {
        "student": student, "teacher": teacher, "steps": steps, "seed": seed, "cpu_s": time.process_time() - begun,
        "course": course, "accuracy": accuracy, "result": str(result.run),
    }  # fmt: skip


def shown(found: dict[str, Any]) -> str:
    """A few lines of an arm: first steps, after 20, the last."""
    lines = [f"{found['student']} <- {found['teacher']}, seed {found['seed']}, {found['cpu_s']:.0f} s of processor time"]
    steps = sorted(map(int, found["course"]))
    for which in sorted({steps[0], *(step for step in steps if step % 20 == 0), steps[-1]}):
        values = " ".join(f"{name} {value:.3f}" for name, value in found["course"][str(which)].items())
        lines.append(f"  {which:>4} {values} accuracy {found['accuracy'].get(str(which), float('nan')):.3f}")
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("pairs", nargs="+", metavar="STUDENT:TEACHER")
    options.add_argument("--steps", type=int, default=160)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--lr", type=float, default=3e-4)
    options.add_argument("--json", type=Path, help="write all curves here")
    given = options.parse_args()
    torch.set_num_threads(1)
    arms = []
    for pair in given.pairs:
        student, _, teacher = pair.partition(":")
        declared(student), declared(teacher)
        with tempfile.TemporaryDirectory() as folder:
            arms.append(arm(student, teacher, steps=given.steps, seed=given.seed, folder=Path(folder), lr=given.lr))
        print(shown(arms[-1]), flush=True)
    if given.json is not None:
        given.json.write_text(json.dumps(arms, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
