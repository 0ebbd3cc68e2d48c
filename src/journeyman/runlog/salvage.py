"""What can still be read of a damaged run: events from the first up to the damage."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from journeyman.runlog.connect import FILE_NAME
from journeyman.runlog.event import Event, checksum, decode


def salvage(folder: Path) -> Iterator[Event]:
    """Events of the run in `folder` in order, until the first that cannot be read. Never raises for damage."""
    for how in ("mode=ro", "immutable=1"):  # the second where nothing can be made beside the file
        try:
            uri = f"{(folder / FILE_NAME).absolute().as_uri()}?{how}"
            connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        except sqlite3.Error:
            continue
        try:
            connection.execute("PRAGMA schema_version")
        except sqlite3.OperationalError:
            connection.close()
            continue
        except sqlite3.DatabaseError:
            pass
        yield from _readable(connection)
        return


def _readable(connection: sqlite3.Connection) -> Iterator[Event]:
    try:
        # With a writable schema SQLite reads a file that is shorter than its header says.
        connection.execute("PRAGMA writable_schema = ON")
        columns = {row[1] for row in connection.execute("PRAGMA table_info(event)")}
        newer = ", volatile, checksum" if "checksum" in columns else ", NULL, NULL"
        rows = connection.execute(f"SELECT seq, kind, key, body{newer} FROM event ORDER BY seq")
        for expected, (seq, kind, key, body, volatile, crc) in enumerate(rows, 1):
            if seq != expected or (crc is not None and crc != checksum(seq, kind, key, body, volatile)):
                return
            yield Event(seq, kind, key, _decoded(body), _decoded(volatile))
    except (sqlite3.Error, msgspec.MsgspecError, TypeError, UnicodeDecodeError):
        return
    finally:
        connection.close()


def readable_events(folder: Path) -> str:
    """For the sentence that reports damage: how many events `salvage` gives."""
    count = sum(1 for _ in salvage(folder))
    return f"{count} event{'' if count == 1 else 's'} could be read"


def _decoded(stored: bytes | None) -> dict[str, object] | None:
    return None if stored is None else decode(stored)
