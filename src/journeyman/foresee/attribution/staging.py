"""The episodes of a run, each with all that it takes to play it again."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from journeyman.foresee import events
from journeyman.foresee.agents.agent import Maker, Reply, waits
from journeyman.foresee.agents.recorded import Retold
from journeyman.foresee.attribution.paying import ReplayCalls
from journeyman.foresee.attribution.replay import LEAST, Staged, play_again
from journeyman.foresee.cell import Cell
from journeyman.foresee.draws import Draws
from journeyman.foresee.evaluation.opened import Opened
from journeyman.foresee.governors.governor import Governor
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.replies import texts_of as texts_of
from journeyman.ledger import Ledger
from journeyman.runlog import RunLog


@dataclass(frozen=True)
class Logged:
    """A logged episode with its place in the run: numbers of the cell and of the instance."""

    cell: int
    number: int
    episode: Episode

    @property
    def key(self) -> str:
        """Its key in the log."""
        return events.episode_key(self.cell, self.episode.seed, self.episode.instance)


def logged(log: RunLog) -> list[Logged]:
    """All finished episodes by cell, seed and instance."""
    about = events.about(log)
    place = {instance: number for number, instance in enumerate(about.instances)}
    seeds = {seed: number for number, seed in enumerate(about.plan.seeds)}
    found = [Logged(int(key.partition("/")[0]), place[e.instance], e) for key, e in events.keyed_episodes(log)]
    return sorted(found, key=lambda one: (one.cell, seeds[one.episode.seed], one.number))


def replays_of(make: Maker, asked: int | None) -> int:
    """How many replays an agent needs: what was asked for, else 1, or 8 where it asks somebody and so does not repeat
    itself."""
    return asked if asked is not None else LEAST if waits(make) else 1


class Stage:
    """Stages the episodes of one cell for one worker.

    Args:
        replies: gives an episode's replies, for governors that learn from episodes of agents that ask somebody.
        ledger: pays for language models.
    """

    def __init__(self, opened: Opened, cell: int, replies: Callable[[Logged], Sequence[Reply]], ledger: Ledger) -> None:
        self._opened, self._number, self._replies, self._ledger = opened, cell, replies, ledger
        self.cell: Cell = opened.plan.cells[cell]
        self._scene = opened.scene(self.cell)
        self._make = opened.maker(self.cell.agent)

    def staged(self, episodes: Sequence[Logged], wanted: Callable[[Logged], bool]) -> Iterator[tuple[Logged, Staged]]:
        """Those that are wanted, in order. `episodes`: all of the cell, by seed and instance.

        A governor that learns is taken through the episodes before, which are played again as they were.
        """
        if not self._opened.learns(self.cell):
            fresh = self._fresh if self._scene.governor is not None else None
            yield from ((one, self._stage(one, fresh)) for one in episodes if wanted(one))
            return
        last = max((i for i, one in enumerate(episodes) if wanted(one)), default=-1)
        for _, of_seed in itertools.groupby(episodes[: last + 1], key=lambda one: one.episode.seed):
            governor = self._fresh()
            for one in of_seed:
                if wanted(one):
                    before = copy.deepcopy(governor)
                    yield one, self._stage(one, partial(copy.deepcopy, before))
                play_again(self._retold(one), None, Draws(one.episode.seed), governor)

    def _fresh(self) -> Governor | None:
        return self._opened.governor(self.cell.governor)

    def _stage(self, one: Logged, governor: Callable[[], Governor | None] | None) -> Staged:
        staged = Staged(one.episode, self._opened.instances[one.number], self._scene, self._make, calls=self._calls(one))
        if governor is None:
            return staged
        return Staged(staged.episode, staged.instance, staged.scene, staged.make, governor, staged.calls)

    def _calls(self, one: Logged) -> Callable[[], ReplayCalls]:
        work = itertools.count()
        return lambda: ReplayCalls(self._ledger, f"replay {one.key}/{next(work)}", one.key)

    def _retold(self, one: Logged) -> Staged:
        """The episode with an agent that says again what it said, where the agent itself would have to ask."""
        make: Maker = (lambda: Retold(self._replies(one))) if waits(self._make) else self._make
        return Staged(one.episode, self._opened.instances[one.number], self._scene, make)
