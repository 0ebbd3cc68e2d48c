"""A candidate's process that is called many times: one round trip over two pipes for each call."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from journeyman.errors import CandidateFailure, UsageError
from journeyman.sandbox import ending
from journeyman.sandbox.limits import Plain
from journeyman.sandbox.room import Room

_encode = json.JSONEncoder(separators=(",", ":")).encode


class Worker:
    """Use as a context manager. Not thread-safe. After a CandidateFailure the process is dead and every call fails alike.

    Each call may use `step_cpu_s` of CPU, measured from outside on the clock of the candidate's process, so threads it left
    behind count and nothing inside can stop the clock. `wall_s` and `cpu_s` bound the process's whole life: time that the
    caller spends between calls counts towards `wall_s`.
    """

    def __init__(self, room: Room, leave: Callable[[Room], None]) -> None:
        self._room, self._leave = room, leave
        self._failure: CandidateFailure | None = None
        self._closed = False
        self._cpu_s = 0.0  # at the last answer: what threads use between two calls belongs to the next one
        try:
            self._answer(None)
        except BaseException:
            self.close()
            raise

    def call(self, name: str, *args: Plain) -> Any:
        """Call function `name` of the module; returns plain data. Raises CandidateFailure(end, message)."""
        if self._failure is not None:
            raise self._failure
        if self._closed:
            raise UsageError(f"the worker is closed; {name!r} cannot be called")
        data = _encode((name, *args)).encode()
        self._room.ask(len(data).to_bytes(8, "little") + data)
        return self._answer(self._room.limits.step_cpu_s)

    def _answer(self, step_cpu_s: float | None) -> Any:
        room = self._room
        reason = room.wait(room.frame_ready, cpu_by=None if step_cpu_s is None else self._cpu_s + step_cpu_s)
        if reason is None:
            frame = room.take_frame()
            if not room.out:
                end, message, value, _ = ending.read_frame(*frame, room.limits, "json")
                if end == "returned":
                    self._cpu_s = room.cpu_s()
                    return value
            else:
                end, message = "malformed", "the candidate sent more than one answer to a call"
        else:
            cpu_s = room.cpu_s()
            self._end()
            end, message = ending.death(room, reason, cpu_s, step_cpu_s)
        self._failure = CandidateFailure(end, message)
        self._end()
        raise self._failure

    @property
    def cpu_s(self) -> float:
        """CPU seconds of the candidate's process so far."""
        return self._cpu_s if self._closed else self._room.cpu_s()

    @property
    def wall_s(self) -> float:
        """Seconds of the candidate's whole life; 0 until it has ended."""
        return ending.wall_s(self._room)

    @property
    def memory_mb(self) -> float:
        """Largest resident size, interpreter included; 0 until it has ended."""
        return ending.memory_mb(self._room)

    def _end(self) -> None:
        if not self._closed:
            self._cpu_s = self._room.cpu_s() or self._cpu_s
            self._closed = True
            self._leave(self._room)

    def close(self) -> None:
        """End the process. Idempotent."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
