"""The one row that says what a run is."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import msgspec

from journeyman.runlog.event import checksum, decode
from journeyman.runlog.faults import damaged


class Header(msgspec.Struct, frozen=True):
    """See the attributes of `RunLog` of the same names; `header` is what the verb stored."""

    run_id: str
    verb: str
    created: float
    header: dict[str, Any]


def store_header(
    connection: sqlite3.Connection, run_id: str, verb: str, created: float, header: bytes
) -> None:
    """Write the row of a new run, inside the caller's transaction."""
    crc = header_checksum(run_id, verb, created, header)
    connection.execute("INSERT INTO run VALUES (1, ?, ?, ?, ?, ?)", (run_id, verb, created, header, crc))


def load_header(connection: sqlite3.Connection, folder: Path) -> Header:
    """Read it back.

    Raises:
        RunCorrupt: it is missing or not what was stored.
        sqlite3.Error: the table cannot be read.
    """
    row = connection.execute("SELECT run_id, verb, created, header, checksum FROM run").fetchone()
    if row is None:
        raise damaged(folder, "it has no header")
    run_id, verb, created, header, crc = row
    try:
        if header_checksum(run_id, verb, created, header) == crc:
            return Header(run_id, verb, created, decode(header))
    except (TypeError, msgspec.MsgspecError, UnicodeDecodeError):
        pass
    raise damaged(folder, "its header is not what was stored")


def header_checksum(run_id: str, verb: str, created: float, header: bytes) -> int:
    return checksum(1, run_id, verb, header, repr(created).encode())
