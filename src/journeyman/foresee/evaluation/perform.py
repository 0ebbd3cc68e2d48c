"""A worker's work: the episodes of a unit, one after the other."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from journeyman.errors import EpisodeFailed
from journeyman.foresee.agents.agent import Agent, Calls, Maker, Reply, keeps_replies, waits
from journeyman.foresee.agents.recorded import Retold
from journeyman.foresee.draws import Draws
from journeyman.foresee.evaluation.opened import Opened
from journeyman.foresee.evaluation.schedule import Unit
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.protocol.episode import play
from journeyman.foresee.protocol.scene import Scene


@dataclass(frozen=True)
class Played:
    """A finished episode. `texts`: replies by their digests; `calls`: of language models; `wall_s`: seconds it took;
    `replies_s`: seconds that each reply took."""

    cell: int
    instance: int
    episode: Episode
    texts: Mapping[str, bytes] = field(default_factory=dict)
    calls: int = 0
    wall_s: float = 0.0
    replies_s: tuple[float, ...] = ()


Pay = Callable[[int, int, int], Calls | None]
"""The way to models of an episode: cell, seed, number of the instance."""
Recall = Callable[[int, int, int], Sequence[Reply]]
"""The replies of an episode that is in the log."""


class Performer:
    """Plays units. Governors that learn stay with it from one unit of their cell to the next.

    `recall`: needed where episodes of agents that wait for something are played again.
    """

    def __init__(self, opened: Opened, pay: Pay | None = None, recall: Recall | None = None) -> None:
        self._opened, self._pay, self._recall = opened, pay, recall
        self._scenes: dict[tuple[int, int], Scene] = {}

    def perform(self, unit: Unit, stopped: Callable[[], bool] = lambda: False) -> Iterator[Played]:
        """The unit's episodes, until it is through or `stopped` says so between two of them. Raises as `play`."""
        opened = self._opened
        cell = opened.plan.cells[unit.cell]
        make = opened.maker(cell.agent)
        key = unit.cell, unit.seed
        if key not in self._scenes or unit.again is not None:
            self._scenes[key] = opened.scene(cell)
        scene, draws = self._scenes[key], Draws(unit.seed)
        for number in unit.again or ():
            play(scene, opened.instances[number], self._again(make, unit, number), draws)
        for number in unit.instances:
            if stopped():
                return
            texts: dict[str, bytes] = {}
            replies_s: list[float] = []
            calls = self._pay(unit.cell, unit.seed, number) if self._pay is not None else None
            begun = time.perf_counter()
            episode = play(
                scene, opened.instances[number], make(), draws, calls=calls,
                keep=_keeper(texts) if keeps_replies(make) else None, clock=replies_s.append,
            )  # fmt: skip
            _check_plain(episode)
            wall_s = time.perf_counter() - begun
            yield Played(unit.cell, number, episode, texts, getattr(calls, "asked", 0), wall_s, tuple(replies_s))

    def _again(self, make: Maker, unit: Unit, number: int) -> Agent:
        """The agent itself, or, of one that asks somebody, what it said."""
        if not waits(make) or self._recall is None:
            return make()
        return Retold(self._recall(unit.cell, unit.seed, number))


def _check_plain(episode: Episode) -> None:
    """That the log can hold it. Raises EpisodeFailed: somebody's digest, reading or ruling is no plain data."""
    try:
        msgspec.msgpack.encode(episode)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise EpisodeFailed(
            f"the episode '{episode.instance}' of '{episode.cell}' cannot be kept, since a digest, a prediction or a ruling "
            f"in it is no plain data: {error}"
        ) from error


def _keeper(texts: dict[str, bytes]) -> Callable[[str], str]:
    def keep(text: str) -> str:
        data = text.encode()
        digest = hashlib.sha256(data).hexdigest()
        texts[digest] = data
        return digest

    return keep
