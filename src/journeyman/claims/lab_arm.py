"""One training arm of a claim about distillation: a student, a teacher, a loss, some steps; what came out, as plain data.

With the stand-ins the models are the lab's and the prompts its problems; with real models the paper's preset is trained on
the files that `--model prompts=F --model evaluation=F` name. Arms are kept by what they depend on, so that two claims
that need the same arm train it once.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeyman.claims.cells import cache_folder
from journeyman.claims.claim import Cell
from journeyman.distill.losses.spec import LossSpec

if TYPE_CHECKING:
    from journeyman.distill.train_spec import TrainSpec

ROLES = ("prompts", "evaluation")
"""Files that a claim needs beside its models when it is run for real."""

LOGGED = (
    "loss", "gradient/norm", "overlap/ratio", "overlap/chance_corrected", "overlap/mass_weighted", "overlap/mass_student",
    "overlap/mass_teacher", "overlap/advantage", "entropy/gap", "entropy/student", "entropy/teacher", "divergence/full",
    "extreme/difference", "response/length", "response/truncated",
)  # fmt: skip
FULL = LossSpec(form="full")
K = 4
"""Size of the lab's token sets: its vocabulary has some 70 words, of which a handful are ever likely."""

PROBLEMS, EVALUATED = 4_096, 256  # one response each, at temperature 1
_VERSION = 1


@dataclass(frozen=True)
class TrainingArm:
    """A cell's training.

    Attributes:
        student, teacher: roles; `stand_ins` says which lab model, or folder, plays each.
        stand_ins: role -> name of a lab model or a folder.
        loss: the divergence.
        steps: updates with the lab's models; 16 prompts with 4 rollouts each.
        lr: with the lab's models.
        template: of the training and evaluation prompts: T0 or T1 of the lab; any other with real models, where those two
            stand for the preset's.
        language: of the lab's problems.
        split: of the lab's problems that are trained on.
    """

    student: str
    teacher: str
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    loss: LossSpec = FULL
    steps: int = 160
    lr: float = 3e-4
    template: str = "T0"
    language: str = "chains"
    split: str = "train"
    eval_every: int = 20


def trained(arm: TrainingArm, cell: Cell) -> dict[str, Any]:
    """Train the arm with the cell's seed, models and effort, unless it was done before; what came out, as plain data.

    The keys: `score` [[step, share of right answers]], `teacher_score`, `first`, `last` (the mean of the last three
    evaluations), `recovery` (of the gap to the teacher; None where the teacher is not better), and a curve
    [[step, value]] for each metric of `LOGGED`, thinned to at most 80 points.
    """
    import torch

    torch.set_num_threads(1)
    key = hashlib.sha256(json.dumps(_identity(arm, cell), sort_keys=True, default=str).encode()).hexdigest()
    kept = cache_folder().parent / "arms" / f"{key}.json"
    if kept.is_file():
        known: dict[str, Any] = json.loads(kept.read_text("utf-8"))
        return known
    with tempfile.TemporaryDirectory(prefix="journeyman-arm-") as scratch:
        found = _train(spec_of(arm, cell, Path(scratch)), Path(scratch) / "run")
    kept.parent.mkdir(parents=True, exist_ok=True)
    half = kept.with_suffix(f".{os.getpid()}.tmp")
    half.write_text(json.dumps(found, allow_nan=False), "utf-8")
    half.replace(kept)
    return found


def evaluated(arm: TrainingArm, cell: Cell) -> dict[str, Any]:
    """The student of an arm as it is, without training: its score alone, in the form that `trained` gives."""
    import torch

    from journeyman.distill.data.grade import grader
    from journeyman.distill.data.prompts import read_prompts
    from journeyman.distill.model import open_model
    from journeyman.distill.recipes.evaluate import evaluate

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="journeyman-arm-") as scratch:
        spec = spec_of(arm, cell, Path(scratch))
        wanted = spec.evaluation
        score = evaluate(
            open_model(spec.student), read_prompts(wanted.prompts), grader=grader(spec.grader), sampling=wanted.sampling,
            n=wanted.n, seed=cell.seed, template=wanted.template or spec.template,
        ).avg  # fmt: skip
    return {"score": [[0, score], [spec.steps or 0, score]], "teacher_score": None, "first": score, "last": score,
            "recovery": None, "problems": EVALUATED, **{name: [] for name in LOGGED}}  # fmt: skip


