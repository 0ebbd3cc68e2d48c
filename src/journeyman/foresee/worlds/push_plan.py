"""Exact plans for boxes: the fewest actions from every state of a room, by playing backwards from the solved ones.

A state is (player, boxes). Breadth-first search over all of them at once, level by level, in NumPy: 10 to 100 ms for the
largest rooms, once; after that a distance is one look into a table.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from journeyman.foresee.worlds.push_rules import TARGET, WALL, State, after, offset

UNREACHABLE = -1
Ints = NDArray[np.int64]


class Table(NamedTuple):
    """Distances of all states of a room.

    Attributes:
        floors: tile of each floor number, ascending. numbers: floor number of each tile, -1 for walls.
        far: by code, the fewest actions to success, `UNREACHABLE` where there is no way. The code of a state has the floor
            numbers of player and boxes (ascending) as digits to the base len(floors), the player's first.
    """

    floors: Ints
    numbers: Ints
    far: NDArray[np.int16]

    def code(self, player: int, boxes: tuple[int, ...]) -> int:
        """Of a state, by tiles."""
        code = int(self.numbers[player])
        for box in boxes:  # ascending tiles have ascending floor numbers
            code = code * len(self.floors) + int(self.numbers[box])
        return code

    def state(self, code: int, boxes: int) -> tuple[int, tuple[int, ...]]:
        """The player's tile and those of `boxes` boxes."""
        digits = []
        for _ in range(boxes + 1):
            code, digit = divmod(code, len(self.floors))
            digits.append(int(self.floors[digit]))
        return digits[-1], tuple(reversed(digits[:-1]))


@lru_cache(maxsize=24)
def table(room: bytes, size: int) -> Table:
    """Distances of all states with as many boxes as the room has targets."""
    tiles = np.frombuffer(room, np.uint8)
    floors = np.flatnonzero(tiles != WALL)
    n = len(floors)
    numbers = np.full(len(tiles), -1)
    numbers[floors] = np.arange(n)
    ahead = np.stack([numbers[floors + offset(size, action)] for action in range(4)])  # (4, n), -1: wall
    behind = np.stack([numbers[floors - offset(size, action)] for action in range(4)])
    targets = numbers[np.flatnonzero(tiles == TARGET)]
    far = np.full(n ** (len(targets) + 1), UNREACHABLE, np.int16)
    players = np.setdiff1d(np.arange(n), targets)
    boxes = np.tile(targets, (len(players), 1))
    level = 0
    far[_codes(players, boxes, n)] = 0
    while len(players):
        level += 1
        players, boxes = _before(players, boxes, ahead, behind)
        codes = _codes(players, boxes, n)
        fresh = np.flatnonzero(far[codes] == UNREACHABLE)
        codes, first = np.unique(codes[fresh], return_index=True)
        far[codes] = level
        players, boxes = players[fresh[first]], boxes[fresh[first]]
    far.setflags(write=False)
    return Table(floors, numbers, far)


def _before(players: Ints, boxes: Ints, ahead: Ints, behind: Ints) -> tuple[Ints, Ints]:
    """All states that an action turns into one of these: the player came from behind, and walked or pushed a box."""
    came = behind[:, players]  # (4, m)
    open_ = (came >= 0) & (boxes[None] != came[:, :, None]).all(axis=2)
    way, at = np.nonzero(open_)
    walked = came[way, at], boxes[at]
    # A push: the box now ahead of the player was where the player is now.
    pushed = boxes[at] == ahead[way, players[at]][:, None]  # a wall ahead is -1, which no box is
    some = np.flatnonzero(pushed.any(axis=1))
    drawn = np.where(pushed[some], players[at[some]][:, None], boxes[at[some]])
    drawn.sort(axis=1)
    return np.concatenate([walked[0], walked[0][some]]), np.concatenate([walked[1], drawn])


def _codes(players: Ints, boxes: Ints, n: int) -> Ints:
    codes = players
    for column in range(boxes.shape[1]):
        codes = codes * n + boxes[:, column]
    return codes


def distance(state: State) -> int:
    """The fewest actions to success, `UNREACHABLE` where there is no way."""
    known = table(state.room, state.size)
    return int(known.far[known.code(state.player, state.boxes)])


def shortest_actions(state: State) -> tuple[int, ...]:
    """All actions after which it is one less; () where there is no way or nothing left to do."""
    left = distance(state)
    if left <= 0:
        return ()
    return tuple(action for action in range(4) if distance(after(state, action)) == left - 1)
