"""What SQLite and the file system say when something fails, turned into one sentence and a named failure."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

from journeyman.errors import RunCorrupt, RunDiskFull, RunError, RunLocked, RunReadOnly

READ_ONLY_ERRNOS = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


# The statements are right, so "no such table", a number already taken or text that is no text (code 0) mean a file that
# is not as it was left.
_DAMAGE = frozenset(
    {
        0,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
    }
)


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code, 0 where Python's own layer raised."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def explain(error: sqlite3.Error | OSError, folder: Path) -> RunError:
    """The failure to raise in place of `error`, met while using the run in `folder`."""
    if isinstance(error, OSError):
        return _explain_os(error, folder)
    code = primary_code(error)
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _no_room(folder)):
        return disk_full(folder)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return read_only(folder)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return RunLocked(f"another program holds the database of the run in {folder}; close it and try again")
    if code == sqlite3.SQLITE_MISUSE or isinstance(error, sqlite3.ProgrammingError):
        return RunError(f"the log of the run in {folder} is closed")
    if code in _DAMAGE:
        return damaged(folder, str(error))
    return RunError(
        f"the disk failed under the run in {folder} ({error}); what was committed before is intact"
    )


def damaged(folder: Path, how: str) -> RunCorrupt:
    # SQLite quotes a broken schema over many lines.
    return RunCorrupt(f"the log of the run in {folder} is damaged ({how.splitlines()[0]})")


def disk_full(folder: Path) -> RunDiskFull:
    return RunDiskFull(
        f"no room left on the disk of {folder}; everything committed before is intact, so make room and resume the run"
    )


def read_only(folder: Path) -> RunReadOnly:
    return RunReadOnly(f"cannot write to {folder}; make it writable or choose another folder for runs")


def _explain_os(error: OSError, folder: Path) -> RunError:
    if error.errno in FULL_ERRNOS:
        return disk_full(folder)
    if error.errno in READ_ONLY_ERRNOS:
        return read_only(folder)
    return RunError(f"the run in {folder} cannot be used: {error.strerror or error}")


def _no_room(folder: Path) -> bool:
    # Where a full disk is met inside shared memory or a checkpoint, SQLite reports a plain I/O error.
    try:
        return os.statvfs(folder).f_bavail == 0
    except OSError:
        return False
