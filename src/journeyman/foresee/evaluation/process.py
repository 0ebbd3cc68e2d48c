"""Workers in processes of their own, for agents that only compute.

A process is started anew as this module, not forked or spawned from the caller's script, so that a notebook or a script
without a main guard can use it. It reads from its standard input and ends with it, so none outlives a caller that was
killed. Whatever a user's agent prints goes to standard error.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

import msgspec

import journeyman
from journeyman import errors
from journeyman.errors import EpisodeFailed, JourneymanError
from journeyman.foresee.evaluation.opened import Opened
from journeyman.foresee.evaluation.perform import Performer, Played
from journeyman.foresee.evaluation.plan import Given, Plan
from journeyman.foresee.evaluation.schedule import Unit
from journeyman.foresee.evaluation.workers import Post, Through
from journeyman.foresee.protocol.decision import Episode

_LENGTH = struct.Struct(">I")


class Begin(msgspec.Struct, tag="begin"):
    """What the run is about."""

    plan: Plan


class Play(msgspec.Struct, tag="play"):
    """A unit."""

    cell: int
    seed: int
    instances: tuple[int, ...]
    again: tuple[int, ...] | None


class Stop(msgspec.Struct, tag="stop"):
    """Begin no further episode."""


class Came(msgspec.Struct, tag="came"):
    """A finished episode, as `perform.Played`."""

    cell: int
    instance: int
    episode: Episode
    texts: dict[str, bytes]
    wall_s: float
    replies_s: tuple[float, ...]


class Ended(msgspec.Struct, tag="ended"):
    """The unit is through; `kind` is the class of the error that ended it, "" where none did."""

    kind: str = ""
    message: str = ""


class Process:
    """A worker in a process of its own. One that dies is posted as a failure of its unit."""

    def __init__(self, plan: Plan, post: Post) -> None:
        place = str(Path(journeyman.__file__).parents[1])
        path = os.pathsep.join(filter(None, (place, os.environ.get("PYTHONPATH", ""))))
        # One worker a core: a numerical library that starts threads of its own would only slow the others.
        env = {"OMP_NUM_THREADS": "1", **os.environ, "PYTHONPATH": path}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "journeyman.foresee.evaluation.process"], env=env,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from, self._post = self._process.stdin, self._process.stdout, post
        self._unit: Unit | None = None
        self._lock, self._over = threading.Lock(), False
        self._say(Begin(plan))
        self._thread = threading.Thread(target=self._listen, name="worker", daemon=True)
        self._thread.start()

    def send(self, unit: Unit) -> None:
        self._unit = unit
        self._say(Play(unit.cell, unit.seed, unit.instances, unit.again))
        if self._over:
            self._give_up()

    def stop(self) -> None:
        self._say(Stop())

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()
        self._from.close()
        with contextlib.suppress(OSError):
            self._to.close()

    def _say(self, message: Begin | Play | Stop) -> None:
        with contextlib.suppress(OSError):  # a process that has died is noticed by who listens
            write_frame(self._to, msgspec.msgpack.encode(message))

    def _listen(self) -> None:
        while (frame := read_frame(self._from)) is not None:
            said = msgspec.msgpack.decode(frame, type=Came | Ended)
            if isinstance(said, Came):
                played = Played(
                    said.cell, said.instance, said.episode, said.texts, wall_s=said.wall_s, replies_s=said.replies_s
                )
                self._post.put((self, played))
                continue
            unit, self._unit = self._unit, None
            assert unit is not None
            self._post.put((self, Through(unit, _failure(said))))
        self._process.wait()
        self._over = True
        self._give_up()

    def _give_up(self) -> None:
        """Say of the unit under way, once, that the process has died; it may have died before it was given one."""
        with self._lock:
            unit, self._unit = self._unit, None
        if unit is not None:
            status = self._process.returncode
            how = f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
            self._post.put((self, Through(unit, EpisodeFailed(f"a worker process was ended by {how}"))))


def main() -> None:
    """The process: reads units, writes episodes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's to answer
    told, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    units: queue.SimpleQueue[Begin | Play] = queue.SimpleQueue()
    stopped = threading.Event()
    threading.Thread(target=_listen, args=(told, units, stopped), daemon=True).start()
    begin = units.get()
    assert isinstance(begin, Begin)
    performer: Performer | None = None
    while True:
        play = units.get()
        assert isinstance(play, Play)
        ended = Ended()
        try:
            performer = performer or Performer(Opened(begin.plan, Given()))
            for played in performer.perform(Unit(play.cell, play.seed, play.instances, play.again), stopped.is_set):
                _answer(answers, _came(played))
        except Exception as error:  # noqa: BLE001 - it is raised again by the caller
            ended = Ended(type(error).__name__, str(error))
        _answer(answers, ended)


def write_frame(to: IO[bytes], data: bytes) -> None:
    """Send bytes, with their number before them."""
    to.write(_LENGTH.pack(len(data)) + data)
    to.flush()


def read_frame(source: IO[bytes]) -> bytes | None:
    """The next bytes that were sent; None at the end."""
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = source.read(length)
    return data if len(data) == length else None


def _answer(answers: IO[bytes], message: Came | Ended) -> None:
    try:
        write_frame(answers, msgspec.msgpack.encode(message))
    except OSError:  # the caller is gone
        os._exit(0)


def _came(played: Played) -> Came:
    return Came(played.cell, played.instance, played.episode, dict(played.texts), played.wall_s, played.replies_s)


def _listen(told: IO[bytes], units: queue.SimpleQueue[Begin | Play], stopped: threading.Event) -> None:
    while (frame := read_frame(told)) is not None:
        said = msgspec.msgpack.decode(frame, type=Begin | Play | Stop)
        if isinstance(said, Stop):
            stopped.set()
        else:
            units.put(said)
    os._exit(0)


def _failure(ended: Ended) -> BaseException | None:
    if not ended.kind:
        return None
    kind = getattr(errors, ended.kind, None)
    if isinstance(kind, type) and issubclass(kind, JourneymanError):
        with contextlib.suppress(TypeError):
            return kind(ended.message)
    return EpisodeFailed(f"{ended.kind}: {ended.message}")


if __name__ == "__main__":
    main()
