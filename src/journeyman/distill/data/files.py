"""Rows of jsonl, json and Parquet files, read no further than asked for; files written whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from journeyman.errors import DataInvalid, MissingExtra

Row = Mapping[str, Any]

SUFFIXES = (".parquet", ".jsonl", ".ndjson", ".json")
_BATCH = 1024
_LONGEST_SHOWN = 60
_TURNS = {"prompt", "messages", "conversations"}
"""Fields of one row that are lists of objects, too."""


@dataclass(frozen=True)
class Where:
    """A place in a file, for the text of an error. `unit` is "line" of jsonl files, else "row"; both count from 1."""

    path: Path
    unit: str
    number: int

    def wrong(self, field: str, said: str) -> DataInvalid:
        """The error that says what is wrong with `field` here."""
        return DataInvalid(f"{self.path}, {self.unit} {self.number}, field '{field}': {said}")


def shown(value: Any) -> str:
    """A value as it may stand in a sentence: not longer than a line has room for."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


@dataclass(frozen=True)
class Source:
    """A file that rows can be taken from. `columns`: of the whole file (Parquet), or of its first row."""

    path: Path
    columns: tuple[str, ...]

    def rows(self, columns: tuple[str, ...], limit: int | None) -> Iterator[tuple[Where, Row]]:
        """The first `limit` rows, or all. Of Parquet files only `columns` are read, in batches.

        Raises DataInvalid for what is no row of this kind of file.
        """
        if self.path.suffix == ".parquet":
            found = _parquet_rows(self.path, [c for c in self.columns if c in columns], limit)
        else:
            found = _json_rows(self.path)
        return islice(found, limit)


def source(path: Path) -> Source:
    """Look at a file's columns. Raises DataInvalid: no such file, of another kind, damaged, or empty."""
    if path.suffix not in SUFFIXES:
        raise DataInvalid(f"{path} ends in '{path.suffix}'; prompts are read from {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise DataInvalid(f"{path} is not there, or is not a file")
    if path.suffix == ".parquet":
        return Source(path, _parquet_columns(path))
    first = next(_json_rows(path), None)
    if first is None:
        raise DataInvalid(f"{path} holds no rows")
    return Source(path, tuple(first[1]))


def _parquet_columns(path: Path) -> tuple[str, ...]:
    with _parquet(path) as opened:
        if opened.metadata.num_rows == 0:
            raise DataInvalid(f"{path} holds no rows")
        return tuple(opened.schema_arrow.names)


def _parquet_rows(path: Path, columns: list[str], limit: int | None) -> Iterator[tuple[Where, Row]]:
    import pyarrow

    number = 0
    with _parquet(path) as opened:
        size = _BATCH if limit is None else max(1, min(limit, _BATCH))
        try:
            for batch in opened.iter_batches(batch_size=size, columns=columns):
                for row in batch.to_pylist():
                    number += 1
                    yield Where(path, "row", number), row
        except (pyarrow.ArrowException, OSError) as error:
            raise DataInvalid(f"{path} is damaged after row {number}: {_first_line(error)}") from error


def _parquet(path: Path) -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtra("Parquet files need pyarrow: pip install 'journeyman[distill]'") from error
    try:
        return pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataInvalid(f"{path} cannot be read as Parquet: {_first_line(error)}") from error


def _json_rows(path: Path) -> Iterator[tuple[Where, Row]]:
    """jsonl: an object a line. json: a list of objects, an object with such a list, or after all an object a line."""
    if path.suffix == ".json":
        whole = _one_document(path)
        if whole is not None:
            for number, row in enumerate(whole, start=1):
                yield _object(row, Where(path, "row", number))
            return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _object(_decoded(line, path, number), Where(path, "line", number))


def _one_document(path: Path) -> list[Any] | None:
    """The rows of a json file that is one document; None where it is many."""
    try:
        found = json.loads(path.read_bytes())
    except UnicodeDecodeError as error:
        raise DataInvalid(f"{path} is not UTF-8 text: {error}") from error
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and error.pos > 0:
            return None
        raise DataInvalid(f"{path} is not JSON: {error}") from error
    if isinstance(found, dict):
        lists = [value for value in found.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
        # One object with one list of objects in it is a data set; one that reads as a row is a row.
        return lists[0] if len(lists) == 1 and not _TURNS & found.keys() else [found]
    if isinstance(found, list):
        return found
    raise DataInvalid(f"{path} holds {shown(found)}; a list of objects was expected")


def _decoded(line: bytes, path: Path, number: int) -> Any:
    try:
        return json.loads(line)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataInvalid(f"{path}, line {number} is not JSON: {error}") from error


def _object(row: Any, where: Where) -> tuple[Where, Row]:
    if not isinstance(row, dict):
        raise DataInvalid(f"{where.path}, {where.unit} {where.number} is {shown(row)}; an object with fields was expected")
    return where, row


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0]


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under another name beside it, then rename: what stands at `path` is old or new, never half.

    Raises DataInvalid where it cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with unfinished.open("xb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise DataInvalid(f"{path} cannot be written: {error.strerror or error}") from error
