"""How many calls go to one endpoint at once: as many as it bears, found out by asking.

The rule is additive increase, multiplicative decrease (Chiu and Jain, 1989), which brings callers who share an endpoint
to fair shares without their knowing of one another:

- start at 4, so that a small account is not refused in its first second;
- a success adds one while callers wait for a permit, which doubles the window every round trip; from the first overload
  on, as many successes as the window is wide add one. With nobody waiting it does not grow: a window that was never
  filled says nothing about what the endpoint bears;
- an overload (429, 503, 529) halves the window. Calls that were sent before the last cut do not cut again, nor widen:
  one full round trip is one piece of news, however many replies bring it. This takes no clock;
- never below 1, never above the ceiling.

A timeout or a broken connection moves nothing: it may be the network's.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

START = 4


class Window:
    """The rule alone. Not thread-safe; `Gate` calls it under its lock.

    `width` calls may be in flight. Each call carries the `epoch` at which it was let through: the number of cuts before.
    """

    def __init__(self, ceiling: int) -> None:
        self.ceiling = ceiling
        self.width = min(START, ceiling)
        self.epoch = 0
        self._successes = 0

    def success(self, epoch: int, *, waiting: bool) -> None:
        """A call of `epoch` was answered, while others were waiting or not."""
        if epoch != self.epoch or not waiting:
            return
        self._successes += 1
        if self.epoch == 0 or self._successes >= self.width:
            self.width = min(self.ceiling, self.width + 1)
            self._successes = 0

    def overload(self, epoch: int) -> None:
        """A call of `epoch` was turned away."""
        if epoch != self.epoch:
            return
        self.width = max(1, self.width // 2)
        self.epoch += 1
        self._successes = 0


class Permit:
    """One call's place. `success` and `overload` say how it went; leaving the `with` gives the place back."""

    def __init__(self, gate: Gate, epoch: int) -> None:
        self._gate, self._epoch = gate, epoch

    def success(self) -> None:
        """The endpoint answered."""
        self._gate._tell(self._epoch, overloaded=False)

    def overload(self) -> None:
        """The endpoint turned the call away for lack of room."""
        self._gate._tell(self._epoch, overloaded=True)


class _Turn:
    """A caller in the queue. `epoch` is set when it is let through, before `called`."""

    def __init__(self) -> None:
        self.called = threading.Event()
        self.epoch: int | None = None


class Gate:
    """Lets at most `Window.width` callers through at once, in the order they came. Thread-safe.

    A place that becomes free is handed to the caller who waits longest; nobody polls.
    """

    def __init__(self, ceiling: int) -> None:
        self._window = Window(ceiling)
        self._lock = threading.Lock()
        self._inside = 0
        self._waiting: deque[_Turn] = deque()
        self._closed = False

    @property
    def width(self) -> int:
        """Calls that may be in flight now."""
        with self._lock:
            return self._window.width

    @contextmanager
    def permit(self) -> Iterator[Permit | None]:
        """Wait for a place and hold it; None if the gate is closed."""
        turn = _Turn()
        with self._lock:
            if not self._closed:
                self._waiting.append(turn)
                self._admit()
            else:
                turn.called.set()
        try:
            turn.called.wait()
            yield None if turn.epoch is None else Permit(self, turn.epoch)
        finally:  # also where Ctrl-C ended the wait: a place that was given meanwhile goes on to the next
            with self._lock:
                if turn.epoch is not None:
                    self._inside -= 1
                elif turn in self._waiting:
                    self._waiting.remove(turn)
                self._admit()

    def close(self) -> None:
        """Let nobody in any more, and send away who waits."""
        with self._lock:
            self._closed = True
            while self._waiting:
                self._waiting.popleft().called.set()

    def _admit(self) -> None:
        while self._waiting and self._inside < self._window.width:
            self._inside += 1
            turn = self._waiting.popleft()
            turn.epoch = self._window.epoch
            turn.called.set()

    def _tell(self, epoch: int, *, overloaded: bool) -> None:
        with self._lock:
            if overloaded:
                self._window.overload(epoch)
            else:
                self._window.success(epoch, waiting=bool(self._waiting))
                self._admit()
