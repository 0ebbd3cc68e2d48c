"""Episodes that somebody outside plays, a request at a time: an evaluation whose agent waits to be told what to say.

    with Sitting("lake-6", mode="normal", instances=10) as sitting:
        shown = sitting.begin()                         # the first turn of the next episode, with the rules
        shown = sitting.say("<act>Left</act>")          # what came of it: the next turn, or the end of the episode

Rules, caps and the log are those of `evaluate`, which runs in a thread of its own; only the agent is somebody else.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from journeyman.errors import RunInterrupted, UsageError
from journeyman.foresee.agents.agent import Brief, Event, Turn
from journeyman.foresee.agents.wording import USUAL, Wording
from journeyman.foresee.evaluate import evaluate
from journeyman.foresee.evaluation.progress import Progress
from journeyman.foresee.evaluation.result import Result

GIVEN_UP = "<answer>given up</answer>"
"""Said for who begins another episode in the middle of one."""


@dataclass(frozen=True)
class Shown:
    """What whoever plays is shown.

    Attributes:
        events: since the last reply; may be empty at an episode's end.
        brief: the rules, with the first turn of an episode; None else.
        reason: why the episode has ended (as in `Episode`); "" while it goes on. success: whether it was won.
    """

    events: Sequence[Event]
    brief: Brief | None = None
    reason: str = ""
    success: bool = False


_Shown = queue.SimpleQueue[Shown | Result | BaseException]
_Said = queue.SimpleQueue[str | None]


class Sitting:
    """Plays the instances of one cell in order, each one episode. Used by one thread.

    Args:
        world: its name. agent: how who plays is to be called in the log.
        wording, format: how it is told, and what it is shown.
        rest: of `evaluate`: instances, split, seed, governors, world_models, memory, reliable, runs.

    Attributes:
        playing: whether an episode is under way.
        run: the folder of the log. played: episodes in it.
        result: once all are played.

    Raises UsageError and its kin: a name or a number that cannot be; nothing was begun.
    """

    def __init__(
        self, world: str, *, mode: str = "normal", agent: str = "client", wording: Wording = USUAL, format: str = "",
        **rest: Any,
    ) -> None:  # fmt: skip
        self.wording = wording
        self.result: Result | None = None
        self.run, self.played = Path(), 0
        self._from: _Shown = queue.SimpleQueue()
        self._to: _Said = queue.SimpleQueue()
        maker = _Maker(agent, wording, format or None, self._from, self._to)
        asked: dict[str, Any] = {"agents": maker, "modes": mode, "format": format, "parallel": 1, **rest}
        asked["on_progress"] = self._took
        self._thread = threading.Thread(target=self._play, args=(world, asked), name="sitting", daemon=True)
        self._thread.start()
        self.playing = False
        self._failure: BaseException | None = None
        self._next: Shown | None = self._wait()  # opened, or refused, before anybody waits for it

    def begin(self) -> Shown | None:
        """Begin the next episode, and give up one that is under way; None: all are played.

        Raises what ended the evaluation: EpisodeFailed and its kin.
        """
        if self.playing:
            self.say(GIVEN_UP)
        if self._failure is not None:
            raise self._failure
        first, self._next = self._next, None
        self.playing = first is not None
        return first

    def say(self, text: str) -> Shown:
        """A reply in the grammar, and what came of it.

        Raises UsageError: no episode is under way. EpisodeFailed and its kin: what ended the evaluation.
        """
        if self._failure is not None:
            raise self._failure
        if not self.playing:
            raise UsageError("no episode is under way; begin one")
        self._to.put(text)
        shown = self._wait()
        assert shown is not None, "an episode has an end"
        if shown.reason:
            self.playing = False
            with contextlib.suppress(Exception):  # what prevents the next episode is raised by whoever begins it
                self._next = self._wait()
        return shown

    def close(self) -> None:
        """End it. An episode under way is void; those that have ended are in the log."""
        self._to.put(None)
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _took(self, progress: Progress) -> None:
        self.run, self.played = progress.run, progress.played

    def _wait(self) -> Shown | None:
        """The next turn or end; None: all is played."""
        if self.result is not None:
            return None
        found = self._from.get()
        if isinstance(found, Result):
            self.result = found
            return None
        if isinstance(found, BaseException):
            self.playing, self._failure = False, found
            raise found
        return found

    def _play(self, world: str, asked: dict[str, Any]) -> None:
        try:
            self._from.put(evaluate(world, **asked))
        except RunInterrupted:
            pass  # by `close`
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
            self._from.put(error)


class _Maker:
    """Makes the agent of each episode; all talk to the same sitting."""

    waits = True

    def __init__(self, name: str, wording: Wording, format: str | None, to: _Shown, said: _Said) -> None:
        self.name, self.wording, self.format = name, wording, format
        self._queues = to, said

    def __call__(self) -> _Waiting:
        return _Waiting(self.wording, *self._queues)


class _Waiting:
    """Shows each turn, and waits for what it is told to say."""

    def __init__(self, wording: Wording, to: _Shown, said: _Said) -> None:
        self.wording = wording
        self._to, self._said = to, said
        self._brief: Brief | None = None

    def begin(self, brief: Brief) -> None:
        self._brief = brief

    def reply(self, turn: Turn) -> str:
        self._to.put(Shown(turn.present or turn.new, self._brief))
        self._brief = None
        text = self._said.get()
        if text is None:
            raise KeyboardInterrupt  # as if the one who plays had stopped the run
        return text

    def ended(self, turn: Turn, success: bool, reason: str) -> None:
        self._to.put(Shown(turn.new, None, reason, success))
