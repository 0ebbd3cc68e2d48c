"""No evaluation twice: verdicts kept across runs, for verifiers that repeat themselves bit for bit.

The key holds everything a verdict depends on: candidate, task (with its verifier, instances and limits), split, repeat,
environment and isolation level. A hit saves time, not budget: a run that finds its verdict here is charged as if it had
measured it, so that two runs of the same command have the same log.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import threading
from pathlib import Path

import msgspec

from journeyman.verify.candidate import Candidate
from journeyman.verify.task import Task
from journeyman.verify.verdict import Status, Verdict

# Faults of the machine or the verifier may be gone next time, and a timeout depends on the machine's load.
_KEPT = (Status.OK, Status.INFEASIBLE, Status.CANDIDATE_ERROR)
_SCHEMA = "CREATE TABLE IF NOT EXISTS verdicts (key TEXT PRIMARY KEY, verdict BLOB NOT NULL) WITHOUT ROWID"


def cache_path() -> Path:
    """Where verdicts are kept: $JOURNEYMAN_CACHE, else the user's cache folder."""
    if "JOURNEYMAN_CACHE" in os.environ:
        return Path(os.environ["JOURNEYMAN_CACHE"]) / "verdicts.sqlite"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "journeyman" / "verdicts.sqlite"


def verdict_key(
    task: Task, candidate: Candidate, split: str, repeat: int, environment: str, level: str
) -> str:
    """SHA-256 over everything that the verdict depends on."""
    parts = (task.digest, candidate.digest, split, repeat, environment, level)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


class VerdictCache:
    """A file of verdicts, shared by threads and processes. A cache that cannot be used is an empty one: it never fails."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        with contextlib.suppress(OSError, sqlite3.Error):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=OFF")
            self._db.execute(_SCHEMA)

    def get(self, key: str) -> Verdict | None:
        """The verdict kept under `key`, marked as cached."""
        with self._lock, contextlib.suppress(sqlite3.Error, msgspec.MsgspecError):
            row = (
                self._db.execute("SELECT verdict FROM verdicts WHERE key = ?", (key,)).fetchone()
                if self._db
                else None
            )
            if row is not None:
                return msgspec.structs.replace(msgspec.msgpack.decode(row[0], type=Verdict), cached=True)
        return None

    def put(self, key: str, verdict: Verdict) -> None:
        """Keep a verdict, if it is of a kind that will be the same next time."""
        if verdict.status not in _KEPT or self._db is None:
            return
        with self._lock, contextlib.suppress(sqlite3.Error):
            self._db.execute(
                "INSERT OR IGNORE INTO verdicts VALUES (?, ?)", (key, msgspec.msgpack.encode(verdict))
            )

    def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            self._db.close()
            self._db = None