def spec_of(arm: TrainingArm, cell: Cell, scratch: Path) -> TrainSpec:
    """The training run of an arm: with the lab's models, or the paper's preset where the cell names real ones."""
    from journeyman.distill.presets import preset
    from journeyman.distill.train_spec import changed

    if cell.models:
        spec = preset("paper", cell.models[arm.student], cell.models[arm.teacher], cell.models["prompts"])
        steps = cell.share(200)
        given = {"loss": arm.loss, "steps": steps, "seed": cell.seed, "evaluation.prompts": cell.models["evaluation"]}
        return changed(spec, given | ({} if arm.template in ("T0", "T1") else {"template": arm.template}))
    train, evaluation = _lab_prompts(arm, cell, scratch)
    spec = preset("lab", _folder(arm, arm.student), _folder(arm, arm.teacher), str(train))
    from journeyman.distill.lab.tokenizer import template_file

    return changed(spec, {
        "loss": arm.loss, "steps": cell.share(arm.steps), "lr": arm.lr, "seed": cell.seed, "save_every": 0, "k_metric": K,
        "template": str(template_file(arm.template)),  # type: ignore[arg-type]  # T0 or T1
        "eval_every": arm.eval_every, "evaluation.prompts": str(evaluation), "evaluation.n": 1, "watch_every": 0,
        "sample_rows": 0,
    })  # fmt: skip


def _lab_prompts(arm: TrainingArm, cell: Cell, scratch: Path) -> tuple[Path, Path]:
    from journeyman.distill.data.prompts import write_prompts
    from journeyman.distill.lab.prompts import lab_prompts

    train = lab_prompts(arm.language, arm.split, PROBLEMS, seed=cell.seed)  # type: ignore[arg-type]
    # The same problems judge every seed, so that seeds differ by the training alone.
    evaluation = lab_prompts(arm.language, "evaluation", EVALUATED, seed=0)
    return write_prompts(scratch / "train.jsonl", train), write_prompts(scratch / "evaluation.jsonl", evaluation)


def _folder(arm: TrainingArm, role: str) -> str:
    from journeyman.distill.lab.build import lab_model

    name = arm.stand_ins.get(role, role)
    return name if Path(name).is_dir() else str(lab_model(name))


def _train(spec: TrainSpec, folder: Path) -> dict[str, Any]:
    from journeyman.distill import events
    from journeyman.distill.train import train
    from journeyman.runlog import RunLog

    train(spec, folder=folder)
    with RunLog.open(folder) as log:
        steps, evaluations, teacher = events.steps(log), events.evaluations(log), events.teacher_evaluation(log)
    score = [[found.step, float(found.student["avg"])] for found in evaluations]
    last = sum(value for _, value in score[-3:]) / len(score[-3:])
    taught = float(teacher.teacher["avg"]) if teacher is not None else None
    recovery = None if taught is None or taught <= score[0][1] else (last - score[0][1]) / (taught - score[0][1])
    every = max(1, len(steps) // 80)
    curves = {name: [[step, value] for step, value in events.series(steps, name)][::every] for name in LOGGED}
    return {
        "score": score, "teacher_score": taught, "first": score[0][1], "last": last, "recovery": recovery,
        "problems": EVALUATED, **curves,
    }  # fmt: skip


def _identity(arm: TrainingArm, cell: Cell) -> dict[str, Any]:
    """Everything that decides what comes out, but for the code of the trainer, which `_VERSION` stands for."""
    from journeyman.distill.train_spec import to_plain

    nowhere = replace(arm, stand_ins={role: _digest(arm, cell, role) for role in (arm.student, arm.teacher)})
    plain = {name: getattr(nowhere, name) for name in nowhere.__dataclass_fields__ if name != "loss"}
    from journeyman.distill.train_spec import TrainSpec

    loss = to_plain(TrainSpec("s", "t", "p", loss=arm.loss))["loss"]
    drawn = {"seed": cell.seed, "effort": cell.effort, "models": dict(cell.models)}
    return {**plain, **drawn, "loss": loss, "version": _VERSION}


def _digest(arm: TrainingArm, cell: Cell, role: str) -> str:
    """The content of the model that plays `role`."""
    if cell.models:
        return cell.models[role]
    weights = sorted(Path(_folder(arm, role)).glob("*.safetensors"))
    return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in weights)).hexdigest()
