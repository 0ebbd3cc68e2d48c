"""The tables of a run's file, their version, and the steps that bring an older file forward.

A file is known by SQLite's `application_id`, its version by `user_version`. To change the tables: raise `VERSION`,
write `_migrate_N_to_N+1`, and store a file of version N with the tests.

| version | change |
|---|---|
| 1 | run, event, blob |
| 2 | run: `checksum`; event: `checksum`, `volatile` apart from `body`, no body needed; blob: `codec`, `size`, files |
"""

from __future__ import annotations

import sqlite3

from journeyman.runlog.event import checksum
from journeyman.runlog.header import header_checksum

APPLICATION_ID = 0x4A6D526E  # "JmRn"
VERSION = 2

_CREATE_RUN = """
CREATE TABLE run (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  run_id TEXT NOT NULL,
  verb TEXT NOT NULL,
  created REAL NOT NULL,   -- Unix time, seconds
  header BLOB NOT NULL,    -- msgpack
  checksum INTEGER NOT NULL -- CRC-32, see header.header_checksum
)"""

_CREATE_EVENT = """
CREATE TABLE event (
  seq INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  body BLOB,               -- msgpack; NULL: the event is volatile
  volatile BLOB,           -- msgpack
  checksum INTEGER NOT NULL -- CRC-32 of all of it, see event.checksum
)"""

_CREATE_BLOB = """
CREATE TABLE blob (
  digest TEXT PRIMARY KEY, -- SHA-256 of the content, hexadecimal
  codec TEXT NOT NULL CHECK (codec IN ('raw', 'zstd', 'file')),
  size INTEGER NOT NULL,   -- of the content, bytes
  data BLOB                -- NULL: blobs/DIGEST
)"""


def create_tables(connection: sqlite3.Connection) -> None:
    """Make an empty file of the current version, inside the caller's transaction."""
    for statement in (_CREATE_RUN, _CREATE_EVENT, _CREATE_BLOB):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring the file from `version` to the current one in a single transaction: either it happened or it did not."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in _STEPS[version - 1 :]:
            step(connection)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _migrate_1_to_2(connection: sqlite3.Connection) -> None:
    connection.create_function("header_checksum", 4, header_checksum, deterministic=True)
    connection.execute("ALTER TABLE run RENAME TO run_1")
    connection.execute(_CREATE_RUN)
    connection.execute(
        "INSERT INTO run SELECT id, run_id, verb, created, header, header_checksum(run_id, verb, created, header) FROM run_1"
    )
    connection.execute("DROP TABLE run_1")
    connection.execute("ALTER TABLE event RENAME TO event_1")
    connection.execute(_CREATE_EVENT)
    connection.create_function("checksum", 5, checksum, deterministic=True)
    connection.execute(
        "INSERT INTO event SELECT seq, kind, key, body, NULL, checksum(seq, kind, key, body, NULL) FROM event_1 ORDER BY seq"
    )
    connection.execute("DROP TABLE event_1")
    connection.execute("ALTER TABLE blob RENAME TO blob_1")
    connection.execute(_CREATE_BLOB)
    connection.execute("INSERT INTO blob SELECT digest, 'raw', length(data), data FROM blob_1")
    connection.execute("DROP TABLE blob_1")


_STEPS = (_migrate_1_to_2,)
