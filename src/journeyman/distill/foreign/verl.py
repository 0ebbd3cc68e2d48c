"""Rollouts as verl writes them: `trainer.rollout_data_dir` and `trainer.validation_data_dir`, one N.jsonl for each step.

A line has `input` and `output` (decoded without special tokens), `score` (sum of the token rewards), `step`, since 0.6 also
`gts` (the right answer), and whatever the reward function added, often `acc`. Log-probabilities and ids are not written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from journeyman.distill.foreign.record import Foreign, Record
from journeyman.distill.foreign.rows import json_lines, step_of, text_of
from journeyman.errors import DataInvalid


def looks_like(row: dict[str, Any]) -> bool:
    """Whether a line is verl's."""
    return {"input", "output"} <= row.keys() and ("score" in row or "step" in row)


def read_verl(path: Path) -> Foreign:
    """A dump's file, or the folder of one run with a file for each step. Raises DataInvalid, naming file, line, field."""
    files = sorted(path.glob("*.jsonl"), key=_step_in_name) if path.is_dir() else [path]
    records = [_record(row, where) for file in files for where, row in json_lines(file)]
    if not records:
        raise DataInvalid(f"{path} holds no rollouts")
    return Foreign("verl", tuple(records), ("the files leave out special tokens and log-probabilities",))


def _step_in_name(file: Path) -> tuple[int, str]:
    return (int(file.stem), "") if file.stem.isdigit() else (-1, file.stem)


def _record(row: dict[str, Any], where: str) -> Record:
    answer = row.get("gts")
    return Record(
        step_of(row, where),
        prompt=text_of(row, "input", where),
        response=text_of(row, "output", where),
        correct=_correct(row, where),
        answer=None if answer is None else str(answer),
    )


def _correct(row: dict[str, Any], where: str) -> bool | None:
    """`acc` where the reward function gives it, else a positive score: wrong answers are 0 in some rewards, -1 in others."""
    value = row.get("acc", row.get("score"))
    if value is None:
        return None
    if not isinstance(value, bool | int | float):
        raise DataInvalid(f"{where}: field 'score' is {value!r}, not a number")
    return value > 0
