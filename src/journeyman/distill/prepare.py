"""What a training run works with, opened and checked before anything is trained: models, prompts, grader."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from journeyman.distill.batches import steps_in
from journeyman.distill.data.grade import Grader
from journeyman.distill.data.grade import grader as grader_of
from journeyman.distill.data.prompt import Prompt
from journeyman.distill.data.prompts import read_prompts
from journeyman.distill.data.templates import render_all
from journeyman.distill.model import LanguageModel, digest, open_model, same_vocabulary
from journeyman.distill.parallel import Ranks
from journeyman.distill.rollout.engines import sampler_for
from journeyman.distill.teacher.in_process import InProcess
from journeyman.distill.teacher.open import open_teacher
from journeyman.distill.teacher.signal import Teacher
from journeyman.distill.train_spec import TrainSpec, to_plain
from journeyman.errors import DataInvalid, ModelUnsuitable, RunError, UsageError


@dataclass(frozen=True)
class Kit:
    """Attributes:
    student: what is trained. teacher: who scores it, None under GRPO.
    ids, prompts: the prompts that fit, as token ids and as read; `dropped` did not fit.
    held_out: prompts of the evaluation, none without one.
    grader: None where nothing is graded.
    steps: updates in all.
    header: what the log begins with.
    """

    spec: TrainSpec
    ranks: Ranks
    student: LanguageModel
    teacher: Teacher | None
    ids: Sequence[list[int]]
    prompts: Sequence[Prompt]
    held_out: Sequence[Prompt]
    grader: Grader | None
    steps: int
    header: dict[str, Any]

    @property
    def teacher_model(self) -> LanguageModel | None:
        """The teacher's weights, where they are in this process."""
        return self.teacher.model if isinstance(self.teacher, InProcess) else None


def prepare(
    spec: TrainSpec,
    ranks: Ranks,
    *,
    student: LanguageModel | None = None,
    teacher: LanguageModel | Teacher | None = None,
    grader: Grader | None = None,
    checkpoint: Path | None = None,
) -> Kit:
    """Open and check everything. What is cheap to refuse is refused first.

    Args:
        student, teacher, grader: in place of what the spec names.
        checkpoint: a checkpoint's folder, in place of the student.

    Raises:
        DataInvalid: the prompts cannot be read, none fits, or none has the answer that is needed.
        ModelNotFound, ModelUnsuitable: a model cannot be used: another vocabulary, a context that is too small.
        UsageError: a template, grader or engine that does not exist, or settings that do not go together.
    """
    if not spec.prompts:
        raise UsageError("a run needs prompts: name a file of them")
    prompts = read_prompts(spec.prompts, limit=spec.limit, schema=spec.schema)
    held_out: list[Prompt] = []
    if spec.evaluation.prompts:
        held_out = read_prompts(spec.evaluation.prompts, limit=spec.evaluation.limit)
        _need_answers(held_out, spec.evaluation.prompts, "an evaluation")
    graded = spec.method == "grpo" or bool(held_out)
    if grader is None and (spec.grader and (graded or any(p.answer is not None for p in prompts))):
        grader = grader_of(spec.grader)
    if grader is None and graded:
        raise UsageError("an evaluation needs a grader; give one")
    if spec.method == "grpo":
        _need_answers(prompts, spec.prompts, "method 'grpo'")
        prompts = [prompt for prompt in prompts if prompt.answer is not None]
    if checkpoint is not None:
        student = open_model(checkpoint, dtype=spec.weights, device=ranks.device, trainable=True)
    elif student is None:
        student = open_model(spec.student, dtype=spec.weights, device=ranks.device, trainable=True, lora=spec.lora)
    told = _teacher(spec, ranks, student, teacher)
    rendered = render_all(
        prompts, student, spec.template, max_tokens=spec.max_prompt_tokens,
        enable_thinking=spec.enable_thinking, system=spec.system,
    )  # fmt: skip
    longest = max(map(len, rendered.ids))
    for model in (student, told.model if isinstance(told, InProcess) else None):
        if model is not None and longest + spec.sampling.max_tokens > model.context:
            raise ModelUnsuitable(
                f"the longest prompt has {longest} tokens and a response may have {spec.sampling.max_tokens}, but the "
                f"context of '{model.name}' holds {model.context}; set sampling.max_tokens to {model.context - longest} or "
                "less, or drop long prompts by max_prompt_tokens"
            )
    sampler_for(student, spec.engine)  # raises for one that does not exist or does not know the architecture
    steps = steps_in(spec, len(rendered.ids))
    header = {
        "spec": to_plain(spec),
        "student": _about(student),
        "teacher": {} if told is None else _about(told.model) if isinstance(told, InProcess) else {"name": told.name},
        "prompts": {
            "path": spec.prompts,
            "digest": hashlib.sha256(msgspec.msgpack.encode(prompts)).hexdigest(),
            "count": len(rendered.ids),
            "dropped": rendered.dropped,
        },
        "seed": spec.seed,
        "versions": _versions(),
    }
    return Kit(spec, ranks, student, told, rendered.ids, rendered.prompts, held_out, grader, steps, header)


def check_place(folder: Path) -> None:
    """A run's folder can be made, or is there and empty: asked before minutes are spent on loading models.

    Raises:
        RunError: it is there with something in it, or this user may not write where it would be.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise RunError(f"{folder} is not empty; a run needs a folder of its own")
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir():
        raise RunError(f"the run cannot be written to {folder}: {there} is a file")
    if not os.access(there, os.W_OK | os.X_OK):
        raise RunError(f"the run cannot be written to {folder}: no permission to write in {there}")


def check_unchanged(kit: Kit, header: dict[str, Any], *, student: bool) -> None:
    """A run may go on only with what it was begun with. `student`: there is no checkpoint, so it too must be the same.

    Raises:
        RunError: prompts, teacher or student have changed.
    """
    for what in ("prompts", "teacher", *(("student",) if student else ())):
        if kit.header[what].get("digest") != header[what].get("digest"):
            raise RunError(f"the {what} of the run changed since it began, so it cannot go on; start a new run")


def _teacher(
    spec: TrainSpec, ranks: Ranks, student: LanguageModel, given: LanguageModel | Teacher | None
) -> Teacher | None:
    if spec.method == "grpo":
        return None
    if given is not None and not isinstance(given, LanguageModel):
        return given
    if given is not None:
        same_vocabulary(student, given)
        return InProcess(given, tokens=spec.tokens_per_micro_batch)
    told = open_teacher(spec.teacher, dtype=spec.teacher_weights, device=ranks.device, student=student)
    if isinstance(told, InProcess):
        same_vocabulary(student, told.model)
        return InProcess(told.model, tokens=spec.tokens_per_micro_batch)
    return told


def _need_answers(prompts: Sequence[Prompt], path: str, who: str) -> None:
    if all(prompt.answer is None for prompt in prompts):
        raise DataInvalid(f"{path} has {len(prompts)} prompts and an answer to none; {who} needs answers to grade with")


def _about(model: LanguageModel) -> dict[str, Any]:
    count = sum(weight.numel() for weight in model.model.parameters())
    return {"name": model.name, "digest": digest(model), "parameters": count}


def _versions() -> dict[str, str]:
    import torch
    import transformers

    from journeyman import __version__

    return {
        "journeyman": __version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "transformers": transformers.__version__,
    }
