"""Checkpoints: a Hugging Face folder that every tool opens, and in it what a run needs to go on exactly.

    RUN/checkpoints/step-000020/                 config.json, model.safetensors, tokenizer ...: `open_model` reads it
    RUN/checkpoints/step-000020/training/        optimizer.safetensors, state.json

Position in the data and random numbers need no saving: both are functions of the seed and the step's number. A checkpoint
appears under its name complete or not at all; no pickle is written or read.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from journeyman.distill.events import Checkpoint
from journeyman.distill.model import LanguageModel, digest, save
from journeyman.errors import RunDiskFull, RunError

FOLDER = "checkpoints"
TRAINING = "training"
_OPTIMIZER = "optimizer.safetensors"
_STATE = "state.json"


@dataclass(frozen=True)
class State:
    """Where a run stands: `step` updates were made or skipped, the last `skipped` of them skipped."""

    step: int
    skipped: int = 0


def write(run: Path, state: State, student: LanguageModel, optimizer: Mapping[str, Any], keep_last: int) -> Checkpoint:
    """Save a checkpoint of the run in folder `run`, then remove all but the `keep_last` newest.

    `student` has whole weights, `optimizer` is what `optimizer.state_of` gave.

    Raises:
        RunDiskFull, RunError: it cannot be written; older checkpoints stay.
    """
    from safetensors.torch import save_file

    name = f"{FOLDER}/step-{state.step:06d}"
    target = run / name
    part = target.with_name(f".{target.name}.new")
    for left in target.parent.glob(".*"):  # by a process that was killed while it saved
        shutil.rmtree(left)
    try:
        save(student, part)
        (part / TRAINING).mkdir()
        save_file({name: tensor.contiguous() for name, tensor in optimizer.items()}, part / TRAINING / _OPTIMIZER)
        (part / TRAINING / _STATE).write_text(json.dumps(asdict(state)) + "\n", encoding="utf-8")
        _sync(part)
        if target.exists():  # made before, by a process that was killed before it could say so
            shutil.rmtree(target)
        part.rename(target)
        _sync_folder(target.parent)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        what = f"the checkpoint of step {state.step} cannot be written to {target}: {error.strerror or error}"
        raise (RunDiskFull if error.errno == 28 else RunError)(what) from error
    for old in sorted(target.parent.glob("step-*"))[:-keep_last]:
        shutil.rmtree(old)
    return Checkpoint(state.step, name, digest(student))


def read(folder: Path) -> tuple[State, dict[str, Any]]:
    """Where the run stood, and the optimizer's state, from a checkpoint's folder.

    Raises:
        RunError: the folder is gone or is not a checkpoint that a run can go on from.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state = State(**json.loads((folder / TRAINING / _STATE).read_text(encoding="utf-8")))
        return state, load_file(folder / TRAINING / _OPTIMIZER)
    except (OSError, ValueError, TypeError, SafetensorError) as error:
        raise RunError(f"the run cannot go on from {folder}: {error}; start a new run from an older student") from error


def _sync(folder: Path) -> None:
    """Have everything in `folder` on the disk."""
    for place, _, files in os.walk(folder):
        for file in files:
            with open(Path(place) / file, "rb") as opened:
                os.fsync(opened.fileno())
        _sync_folder(Path(place))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
