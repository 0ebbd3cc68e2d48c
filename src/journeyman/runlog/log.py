"""The log of one run: append events in transactions, read them back in order.

**Durability.** A commit that returned survives the death of this process at any later moment. A durable commit is also
on the disk when it returns and survives a power cut, together with everything committed before it. A commit that did
not return is there entirely or not at all.

**One writer.** At most one process has a run open for writing. Any number read meanwhile, in this and other processes,
and see whole commits only.

**Threads.** A log may be shared by threads. `commit` holds the log's lock for the length of its block, so blocks of
different threads come one after the other; in asyncio, no block may contain an `await`, because the lock belongs to the
thread and another task would write into the same transaction.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from journeyman.errors import RunCorrupt, RunError, RunReadOnly, UsageError
from journeyman.runlog import blobs, schema
from journeyman.runlog.connect import connect_to_new, connect_to_read, connect_to_write, file_of
from journeyman.runlog.event import Event, checksum, decode, encode
from journeyman.runlog.faults import damaged, explain
from journeyman.runlog.header import load_header, store_header
from journeyman.runlog.lock import WriterLock
from journeyman.runlog.salvage import readable_events

_PAGE = 256
_INSERT = "INSERT INTO event (seq, kind, key, body, volatile, checksum) VALUES (?, ?, ?, ?, ?, ?)"


class RunLog:
    """Made by `RunLog.create` or `RunLog.open`; a context manager that closes itself.

    Attributes:
        folder: where the run lives.
        run_id: its name, that of the folder when it was created.
        verb: which job wrote it.
        header: what the run was asked to do: canonical, never changed. Treat it as read-only.
        created: Unix time, seconds.
        lock: held while a commit is open. Re-entrant; for whoever must keep one order of locks with this log.
    """

    def __init__(
        self,
        folder: Path,
        connection: sqlite3.Connection,
        writer: WriterLock | None,
        clean_up: Callable[[], None],
    ) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self._connection = connection
        self._writer = writer
        self._clean_up = clean_up
        self._committing = False
        self._durable = True
        self._closed = False
        self._failure: RunError | None = None
        self._last = self._committed = 0
        about = load_header(connection, folder)
        self.run_id: str = about.run_id
        self.verb: str = about.verb
        self.created: float = about.created
        self.header: dict[str, Any] = about.header

    @classmethod
    def create(cls, folder: Path, *, verb: str, header: dict[str, Any]) -> RunLog:
        """Make a run and open it for writing. It appears at `folder` complete or not at all.

        Args:
            folder: must not exist yet, or be empty; missing parents are made. Its name becomes the run's id.
            verb: which job writes it.
            header: plain data; part of the canonical projection.

        Raises:
            RunError: there is something in `folder` already.
            RunReadOnly, RunDiskFull: the place cannot be written to.
            UsageError: `header` is not plain data.
        """
        folder = folder.absolute()
        stored = encode(header)
        unfinished = folder.with_name(f".new-{folder.name}-{secrets.token_hex(4)}")
        writer = None
        try:
            if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
                raise RunError(f"{folder} is not empty; a new run needs a folder of its own")
            unfinished.mkdir(parents=True)
            writer = WriterLock(unfinished)
            connection = connect_to_new(unfinished)
            try:
                connection.execute("BEGIN IMMEDIATE")
                schema.create_tables(connection)
                store_header(connection, folder.name, verb, time.time(), stored)
                connection.execute("COMMIT")
            finally:
                # Closed before the rename, since SQLite finds its companions by name. This also empties the log.
                connection.close()
            blobs.sync_folder(unfinished)
            unfinished.rename(folder)
            blobs.sync_folder(folder.parent)
            return cls._open_for_writing(folder, writer)
        except (sqlite3.Error, OSError) as error:
            _discard(unfinished, writer)
            raise explain(error, folder) from error
        except BaseException:
            _discard(unfinished, writer)
            raise

    @classmethod
    def open(cls, folder: Path, *, write: bool = False) -> RunLog:
        """Open the run in `folder`: to read, or as its one writer.

        A writer brings an older file forward in place. A reader works on a read-only disk and beside a writer; all it
        may do to the files is to fold in, where it can, the write-ahead log of a writer that died.

        Raises:
            RunNotFound: there is no run.
            RunLocked: another process writes to it (only with `write`).
            RunReadOnly: its folder cannot be written to (only with `write`).
            RunTooNew: a newer version wrote it.
            RunCorrupt: it is damaged; the text says how many events could be read, and `salvage` gives them.
        """
        folder = folder.absolute()
        try:
            if write:
                return cls._open_for_writing(folder, None)
            connection, clean_up = connect_to_read(folder)
            return cls._checked(folder, connection, None, clean_up)
        except (sqlite3.Error, OSError) as error:
            raise _with_count(explain(error, folder), folder) from error
        except RunCorrupt as error:
            raise _with_count(error, folder) from error

    @classmethod
    def _open_for_writing(cls, folder: Path, writer: WriterLock | None) -> RunLog:
        file_of(folder)  # before the lock is made, so that asking for what is no run leaves nothing there
        held = writer or WriterLock(folder)
        try:
            connection = connect_to_write(folder)
            blobs.remove_unfinished(folder)
            return cls._checked(folder, connection, held, lambda: None)
        except BaseException:
            held.release()
            raise

    @classmethod
    def _checked(
        cls,
        folder: Path,
        connection: sqlite3.Connection,
        writer: WriterLock | None,
        clean_up: Callable[[], None],
    ) -> RunLog:
        try:
            log = cls(folder, connection, writer, clean_up)
            # Three sums over the keys, inside SQLite: a page that was lost or zeroed shows as a gap in the numbers.
            count, last, total = connection.execute(
                "SELECT count(*), max(seq), total(seq) FROM event"
            ).fetchone()
            if count and (last != count or total != count * (count + 1) / 2):
                raise damaged(folder, "events are missing")
            log._last = log._committed = count
        except BaseException:
            connection.close()
            clean_up()
            raise
        return log

    # --- writing --------------------------------------------------------------------------------------------------

    def commit(self, *, durable: bool = True) -> Commit:
        """One transaction: `with log.commit(): ...`. If the block raises, nothing of it is stored.

        Args:
            durable: wait until it is on the disk. Without, it survives a kill but perhaps not a power cut.

        Raises:
            RunDiskFull: no room; nothing of this block is stored, everything before is, and the log stays usable.
            RunReadOnly, UsageError: the log is open for reading, or inside another commit.
        """
        return Commit(self, durable)

    def append(
        self,
        kind: str,
        key: str,
        body: dict[str, Any] | None,
        volatile: dict[str, Any] | None = None,
        *,
        durable: bool = True,
    ) -> int:
        """Append one event and return its number: to the open commit, else as a commit of its own.

        Args:
            durable: as in `commit`; without effect inside one.

        Raises:
            UsageError: `body` or `volatile` is not plain data.
            As `commit`.
        """
        stored = None if body is None else encode(body)
        extra = None if volatile is None else encode(volatile)
        with self.lock:
            if self._committing:
                return self._insert(kind, key, stored, extra)
            with self.commit(durable=durable):
                return self._insert(kind, key, stored, extra)

    def put_blob(self, data: bytes) -> str:
        """Store bytes and return their SHA-256, hexadecimal. Known bytes are not stored again.

        Up to 1 MiB they lie in the database, above that in `blobs/`, written before the row that names them. Outside of
        a commit it is a durable commit of its own.

        Raises:
            As `commit`.
        """
        digest = hashlib.sha256(data).hexdigest()
        with self.lock:
            if not self._committing:
                with self.commit():
                    self._store(digest, data)
            else:
                self._store(digest, data)
        return digest

    def _insert(self, kind: str, key: str, body: bytes | None, volatile: bytes | None) -> int:
        self._raise_earlier_failure()
        seq = self._last + 1
        crc = checksum(seq, kind, key, body, volatile)
        try:
            self._connection.execute(_INSERT, (seq, kind, key, body, volatile, crc))
        except sqlite3.Error as error:
            self._failure = explain(error, self.folder)
            raise self._failure from error
        self._last = seq
        return seq

    def _store(self, digest: str, data: bytes) -> None:
        self._raise_earlier_failure()
        try:
            if not blobs.exists(self._connection, digest):
                blobs.store(self._connection, self.folder, digest, data)
        except (sqlite3.Error, OSError) as error:
            self._failure = explain(error, self.folder)
            raise self._failure from error

    def _raise_earlier_failure(self) -> None:
        # On some errors SQLite ends the transaction by itself; whatever came after would be stored on its own.
        if self._failure is not None:
            raise self._failure

    # --- reading --------------------------------------------------------------------------------------------------

    def blob(self, digest: str) -> bytes:
        """The bytes with this digest.

        Raises:
            RunError: the run has none.
            RunCorrupt: they are damaged or gone.
        """
        with self.lock:
            try:
                return blobs.load(self._connection, self.folder, digest)
            except (sqlite3.Error, OSError) as error:
                raise explain(error, self.folder) from error

    def blob_digests(self) -> list[str]:
        """The digests of all blobs, sorted."""
        with self.lock:
            try:
                return blobs.digests(self._connection)
            except sqlite3.Error as error:
                raise explain(error, self.folder) from error

    def __len__(self) -> int:
        """How many events there are."""
        with self.lock:
            return int(self._connection.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()[0])

    def events(self, kind: str | None = None, *, after: int = 0, page: int = _PAGE) -> Iterator[Event]:
        """Events in order, of one kind or all.

        Reads in pages and holds nothing between them: commits go on meanwhile, and what they append before the end is
        reached is seen too.

        Args:
            after: only events with a larger number.
            page: how many are read at a time; 1 for one known event.

        Raises:
            RunCorrupt: a stored event cannot be read; those before it were given out.
        """
        for seq, name, key, body, volatile in self.rows(kind, after=after, page=page):
            try:
                event = Event(
                    seq,
                    name,
                    key,
                    None if body is None else decode(body),
                    None if volatile is None else decode(volatile),
                )
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise _with_count(damaged(self.folder, f"event {seq} is no message"), self.folder) from error
            yield event

    def rows(
        self, kind: str | None = None, *, after: int = 0, page: int = _PAGE
    ) -> Iterator[tuple[int, str, str, bytes | None, bytes | None]]:
        """As `events`, but body and volatile as their stored bytes (msgpack), for callers with a decoder of their own."""
        query = "SELECT seq, kind, key, body, volatile, checksum FROM event WHERE seq > ?"
        if kind is not None:
            query += " AND kind = ?"
        query += f" ORDER BY seq LIMIT {page}"
        while True:
            with self.lock:
                try:
                    read = self._connection.execute(
                        query, (after,) if kind is None else (after, kind)
                    ).fetchall()
                except sqlite3.Error as error:
                    raise _with_count(explain(error, self.folder), self.folder) from error
            for seq, name, key, body, volatile, crc in read:
                try:
                    whole = crc == checksum(seq, name, key, body, volatile)
                except TypeError:  # damage can turn bytes into a text or a number
                    whole = False
                if not whole:
                    raise _with_count(
                        damaged(self.folder, f"event {seq} is not what was stored"), self.folder
                    )
                yield seq, name, key, body, volatile
            if len(read) < page:
                return
            after = read[-1][0]

    # --- the end --------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the file and give up the writer's lock. Harmless when done twice."""
        with self.lock:
            if not self._closed:
                self._closed = True
                self._connection.close()
                self._clean_up()
                if self._writer is not None:
                    self._writer.release()

    def __enter__(self) -> RunLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Commit:
    """One transaction of a log, as a context manager; see `RunLog.commit`."""

    def __init__(self, log: RunLog, durable: bool) -> None:
        self._log = log
        self._durable = durable

    def __enter__(self) -> None:
        log = self._log
        log.lock.acquire()
        begun = False
        try:
            if log._writer is None:
                raise RunReadOnly(f"the run in {log.folder} is open for reading only")
            if log._committing:
                raise UsageError(
                    "a commit cannot be opened inside another one; append to the one that is open"
                )
            if log._durable != self._durable:
                log._connection.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
                log._durable = self._durable
            begun = True
            log._connection.execute("BEGIN IMMEDIATE")
            log._committing = True
            log._failure = None
        except sqlite3.Error as error:
            log.lock.release()
            raise explain(error, log.folder) from error
        except BaseException:
            # A refusal, or an interrupt between the steps above: the block will not run, so neither will `__exit__`.
            if begun:
                log._committing = False
                if log._connection.in_transaction:
                    log._connection.execute("ROLLBACK")
            log.lock.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        log = self._log
        try:
            if kind is None:
                log._raise_earlier_failure()
                log._connection.execute("COMMIT")
                log._committed = log._last
        except sqlite3.Error as failure:
            raise explain(failure, log.folder) from failure
        finally:
            # SQLite itself rolls back on some errors, a full disk among them.
            log._committing = False
            log._last = log._committed
            log._failure = None
            try:
                if log._connection.in_transaction:
                    log._connection.execute("ROLLBACK")
            finally:
                log.lock.release()


def _with_count(error: RunError, folder: Path) -> RunError:
    if isinstance(error, RunCorrupt) and "could be read" not in str(error):
        return RunCorrupt(f"{error}; {readable_events(folder)}")
    return error


def _discard(unfinished: Path, writer: WriterLock | None) -> None:
    if writer is not None:
        writer.release()
    shutil.rmtree(unfinished, ignore_errors=True)
