"""Rollouts as prime-rl exports them: token_exports/step_N/rank_R.jsonl, one sequence a line, schema version 1.

A line has `token_ids`, `loss_mask`, `inference_logprobs` (of the engine that sampled), `trainer_logprobs`, `entropy` and
`rewards`, one value a token each, and `export_step`. A folder with the file STABLE is whole; others are left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from journeyman.distill.foreign.record import Foreign, Record
from journeyman.distill.foreign.rows import json_lines
from journeyman.errors import DataInvalid

SCHEMA = 1
MARKER = "STABLE"


def looks_like(row: dict[str, Any]) -> bool:
    """Whether a line is prime-rl's."""
    return {"token_ids", "loss_mask", "schema_version"} <= row.keys()


def read_prime_rl(path: Path) -> Foreign:
    """A rank's file, a step's folder, or everything under an output folder. Raises DataInvalid, naming file and field."""
    files = sorted(path.rglob("rank_*.jsonl"), key=_order) if path.is_dir() else [path]
    whole = [file for file in files if not path.is_dir() or (file.parent / MARKER).exists()]
    if not whole:
        raise DataInvalid(f"{path} holds no finished step: none of its {len(files)} files has the marker {MARKER} beside it")
    notes = [] if len(whole) == len(files) else [f"{len(files) - len(whole)} files of unfinished steps were passed over"]
    records, torn = [], 0
    for file in whole:
        for where, row in json_lines(file):
            record, spans = _record(row, where)
            records.append(record)
            torn += spans > 1
    if torn:
        notes.append(f"{torn} sequences have several trained stretches; their first one is looked at")
    return Foreign("prime-rl", tuple(records), tuple(notes))


def _order(file: Path) -> tuple[int, str]:
    number = file.parent.name.removeprefix("step_")
    return int(number) if number.isdigit() else -1, str(file)


def _record(row: dict[str, Any], where: str) -> tuple[Record, int]:
    if row.get("schema_version") != SCHEMA:
        raise DataInvalid(f"{where}: schema_version is {row.get('schema_version')!r}; version {SCHEMA} is known")
    ids, mask = _column(row, "token_ids", where), _column(row, "loss_mask", where)
    if len(ids) != len(mask) or True not in mask:
        trained = mask.count(True)
        raise DataInvalid(f"{where}: {len(ids)} token_ids, but {len(mask)} values of loss_mask, {trained} of them true")
    begin = mask.index(True)
    end = mask.index(False, begin) if False in mask[begin:] else len(mask)
    spans = sum(now and not before for before, now in zip([False, *mask], mask, strict=False))
    step = row.get("export_step", row.get("step"))
    rewards = row.get("rewards") or []
    reward = rewards[end - 1] if len(rewards) >= end else None
    record = Record(
        int(step) if isinstance(step, int) else None,
        prompt_ids=tuple(ids[:begin]),
        response_ids=tuple(ids[begin:end]),
        logp=_floats(row, "inference_logprobs", begin, end, where),
        scored=_floats(row, "trainer_logprobs", begin, end, where),
        correct=None if reward is None else reward > 0,
    )
    return record, spans


def _column(row: dict[str, Any], field: str, where: str) -> list[Any]:
    value = row.get(field)
    if not isinstance(value, list):
        raise DataInvalid(f"{where}: field '{field}' is {type(value).__name__}, not a list")
    return value


def _floats(row: dict[str, Any], field: str, begin: int, end: int, where: str) -> tuple[float, ...] | None:
    """A stretch of a column; None where it is missing or has a hole: values that are not finite are written so."""
    if row.get(field) is None:
        return None
    values = _column(row, field, where)[begin:end]
    if len(values) != end - begin:
        raise DataInvalid(f"{where}: field '{field}' is shorter than token_ids")
    return None if None in values else tuple(float(value) for value in values)
