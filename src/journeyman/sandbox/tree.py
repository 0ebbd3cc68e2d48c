"""What a whole tree of processes uses, read from outside through /proc."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")
_LONGEST_PATH = 3500  # the kernel takes 4095 bytes, a name has up to 255
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)


class Usage(NamedTuple):
    """CPU seconds, bytes of private and shared memory, and number of tasks (threads included)."""

    cpu_s: float
    memory: int
    tasks: int


def pid_of(pidfd: int) -> int:
    """The process id, in our own namespace, behind a pidfd; -1 when it is gone."""
    with open(f"/proc/self/fdinfo/{pidfd}", encoding="ascii") as file:
        for line in file:
            if line.startswith("Pid:"):
                return int(line.split()[1])
    return -1


def cpu_clock(pid: int) -> int:
    """The identifier of a process's CPU clock (MAKE_PROCESS_CPUCLOCK of the kernel, CPUCLOCK_SCHED)."""
    return (~pid << 3) | 2


def cpu_seconds(clock: int) -> float | None:
    """CPU seconds of all threads of one process, exact to the nanosecond; None when it is gone."""
    try:
        return time.clock_gettime(clock)
    except OSError:
        return None


def descendants(pid: int) -> list[int]:
    """`pid` and everything below it that is alive now."""
    found, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        found.append(current)
        waiting += _children(current)
    return found


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(*_GONE):
        for task in os.listdir(f"/proc/{pid}/task"):
            with (
                contextlib.suppress(*_GONE),
                open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file,
            ):
                found += [int(child) for child in file.read().split()]
    return found


def usage(pids: list[int]) -> Usage:
    """Sums over `pids`; of shared pages each process counts its share where the kernel tells it, else all."""
    cpu, memory, tasks = 0.0, 0, 0
    for pid in pids:
        with contextlib.suppress(*_GONE):
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            cpu += sum(int(ticks) for ticks in fields[11:15]) / _TICKS
            tasks += int(fields[17])
            memory += _memory(pid)
    return Usage(cpu, memory, tasks)


def _memory(pid: int) -> int:
    """Bytes of anonymous and shared memory of one process, shared pages by share if we may know it."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            fields = dict(line.split()[:2] for line in file if line.startswith(("Pss_Anon:", "Pss_Shmem:")))
        if fields:
            return 1024 * sum(int(value) for value in fields.values())
    except _GONE:
        pass
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return 1024 * sum(int(line.split()[1]) for line in file if line.startswith(("RssAnon:", "RssShmem:")))


def folder_use(folder: str, pids: list[int]) -> tuple[int, int]:
    """Bytes and number of files below `folder`, files that are deleted but still open in `pids` included.

    The number is sys.maxsize where folders are nested too deep to be counted.
    """
    size = count = 0
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        if len(os.fsencode(path)) > _LONGEST_PATH:
            return size, sys.maxsize  # what lies deeper can no longer be counted
        with contextlib.suppress(*_GONE), os.scandir(path) as entries:
            for entry in entries:
                count += 1
                with contextlib.suppress(*_GONE):
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        size += entry.stat(follow_symlinks=False).st_blocks * 512
    for pid in pids:
        with contextlib.suppress(*_GONE):
            for fd in os.listdir(f"/proc/{pid}/fd"):
                with contextlib.suppress(*_GONE):
                    info = os.stat(f"/proc/{pid}/fd/{fd}")
                    if info.st_nlink == 0:
                        size += info.st_blocks * 512
    return size, count
