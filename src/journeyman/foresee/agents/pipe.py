"""An agent that is a command: it reads a line of JSON for each turn and writes a line of JSON for each reply.

    open_agent("cmd:timeout=30 ./agent --fast", world)

A turn is `pipe_lines.PipeTurn` as JSON, a reply `PipeReply`, {"text": "<act>Left</act>"}. The first turn of an episode has
`begin`, so a command that is started once plays many episodes, one after the other; as many are started as there are
episodes at once. What it writes to stderr is kept, and its end shown where it fails. There is no sandbox: the command runs
as it is, in a process group of its own, which is killed at the end.
"""

from __future__ import annotations

import shlex
import weakref
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from journeyman.errors import UsageError
from journeyman.foresee.agents.agent import Brief, Reply, Turn
from journeyman.foresee.agents.pipe_lines import PipeBegin, begin_of, turn_of
from journeyman.foresee.agents.pipe_process import Borrowed, Pool
from journeyman.foresee.agents.wording import Wording


@dataclass(frozen=True)
class PipeSettings:
    """Settings before the command. timeout: seconds for each reply. image: show pictures, not symbols; None: either."""

    timeout: float = 120.0
    image: bool | None = None

    def __post_init__(self) -> None:
        if not self.timeout > 0:
            raise UsageError(f"timeout is {self.timeout}; it is more than 0 seconds")


class PipeAgent:
    """Plays one episode over a process that it borrows."""

    def __init__(self, pool: Pool, wording: Wording) -> None:
        self.wording = wording
        self._pool = pool
        self._process = Borrowed()
        # A run need not close its agents: the process goes back when nobody holds the agent any more.
        self._back = weakref.finalize(self, pool.give_back, self._process)

    def begin(self, brief: Brief) -> None:
        """Borrow a process. Raises UsageError: the command cannot be started."""
        self._process.process = self._pool.take()
        self._actions = list(brief.about.actions)
        self._begin: PipeBegin | None = begin_of(brief)

    def reply(self, turn: Turn) -> Reply:
        """Write the turn, read the reply.

        Raises EpisodeFailed: no reply in time, none that can be read, or the process has ended.
        """
        line = msgspec.json.encode(turn_of(turn, self._actions, self._begin))
        self._begin = None
        assert self._process.process is not None, "begin() comes first"
        said = self._process.process.ask(line)
        return Reply(said.text, dict(said.usage), {"hope": said.hope} if said.hope else {})

    def close(self) -> None:
        """Give the process back."""
        self._back()


class PipeMaker:
    """Makes agents over processes of one command. `close` ends them all; so does the end of the program."""

    waits = True

    def __init__(self, command: Sequence[str], settings: PipeSettings, wording: Wording) -> None:
        self.wording = wording
        self.format = None if settings.image is None else "image" if settings.image else "symbols"
        self._pool = Pool(tuple(command), settings.timeout)
        self._end = weakref.finalize(self, self._pool.close)

    def __call__(self) -> PipeAgent:
        return PipeAgent(self._pool, self.wording)

    def close(self) -> None:
        """End all processes."""
        self._end()


def open_pipe(rest: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """What stands after "cmd:", as the words of the command and the settings before them.

    Raises UsageError: no command, or quotes that do not match.
    """
    try:
        words = shlex.split(rest)
    except ValueError as error:
        raise UsageError(f"'cmd:{rest}' is no command: {error}") from None
    settings: dict[str, str] = {}
    while words and words[0].partition("=")[0].isidentifier() and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        settings[name] = value
    if not words:
        raise UsageError(f"'cmd:{rest}' names no command; write cmd:./agent --its options")
    return tuple(words), settings
