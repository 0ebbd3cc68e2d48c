"""Lines of JSON as rows, with the file and line named where one is damaged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journeyman.errors import DataInvalid


def json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """("file, line n", object) for every line that is not blank. Raises DataInvalid for a line that is no object."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataInvalid(f"{path} cannot be read: {error}") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{path.name}, line {number}"
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataInvalid(f"{where}: not JSON ({error.msg}); was the file still being written?") from error
        if not isinstance(row, dict):
            raise DataInvalid(f"{where}: {type(row).__name__}, not an object with fields")
        yield where, row


def text_of(row: dict[str, Any], field: str, where: str) -> str:
    """A text field; chat messages are joined by line breaks. Raises DataInvalid where it is missing or something else."""
    value = row.get(field)
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(m, dict) and "content" in m for m in value):
        return "\n".join(str(message["content"] or "") for message in value)
    raise DataInvalid(f"{where}: field '{field}' is {type(value).__name__}, not a text or a list of messages")


def step_of(row: dict[str, Any], where: str) -> int | None:
    """The field 'step'; None without one. Raises DataInvalid where it is no whole number."""
    value = row.get("step")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise DataInvalid(f"{where}: field 'step' is {value!r}, not a whole number")
    return int(value)
