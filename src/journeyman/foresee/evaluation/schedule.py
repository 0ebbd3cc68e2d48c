"""Which episodes are played next, and by which worker.

All cells play the first instances before any plays the later ones, so that a run that is ended early has pairs to compare.
A cell whose governor learns is a chain: its episodes are played in order, all by the worker that began it, since what the
governor has learned lives there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from journeyman.foresee.evaluation.plan import Plan


@dataclass(frozen=True)
class Unit:
    """Episodes that a worker plays one after the other: one cell, one seed, instances by their numbers.

    `again`: instances whose episodes are in the log and are played once more first, by a governor that has seen nothing yet,
    for it to learn what it had learned.
    """

    cell: int
    seed: int
    instances: tuple[int, ...]
    again: tuple[int, ...] | None = None


class Schedule:
    """Units that are not played yet. Used by one thread.

    Args:
        plan: what is to be played.
        done: (cell, seed, number of the instance) that are in the log.
        chained: cells, by number, whose governor learns.
        cells: those to be played here.
        chunk: instances of one unit.
    """

    def __init__(
        self, plan: Plan, done: Collection[tuple[int, int, int]], chained: Collection[int], cells: Sequence[int], chunk: int
    ) -> None:
        self._free: deque[Unit] = deque()
        self._chains: dict[tuple[int, int], deque[Unit]] = {}
        self._owner: dict[tuple[int, int], object] = {}
        self._busy: set[tuple[int, int]] = set()
        for first in range(0, plan.instances, chunk):
            numbers = range(first, min(first + chunk, plan.instances))
            for seed in plan.seeds:
                for cell in cells:
                    left = tuple(number for number in numbers if (cell, seed, number) not in done)
                    if not left:
                        continue
                    if cell not in chained:
                        self._free.append(Unit(cell, seed, left))
                        continue
                    chain = self._chains.setdefault((cell, seed), deque())
                    # The first unit of a chain brings its governor to where it was.
                    again = None if chain else tuple(n for n in range(left[0]) if (cell, seed, n) in done)
                    chain.append(Unit(cell, seed, left, again))

    def next(self, worker: object) -> Unit | None:
        """What this worker plays now; None: nothing, for the time being or for good."""
        waiting = [
            chain[0]
            for key, chain in self._chains.items()
            if chain and key not in self._busy and self._owner.get(key, worker) is worker
        ]
        unit = min(waiting, key=lambda unit: unit.instances[0], default=None)
        if unit is None or (self._free and self._free[0].instances[0] < unit.instances[0]):
            return self._free.popleft() if self._free else None
        key = unit.cell, unit.seed
        self._owner[key] = worker
        self._busy.add(key)
        return self._chains[key].popleft()

    def ended(self, unit: Unit) -> None:
        """A worker is through with it, or has given it back."""
        self._busy.discard((unit.cell, unit.seed))

    def give_back(self, unit: Unit, done: Collection[tuple[int, int, int]]) -> None:
        """A worker had to leave off in the middle of an episode: what is left is to be played by whoever comes next.

        A chain goes on with its own worker, whose governor begins anew: it has seen half an episode."""
        self.ended(unit)
        left = tuple(number for number in unit.instances if (unit.cell, unit.seed, number) not in done)
        chain = self._chains.get((unit.cell, unit.seed))
        if chain is None:
            self._free.appendleft(Unit(unit.cell, unit.seed, left))
        else:
            again = tuple(number for number in range(left[0]) if (unit.cell, unit.seed, number) in done)
            chain.appendleft(Unit(unit.cell, unit.seed, left, again))

    @property
    def empty(self) -> bool:
        """Whether everything is played or being played."""
        return not self._free and not any(self._chains.values())
