"""An agent that says again what another one said, in order; where the episode goes another way, it says where.

    open_agent("recorded:replies.jsonl", world)

The file has one JSON document a line, a line for each reply, in the order of each instance's replies:

    {"instance": "lake-6/test/0", "text": "<act>Left</act>", "state": "5f0c...", "seed": 0, "usage": {"tokens_in": 9}}

`state` is the hash of the real state in which it was given, `seed` that of the episode, and `usage` what it took. All three
may be left out: the replies then are for any seed, and what they took is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from journeyman.errors import PromptTooLong, ReplayMismatch, UsageError
from journeyman.foresee.agents.agent import Brief, Reply, Turn
from journeyman.foresee.agents.wording import USUAL, Wording

Key = tuple[str, int | None]
"""Instance and seed of an episode; seed None: any."""
_SAME = "world, world model, mode, governor and seed must be those of the record"


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One reply on record. `seed`: None for any."""

    instance: str
    text: str
    state: str = ""
    seed: int | None = None
    usage: dict[str, int] = {}
    hope: str = ""


class RecordedAgent:
    """Plays one episode from the replies of its instance and seed."""

    def __init__(self, replies: Mapping[Key, Sequence[Line]], where: str, wording: Wording = USUAL) -> None:
        self.wording = wording
        self._all, self._where = replies, where

    def begin(self, brief: Brief) -> None:
        """Raises ReplayMismatch: no replies to this instance are on record."""
        self._instance, self._next = brief.instance.id, 0
        found = self._all.get((self._instance, brief.draws.seed), self._all.get((self._instance, None)))
        if found is None:
            other, seed = next(iter(self._all))
            raise ReplayMismatch(
                f"{self._where} has no replies for instance '{self._instance}' with seed {brief.draws.seed}; it has those "
                f"of {len(self._all)} others, such as '{other}'" + (f" with seed {seed}" if seed is not None else "")
            )
        self._replies = found

    def reply(self, turn: Turn) -> Reply:
        """The next reply on record.

        Raises ReplayMismatch: there is none, or it was given in another state.
        """
        replies, number = self._replies, self._next
        of = f"reply {number + 1} of instance '{self._instance}'"
        if number == len(replies):
            raise ReplayMismatch(
                f"the episode goes on past its record: {of} is asked for, and {self._where} has {len(replies)}; {_SAME}"
            )
        line, state = replies[number], next((event.state for event in reversed(turn.new) if event.state), "")
        if line.state and state and line.state != state:
            raise ReplayMismatch(
                f"the episode leaves its record at {of}: the world is in state {state} and was in {line.state} then; {_SAME}"
            )
        self._next += 1
        return Reply(line.text, dict(line.usage), {"hope": line.hope} if line.hope else {})


class Retold:
    """Gives the replies again that an agent once gave, in an episode that is played again just as it was."""

    def __init__(self, replies: Iterable[Reply]) -> None:
        self._replies = iter(replies)

    def begin(self, brief: Brief) -> None:
        """Nothing to prepare."""

    def reply(self, turn: Turn) -> Reply:
        """The next reply. Where there is none, the episode had ended since the prompt had no more room: PromptTooLong."""
        said = next(self._replies, None)
        if said is None:
            raise PromptTooLong("the episode had ended here")
        return said


class RecordedMaker:
    """Makes agents from replies by instance. `repeats`: the texts need not be kept again.

    Args:
        where: names the record in messages.
    """

    repeats = True

    def __init__(self, lines: Iterable[Line], where: str, wording: Wording = USUAL) -> None:
        self.wording = wording
        self._where = where
        self._replies: dict[Key, list[Line]] = {}
        for line in lines:
            self._replies.setdefault((line.instance, line.seed), []).append(line)
        if not self._replies:
            raise UsageError(f"{where} holds no replies")

    def __call__(self) -> RecordedAgent:
        return RecordedAgent(self._replies, self._where, self.wording)


def read_lines(path: Path) -> list[Line]:
    """The replies in a file.

    Raises UsageError: no such file, or a line that is no reply; the text names it.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path} of replies; it has a JSON document a line: instance, text")
    lines = []
    for number, raw in enumerate(path.read_bytes().splitlines(), 1):
        if raw.strip():
            try:
                lines.append(msgspec.json.decode(raw, type=Line))
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise UsageError(f"line {number} of {path} is no reply: {error}") from error
    return lines
