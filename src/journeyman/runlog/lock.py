"""One writer a run: a lock the kernel gives back when its holder dies, however it dies.

`flock` on a file of its own, because closing any descriptor of the database would drop SQLite's POSIX locks. The
descriptor is closed on exec and, in a child that is forked and never execs, by a fork hook: only the writer's own death
or `release` can matter. The file names its holder, for the sentence that refuses the second writer.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import weakref
from pathlib import Path

from journeyman.errors import RunLocked

LOCK_NAME = "run.lock"


class WriterLock:
    """Held from construction to `release`.

    Raises:
        RunLocked: another process (or this one, through another log) holds it; the text names its pid.
        OSError: the file cannot be made or opened for writing.
    """

    def __init__(self, folder: Path) -> None:
        self._fd: int | None = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._fd, 64, 0).split()
            self._close()
            who = f"process {holder[0].decode('ascii', 'replace')}" if holder else "another process"
            raise RunLocked(
                f"{who} is writing to the run in {folder}; wait for it to end or stop it"
            ) from None
        except OSError:
            self._close()
            raise
        # A disk so full that even this line finds no room does not stop the run: the lock is held without it.
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"{os.getpid()} {_start_time(os.getpid())}\n".encode(), 0)
        held = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _close_if_alive(held))

    def release(self) -> None:
        """Give the lock back. Harmless when done twice."""
        if self._fd is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, 0)
            self._close()

    def _close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def writer_pid(folder: Path) -> int | None:
    """The living process that holds the run's lock, as its file says; None where nobody does.

    Looks at the file and at /proc only: trying the lock itself could turn away a writer that starts at this moment.
    """
    try:
        pid, started = (folder / LOCK_NAME).read_text().split()
        return int(pid) if _start_time(int(pid)) == started else None
    except (OSError, ValueError):
        return None


def _start_time(pid: int) -> str:
    # Field 22 of /proc/PID/stat, counted after the command name, which may itself hold blanks and parentheses. With it
    # a recycled pid is not taken for the writer.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def _close_if_alive(held: weakref.ref[WriterLock]) -> None:
    lock = held()
    if lock is not None:
        lock._close()
