"""Commands that answer line by line: started when they are needed, used by one episode at a time, killed at the end."""

from __future__ import annotations

import contextlib
import os
import queue
import shlex
import signal
import subprocess
import threading
from dataclasses import dataclass, field
from typing import IO

import msgspec

from journeyman.errors import EpisodeFailed, UsageError
from journeyman.foresee.agents.pipe_lines import PipeReply

LONGEST = 1 << 20
"""Bytes of one reply."""
KEPT = 4000
"""Bytes of stderr that are kept."""


@dataclass
class Borrowed:
    """Where a borrowed process is, so that who gives it back need not hold who borrowed it."""

    process: Process | None = None


@dataclass
class Pool:
    """Processes of one command, each used by one episode at a time. Thread-safe."""

    command: tuple[str, ...]
    timeout_s: float
    _idle: list[Process] = field(default_factory=list)
    _all: list[Process] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: bool = False

    def take(self) -> Process:
        """One that is idle, or a new one."""
        with self._lock:
            if self._closed:
                raise EpisodeFailed(f"the command {shlex.join(self.command)} was closed")
            if self._idle:
                return self._idle.pop()
            process = Process(self.command, self.timeout_s)
            self._all.append(process)
            return process

    def give_back(self, borrowed: Borrowed) -> None:
        """Keep it for the next episode, or end it where it has failed."""
        process, borrowed.process = borrowed.process, None
        if process is None:
            return
        with self._lock:
            if process.well and not self._closed:
                self._idle.append(process)
                return
            self._all = [other for other in self._all if other is not process]
        process.end()

    def close(self) -> None:
        """End all."""
        with self._lock:
            self._closed = True
            processes, self._all, self._idle = self._all, [], []
        for process in processes:
            process.end()


class Process:
    """One running command. `well`: it has answered all that it was asked, in time and as agreed."""

    def __init__(self, command: tuple[str, ...], timeout_s: float) -> None:
        self._name, self._timeout_s = shlex.join(command), timeout_s
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
            )
        except OSError as error:
            raise UsageError(f"the agent's command {self._name} cannot be started: {error.strerror}") from error
        self.well = True
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._said = b""
        self._threads = [
            threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._hear, args=(self._process.stderr,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def ask(self, line: bytes) -> PipeReply:
        """A turn to its stdin, a reply from its stdout. Raises EpisodeFailed; the process is of no use then."""
        self.well = False
        self._nothing_more()
        writer = threading.Thread(target=self._write, args=(line,), daemon=True)  # a pipe that nobody reads blocks
        writer.start()
        try:
            raw = self._lines.get(timeout=self._timeout_s)
        except queue.Empty:
            raise self._failed(f"gave no reply within {self._timeout_s:g} s") from None
        if not raw.endswith(b"\n"):
            if len(raw) >= LONGEST:
                raise self._failed(f"wrote a line of more than {LONGEST >> 20} MiB")
            status = self._ended()
            where = "in the middle of a line" if raw.strip() else "without a reply"
            raise self._failed(f"ended{status} {where}")
        try:
            reply = msgspec.json.decode(raw, type=PipeReply)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            shown = raw[:60].decode("utf-8", "replace").strip()
            raise self._failed(f'wrote {shown!r}, which is no reply as {{"text": "..."}}: {error}') from error
        self._nothing_more()
        self.well = True
        return reply

    def end(self) -> None:
        """Kill it with all that it has started."""
        self.well = False
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for thread in self._threads:
            thread.join(1.0)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _nothing_more(self) -> None:
        """A line that nobody asked for would be taken for the next reply."""
        with contextlib.suppress(queue.Empty):
            line = self._lines.get_nowait()
            if line:
                raise self._failed("wrote more than one line for one turn")
            self._lines.put(line)  # the end, which is no fault before the next turn

    def _write(self, line: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()

    def _read(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := pipe.readline(LONGEST):
                self._lines.put(line)
        self._lines.put(b"")

    def _hear(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):
            while said := pipe.readline(KEPT):
                self._said = (self._said + said)[-KEPT:]

    def _ended(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return f" with status {self._process.wait(1.0)}"
        return ""

    def _failed(self, how: str) -> EpisodeFailed:
        self._threads[1].join(0.2)
        said = self._said.decode("utf-8", "replace").strip()
        last = f"; the last of its stderr: {said[-500:]}" if said else ""
        return EpisodeFailed(f"the agent's command {self._name} {how}{last}")
