"""A number of rooms that may be the true one, each with its weight; walks happen in all of them at once.

Bit t of a number is tile t. Everything is an array with a row for each room.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from journeyman.foresee.agents.push_cells import Bits, Floats, Rooms
from journeyman.foresee.worlds.push_rules import offset

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
_ONE = np.uint64(1)


@dataclass(frozen=True)
class Maps:
    """Attributes:
    size: of the square rooms.
    walls, targets: of each room.
    alive: tiles from which a lone box can be pushed to a target.
    boxes, at: where the boxes are now, and the player's tile.
    weight: of each room; adds up to 1.
    """

    size: int
    walls: Bits
    targets: Bits
    alive: Bits
    boxes: Bits
    at: Ints
    weight: Floats

    @property
    def solved(self) -> Ints:
        """How many boxes are on targets."""
        found: Ints = np.bitwise_count(self.boxes & self.targets).astype(np.int64)
        return found

    @property
    def won(self) -> Bools:
        """Where all boxes are on targets."""
        return np.asarray((self.boxes & ~self.targets) == 0)

    @property
    def dead(self) -> Bools:
        """Where a box stands on a tile from which it reaches no target. Other dead ends are not seen."""
        return np.asarray((self.boxes & ~self.alive) != 0)

    @property
    def effective(self) -> float:
        """To how many rooms of equal weight these come."""
        return float(1.0 / np.square(self.weight).sum())

    def weighted(self, factor: Floats) -> Maps | None:
        """With weights multiplied by `factor`; None where nothing is left."""
        weight = self.weight * factor
        total = weight.sum()
        return replace(self, weight=weight / total) if total > 0.0 else None

    def of(self, rooms: Ints) -> Maps:
        """These of the rooms, with their share of the weight made 1; of equal weight if theirs is 0."""
        weight = self.weight[rooms]
        weight = weight if weight.any() else np.ones(len(weight))
        return Maps(
            self.size, self.walls[rooms], self.targets[rooms], self.alive[rooms], self.boxes[rooms], self.at[rooms],
            weight / weight.sum(),
        )  # fmt: skip


class Walk(NamedTuple):
    """A walk in all rooms.

    Attributes:
        tokens: (actions, rooms) numbers of what is to be seen after each action, see `token`.
        dead: (actions, rooms) where a box then stands on a tile from which it reaches no target.
        end: the rooms after it.
    """

    tokens: Ints
    dead: Bools
    end: Maps


def maps_of(size: int, rooms: Rooms, at: int) -> Maps:
    """Rooms of equal weight, with the player on this tile."""
    n = len(rooms.walls)
    alive = _alive(size, rooms.walls, rooms.targets)
    return Maps(size, rooms.walls, rooms.targets, alive, rooms.boxes, np.full(n, at), np.full(n, 1.0 / n))


def token(size: int, at: int, box: bool, solved: int) -> int:
    """A number for the player's tile, whether a box is on the tile ahead, and how many boxes are on targets."""
    return (solved * 2 + box) * size * size + at


def of_token(size: int, number: int) -> tuple[int, bool, int]:
    """(tile, box ahead, solved) of a token."""
    rest, at = divmod(number, size * size)
    return at, bool(rest % 2), rest // 2


def walk(maps: Maps, actions: Sequence[int]) -> Walk:
    """These actions in every room, by the rules of `worlds.push_rules`."""
    size, walls, boxes, at = maps.size, maps.walls, maps.boxes, maps.at
    floor, lost = ~maps.targets, ~maps.alive
    here = _ONE << at.astype(np.uint64)
    tokens = np.empty((len(actions), len(at)), dtype=np.int64)
    dead = np.empty(tokens.shape, dtype=bool)
    for number, action in enumerate(actions):
        step = offset(size, action)
        ahead = _shifted(here, step)
        behind = _shifted(ahead, step)  # outside of the room it is nothing: the wall ahead is no box to be pushed there
        box = (boxes & ahead) != 0
        free = ((walls | boxes) & np.where(box, behind, ahead)) == 0
        go = free & ((walls & ahead) == 0) & ((boxes & floor) != 0)
        boxes = np.where(go & box, boxes ^ ahead | behind, boxes)
        here = np.where(go, ahead, here)
        at = at + step * go
        solved = np.bitwise_count(boxes & maps.targets).astype(np.int64)
        tokens[number] = (solved * 2 + ((boxes & _shifted(here, step)) != 0)) * (size * size) + at
        dead[number] = (boxes & lost) != 0
    return Walk(tokens, dead, replace(maps, boxes=boxes, at=at))


def _alive(size: int, walls: Bits, targets: Bits) -> Bits:
    """Tiles from which a lone box reaches a target, by pulling it away from them."""
    free = ~walls & np.uint64((1 << size * size) - 1)
    found = targets & free
    while True:
        grown = found
        for action in range(4):
            step = offset(size, action)
            grown = grown | (_shifted(grown, -step) & free & _shifted(free, step))
        if np.array_equal(grown, found):
            return found
        found = grown


def _shifted(bits: Bits, step: int) -> Bits:
    return bits << np.uint64(step) if step > 0 else bits >> np.uint64(-step)
