"""Makes `v1/run.sqlite`: a run as schema version 1 stored it, with today's code nowhere involved.

    python tests/runlog/data/make_v1.py

Version 1 kept everything of an event in `body`, which could not be missing, and stored every blob raw in the database.
The stored file is part of the tests; this script says what is in it and is run again only to look at that.
"""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import msgspec

SCHEMA = """
PRAGMA application_id = 0x4A6D526E;
PRAGMA user_version = 1;
CREATE TABLE run (
  id INTEGER PRIMARY KEY CHECK (id = 1), run_id TEXT NOT NULL, verb TEXT NOT NULL, created REAL NOT NULL,
  header BLOB NOT NULL
);
CREATE TABLE event (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE blob (digest TEXT PRIMARY KEY, data BLOB NOT NULL);
"""

HEADER = {"task": "operations/job_shop", "seed": 7}
BLOBS = [b"", b"def solve(instance):\n    return []\n", b"compressible " * 1000]


def events() -> list[tuple[str, str, dict[str, object]]]:
    made: list[tuple[str, str, dict[str, object]]] = []
    for index in range(20):
        key = str(index)
        made.append(("reserved", key, {"spend": {"evaluations": 1}}))
        candidate = hashlib.sha256(BLOBS[index % len(BLOBS)]).hexdigest()
        made.append(("verdict", key, {"candidate": candidate, "score": index / 8, "note": "größer"}))
    return made


def make(file: Path) -> None:
    encoder = msgspec.msgpack.Encoder(order="deterministic")
    connection = sqlite3.connect(file)
    connection.executescript("PRAGMA journal_mode = WAL;" + SCHEMA)
    connection.execute(
        "INSERT INTO run VALUES (1, 'optimize-v1', 'optimize', 1700000000.0, ?)", (encoder.encode(HEADER),)
    )
    connection.executemany(
        "INSERT INTO event (kind, key, body) VALUES (?, ?, ?)",
        [(kind, key, encoder.encode(body)) for kind, key, body in events()],
    )
    connection.executemany(
        "INSERT INTO blob VALUES (?, ?)", [(hashlib.sha256(data).hexdigest(), data) for data in BLOBS]
    )
    connection.commit()
    connection.close()


if __name__ == "__main__":
    folder = Path(__file__).with_name("v1")
    folder.mkdir(exist_ok=True)
    (folder / "run.sqlite").unlink(missing_ok=True)
    make(folder / "run.sqlite")
