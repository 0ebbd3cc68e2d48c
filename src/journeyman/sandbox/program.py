"""Any program inside the same walls: a compiler, or what it made, with a pipe in and a pipe out."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from msgspec import Struct

from journeyman.errors import CandidateFailure
from journeyman.sandbox import ending
from journeyman.sandbox.room import Room
from journeyman.sandbox.text import tail


class ProgramEnded(Struct, frozen=True):
    """How a program ended. `end` is "exited" when it did so by itself, with `status`; else as in `Ended`.

    `stdout` is whole, as bytes; `stderr` a tail made visible; `files` those of `fetch` that are there, `problems` says of
    each other one why not. `message` is one sentence.
    """

    end: str
    status: int | None
    message: str
    stdout: bytes
    stderr: str
    files: dict[str, bytes]
    problems: dict[str, str]
    wall_s: float
    cpu_s: float
    memory_mb: float


class Program:
    """A running program. Use as a context manager. Not thread-safe.

    `send` and `receive` are a persistent pipe. Limits hold from its start, also while nobody waits for it: they are looked
    at whenever somebody does. The caller may stop and continue the process `pid`; stopped time counts towards `wall_s`.
    """

    def __init__(self, room: Room, leave: Callable[[Room], None]) -> None:
        self._room, self._leave = room, leave
        self._ended: ProgramEnded | None = None
        reason = room.wait(lambda: room.pid > 0)
        if reason is not None:
            self._conclude(reason)

    @property
    def pid(self) -> int:
        """Process id on this host."""
        return self._room.pid

    def cpu_s(self) -> float:
        """CPU seconds so far, to the nanosecond with `processes` 1."""
        return self._room.cpu_s()

    def send(self, data: bytes) -> None:
        """Write to its stdin; what it does not take at once is written during `receive` and `finish`."""
        self._room.ask(data)

    def receive(self, size: int) -> bytes:
        """The next `size` bytes of its stdout. Raises CandidateFailure when a limit is reached or it ends before."""
        printed = self._room.stdout
        reason = None
        if len(printed.data) < size:
            reason = self._room.wait(lambda: len(printed.data) >= size)
        if reason is not None:
            ended = self._conclude(reason)
            raise CandidateFailure(ended.end, ended.message)
        data = bytes(printed.data[:size])
        del printed.data[:size]
        return data

    def finish(self) -> ProgramEnded:
        """Close its stdin, wait for its end, fetch the files. Returns the same record when called again."""
        if self._ended is None:
            room = self._room
            room.close_input()
            self._conclude(room.wait(lambda: False))
        assert self._ended is not None
        return self._ended

    def _conclude(self, reason: str | None) -> ProgramEnded:
        room = self._room
        cpu_s = room.cpu_s()
        self._leave(room)
        status = room.status()
        if reason == "gone" and status is not None and status & 0x7F == 0:
            code = status >> 8
            end, message = "exited", f"the program exited with status {code}"
        else:
            code = None
            end, message = ending.death(room, reason or "killed", cpu_s)
        self._ended = ProgramEnded(
            end=end,
            status=code,
            message=message.replace("the candidate", "the program"),
            stdout=bytes(room.stdout.data),
            stderr=tail(room.stderr.data),
            files=dict(room.files),
            problems=dict(room.problems),
            wall_s=ending.wall_s(room),
            cpu_s=cpu_s or float((room.gone or {}).get("cpu_s", 0.0)),
            memory_mb=ending.memory_mb(room),
        )
        return self._ended

    def close(self) -> None:
        """Kill it if it is alive. Idempotent."""
        if self._ended is None:
            self._conclude("killed")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
