"""Stop a process so that it provably does nothing, let it go on, and read from the kernel what it used.

Everything here is seen from outside: signals that cannot be blocked, and the kernel's own accounts in /proc and in the
process's CPU clock. Nothing the process says about itself is asked for.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from journeyman.errors import CandidateFailure

# A thread stops when it next returns to user mode: microseconds, unless a device keeps it.
_STOP_WITHIN_S = 2.0


class Gone(Exception):
    """The process has ended."""


def freeze(pid: int) -> None:
    """Stop every thread of `pid` and return when the kernel says that all are stopped.

    Raises Gone if the process has ended, and CandidateFailure if it will not stop (its threads can go on sending it SIGCONT)
    or has child processes, which were forbidden to it.
    """
    _signal(pid, signal.SIGSTOP)
    deadline = time.monotonic() + _STOP_WITHIN_S
    while not is_frozen(pid):
        if time.monotonic() > deadline:
            raise CandidateFailure(
                "killed", f"the program could not be stopped within {_STOP_WITHIN_S:g} s; it must not wake itself"
            )
        os.sched_yield()
    if _children(pid):
        raise CandidateFailure("processes", "the program started another process, which is not allowed")


def thaw(pid: int, settle_s: float = 0.002) -> None:
    """Let `pid` go on, and return when its main thread waits for input again, at the latest after `settle_s` seconds."""
    _signal(pid, signal.SIGCONT)
    deadline = time.monotonic() + settle_s
    while _state(f"/proc/{pid}/stat") != "S" and time.monotonic() < deadline:
        os.sched_yield()


def is_frozen(pid: int) -> bool:
    """Whether every thread of `pid` is stopped now. Raises Gone if the process has ended."""
    states = [_state(f"/proc/{pid}/task/{tid}/stat") for tid in _threads(pid)]
    living = [s for s in states if s not in "ZX"]
    if not living:
        raise Gone
    return all(s in "Tt" for s in living)


def cpu_s(pid: int) -> float:
    """CPU seconds that all threads of `pid`, dead ones too, have used. Raises Gone."""
    try:
        # Linux's number for the CPU clock of another process: the complement of its id, and 2 for "as scheduled".
        return time.clock_gettime((~pid << 3) | 2)
    except OSError as error:
        raise Gone from error


def waited_s(pid: int | None = None) -> float:
    """Seconds that the main thread of `pid` (None: the calling thread) was ready to run and had no processor.

    0.0 where the kernel keeps no such account. Raises Gone.
    """
    path = "/proc/thread-self/schedstat" if pid is None else f"/proc/{pid}/task/{pid}/schedstat"
    try:
        with open(path, "rb") as file:
            return int(file.read().split()[1]) * 1e-9
    except FileNotFoundError as error:
        if pid is not None and not Path(f"/proc/{pid}/task/{pid}").exists():
            raise Gone from error
        return 0.0
    except ProcessLookupError as error:
        raise Gone from error
    except (OSError, IndexError, ValueError):
        return 0.0


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError as error:
        raise Gone from error


def _threads(pid: int) -> list[int]:
    try:
        return sorted(int(name) for name in os.listdir(f"/proc/{pid}/task"))
    except (FileNotFoundError, ProcessLookupError) as error:
        raise Gone from error


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for tid in _threads(pid):
        try:
            with open(f"/proc/{pid}/task/{tid}/children", "rb") as file:
                found += map(int, file.read().split())
        except OSError:
            continue
    return found


def _state(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return _after_name(file.read())[0].decode()
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def _after_name(stat: bytes) -> list[bytes]:
    # The second field, the program's name, may itself hold spaces and parentheses.
    return stat[stat.rindex(b")") + 2 :].split()
