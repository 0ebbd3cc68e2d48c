"""A run as a table: one row an event, one column a field of the bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from journeyman.errors import MissingExtra
from journeyman.runlog.log import RunLog

if TYPE_CHECKING:
    import pandas


def frame(log: RunLog) -> pandas.DataFrame:
    """Events as rows, in order: columns seq, kind, key, then `body.FIELD` and `volatile.FIELD` for each top-level field.

    A field that is always an integer, a number, a bool or a string keeps that type, and is missing (NA) where an event
    has no such field. Anything else (nested data, mixed types) is JSON text, which Parquet can hold too.

    Raises:
        MissingExtra: pandas or pyarrow is not installed.
        RunCorrupt: a stored event cannot be read.
    """
    try:
        import pandas
        import pyarrow  # noqa: F401  (Parquet and strings need it; said here once for both)
    except ImportError as error:
        raise MissingExtra(
            f"tables of runs need {error.name}, which is not installed; run: pip install 'journeyman[frames]'"
        ) from error
    events = list(log.events())
    columns: dict[str, list[Any]] = {}
    for row, event in enumerate(events):
        for name, part in (("body", event.body), ("volatile", event.volatile)):
            for field, value in (part or {}).items():
                column = columns.get(f"{name}.{field}")
                if column is None:
                    column = columns[f"{name}.{field}"] = [None] * len(events)
                column[row] = value
    data: dict[str, Any] = {
        "seq": pandas.array([event.seq for event in events], dtype="int64"),
        "kind": pandas.array([event.kind for event in events], dtype="string"),
        "key": pandas.array([event.key for event in events], dtype="string"),
    }
    for name, values in columns.items():
        dtype = _dtype(values)
        data[name] = pandas.array(
            values if dtype else [_text(value) for value in values], dtype=dtype or "string"
        )
    return pandas.DataFrame(data)


def _dtype(values: list[Any]) -> str | None:
    """The pandas type that holds all these values exactly, or None."""
    types = {type(value) for value in values if value is not None}
    if types == {bool}:
        return "boolean"
    if types == {str}:
        return "string"
    if types and types <= {int, float}:
        # A float holds integers exactly up to 2**53, an Int64 up to 2**63.
        bound = 2**63 if types == {int} else 2**53
        if all(abs(value) < bound for value in values if type(value) is int):
            return "Int64" if types == {int} else "Float64"
    return None


def _text(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value, order="deterministic").decode()
