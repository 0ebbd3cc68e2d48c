"""Workers in this process: threads, for agents that wait for a model or a program. `process` has those that compute.

A worker has one unit at a time, and posts what comes of it into one queue that all workers share.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from journeyman.foresee.evaluation.perform import Performer, Played
from journeyman.foresee.evaluation.schedule import Unit


@dataclass(frozen=True)
class Through:
    """A worker is through with a unit. `failure`: what ended it before its end."""

    unit: Unit
    failure: BaseException | None = None


Post = queue.SimpleQueue[tuple["Worker", Played | Through]]


class Worker(Protocol):
    """Plays a unit at a time. Its methods are called by one thread."""

    def send(self, unit: Unit) -> None:
        """Begin with it."""

    def stop(self) -> None:
        """Begin no further episode."""

    def close(self) -> None:
        """End, and wait for the end."""


class Thread:
    """A worker in this process. `performer` is made in the thread that uses it."""

    def __init__(self, performer: Callable[[], Performer], post: Post) -> None:
        self._performer, self._post = performer, post
        self._units: queue.SimpleQueue[Unit | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="episodes", daemon=True)
        self._thread.start()

    def send(self, unit: Unit) -> None:
        self._units.put(unit)

    def stop(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        """The episode under way goes on to its end, or until its model is closed."""
        self.stop()
        self._units.put(None)
        self._thread.join()

    def _work(self) -> None:
        performer: Performer | None = None
        while (unit := self._units.get()) is not None:
            failure: BaseException | None = None
            try:
                performer = performer or self._performer()
                for played in performer.perform(unit, self._stopped.is_set):
                    self._post.put((self, played))
            except BaseException as error:  # noqa: BLE001 - it is raised again by whoever reads the queue
                failure = error
            self._post.put((self, Through(unit, failure)))


class Inline:
    """The only worker: plays in the caller's own thread, so that Ctrl-C comes through and nothing is in parallel."""

    def __init__(self, performer: Performer) -> None:
        self._performer = performer
        self._stopped = False

    def play(self, unit: Unit, took: Callable[[Played], None]) -> Through:
        """Play it; `took` is called for each episode."""
        try:
            for played in self._performer.perform(unit, lambda: self._stopped):
                took(played)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - as of the other workers
            return Through(unit, error)
        return Through(unit)

    def stop(self) -> None:
        """Begin no further episode."""
        self._stopped = True
