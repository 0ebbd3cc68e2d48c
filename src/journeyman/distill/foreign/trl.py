"""Rollouts as TRL writes them with `log_completions=True`: completions/completions_00010.parquet, one file a logged step.

Columns: `step`, `prompt`, `completion` (texts without special tokens, or lists of messages), from the reward trainers also
one column for each reward function and `advantage`. The same table reaches W&B as completions_*.table.json.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journeyman.distill.foreign.record import Foreign, Record
from journeyman.distill.foreign.rows import json_lines, step_of, text_of
from journeyman.errors import DataInvalid, MissingExtra

_NOT_REWARDS = ("step", "prompt", "completion", "advantage")


def looks_like(row: dict[str, Any]) -> bool:
    """Whether a row is TRL's."""
    return {"prompt", "completion"} <= row.keys()


def read_trl(path: Path) -> Foreign:
    """A table, a folder of them, or the output folder of a run. Raises DataInvalid, and MissingExtra without pyarrow."""
    folder = path / "completions" if (path / "completions").is_dir() else path
    files = sorted(tables(folder)) if folder.is_dir() else [folder]
    records = [_record(row, where) for file in files for where, row in table_rows(file)]
    if not records:
        raise DataInvalid(f"{path} holds no completions; TRL writes them with log_completions=True")
    return Foreign("trl", tuple(records), ("the tables leave out special tokens and log-probabilities",))


def tables(folder: Path) -> list[Path]:
    """Files of a folder that may be tables of completions."""
    return [*folder.glob("*.parquet"), *folder.glob("*.table.json")]


def table_rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """("file, row n", columns of that row). Raises DataInvalid for a damaged file."""
    if file.suffix == ".parquet":
        rows = _parquet(file)
    elif file.name.endswith(".table.json"):
        rows = _wandb(file)
    else:
        yield from json_lines(file)
        return
    for number, row in enumerate(rows, start=1):
        yield f"{file.name}, row {number}", row


def _parquet(file: Path) -> list[dict[str, Any]]:
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise MissingExtra(f"{file} is a Parquet file, which needs pyarrow: pip install pyarrow") from error
    try:
        rows: list[dict[str, Any]] = parquet.read_table(file).to_pylist()
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise DataInvalid(f"{file} is no readable Parquet file: {error}") from error
    return rows


def _wandb(file: Path) -> list[dict[str, Any]]:
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
        columns, data = table["columns"], table["data"]
        return [dict(zip(columns, values, strict=True)) for values in data]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataInvalid(f"{file} is no logged table with 'columns' and 'data': {error}") from error


def _record(row: dict[str, Any], where: str) -> Record:
    rewards = [
        value
        for name, value in row.items()
        if name not in _NOT_REWARDS and isinstance(value, int | float) and not isinstance(value, bool) and value == value
    ]
    return Record(
        step_of(row, where),
        prompt=text_of(row, "prompt", where),
        response=text_of(row, "completion", where),
        correct=rewards[0] > 0 if len(rewards) == 1 else None,
    )
