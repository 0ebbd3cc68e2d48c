"""Open a run's SQLite file: to write, to read beside a writer, to read where nothing can be written.

Reading a file in WAL mode normally wants to create or lock its `-shm` beside it. Where the folder does not allow that:

- no log left over: the file is complete, and is opened as immutable;
- a crashed writer's log left over: file and log are copied to a private temporary folder and read there, because to
  ignore the log would lose events and to replay it in place is impossible.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from journeyman.errors import RunCorrupt, RunNotFound, RunTooNew
from journeyman.runlog import schema
from journeyman.runlog.faults import damaged, primary_code

FILE_NAME = "run.sqlite"
WAL_PAGES = 512
"""Pages of 4 KiB after which a commit moves the write-ahead log into the file: 2 MiB.

Small, because a log that still grows costs a sync of the file system's own journal at each durable commit; one that is
used again from its start does not.
"""

_CANNOT_SHARE = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_PERM,
    }
)


def connect_to_write(folder: Path) -> sqlite3.Connection:
    """A connection that may write; an older file is migrated. The caller holds the writer's lock.

    Raises:
        RunNotFound, RunTooNew, RunCorrupt: there is no such file, or it is not one this version can use.
        sqlite3.Error: anything SQLite has against it.
    """
    connection = _connect(file_of(folder).as_uri() + "?mode=rw")
    try:
        version = _check_version(connection, folder)
        _check_size(connection, folder)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        if version < schema.VERSION:
            schema.migrate(connection, version)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(folder: Path) -> tuple[sqlite3.Connection, Callable[[], None]]:
    """A connection that cannot write, and what to call once it is closed.

    Raises:
        RunNotFound, RunTooNew, RunCorrupt: there is no such file, or it is not one this version can use.
        sqlite3.Error: anything SQLite has against it.
    """
    connection, clean_up = _connect_somehow(folder)
    try:
        version = _check_version(connection, folder)
        _check_size(connection, folder)
        if version < schema.VERSION:
            # A reader may not touch the file, so it brings a copy in memory forward.
            copy = _connect(":memory:")
            connection.backup(copy)
            connection.close()
            connection = copy
            schema.migrate(connection, version)
        connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        clean_up()
        raise
    return connection, clean_up


def connect_to_new(folder: Path) -> sqlite3.Connection:
    """Make the file in `folder`, in WAL mode, without tables."""
    connection = _connect((folder / FILE_NAME).absolute().as_uri() + "?mode=rwc")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _connect_somehow(folder: Path) -> tuple[sqlite3.Connection, Callable[[], None]]:
    file = file_of(folder)
    try:
        # Not mode=ro: the last reader to leave could then not tidy away the `-wal` and `-shm` it had to make.
        return _probed(_connect(file.as_uri() + "?mode=rw")), _nothing
    except sqlite3.OperationalError as error:
        if primary_code(error) not in _CANNOT_SHARE:
            raise
    left_over = file.with_name(FILE_NAME + "-wal")
    if not left_over.exists() or left_over.stat().st_size == 0:
        return _probed(_connect(file.as_uri() + "?immutable=1")), _nothing
    place = tempfile.TemporaryDirectory(prefix="journeyman-read-")
    try:
        shutil.copyfile(file, Path(place.name, FILE_NAME))
        shutil.copyfile(left_over, Path(place.name, left_over.name))
        return _probed(_connect(Path(place.name, FILE_NAME).as_uri() + "?mode=rw")), place.cleanup
    except BaseException:
        place.cleanup()
        raise


def _connect(uri: str) -> sqlite3.Connection:
    # Transactions are begun and ended by name (isolation_level None); threads are kept apart by the log's own lock.
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=10.0)


def _probed(connection: sqlite3.Connection) -> sqlite3.Connection:
    # SQLite opens files when they are first read, so only a read shows whether this way of opening works.
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def file_of(folder: Path) -> Path:
    """The database of the run in `folder`, absolute.

    Raises:
        RunNotFound: there is none.
        RunCorrupt: its first bytes are not those of a run.
        OSError: it cannot be read.
    """
    file = (folder / FILE_NAME).absolute()
    if not file.is_file():
        raise RunNotFound(f"there is no run in {folder}: it has no {FILE_NAME}")
    with file.open("rb") as opened:
        start = opened.read(72)
    if not start.startswith(b"SQLite format 3\0") or start[68:] != schema.APPLICATION_ID.to_bytes(4, "big"):
        raise RunCorrupt(f"{file} is not the log of a run")
    return file


def _check_version(connection: sqlite3.Connection, folder: Path) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version < 1:
        raise damaged(folder, f"schema version {version}")
    if version > schema.VERSION:
        raise RunTooNew(
            f"the run in {folder} was written by a newer Journeyman (schema {version}, this one reads up to "
            f"{schema.VERSION}); install the newer version to use it"
        )
    return int(version)


def _check_size(connection: sqlite3.Connection, folder: Path) -> None:
    # SQLite notices a file cut at a page's edge and reads one cut inside a page as if the rest were zeros. With a log
    # left over the file alone need not be whole.
    file = folder / FILE_NAME
    log = file.with_name(FILE_NAME + "-wal")
    (page_size,) = connection.execute("PRAGMA page_size").fetchone()
    if file.stat().st_size % page_size and not (log.exists() and log.stat().st_size):
        raise damaged(folder, "its last page is cut short")


def _nothing() -> None:
    pass
