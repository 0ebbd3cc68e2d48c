"""The frozen lake as pure functions on a small immutable state: walk over ice to the goal, never into a hole.

Semantics are those of Gymnasium's FrozenLake: a step over the edge stays where it is, a hole or the goal ends the episode,
and nothing moves after that. With slip, one of the two perpendicular moves is made instead with that probability.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import NamedTuple

from journeyman.errors import UsageError

LEFT, DOWN, RIGHT, UP = range(4)
ACTIONS = ("Left", "Down", "Right", "Up")
STEPS = ((0, -1), (1, 0), (0, 1), (-1, 0))
"""(rows, columns) of each action."""

START, ICE, HOLE, GOAL = b"S_OG"
NAMES = {START: "start", ICE: "ice", HOLE: "hole", GOAL: "goal"}
TILES = b"S_OG"


class State(NamedTuple):
    """Where a player is on a lake.

    Attributes:
        size: of the square map, in tiles.
        tiles: size * size bytes of `TILES`, row by row.
        at: the player's tile, row * size + column.
        moves: real actions so far where the ice is slippery, by which slips are keyed; 0 where it is not.
        instance: id of the problem.
    """

    size: int
    tiles: bytes
    at: int
    moves: int
    instance: str

    @property
    def tile(self) -> int:
        """What the player stands on."""
        return self.tiles[self.at]

    @property
    def terminal(self) -> bool:
        return self.tiles[self.at] in (HOLE, GOAL)

    @property
    def success(self) -> bool:
        return self.tiles[self.at] == GOAL


@cache
def neighbours(size: int) -> tuple[tuple[int, int, int, int], ...]:
    """For each tile, the tile that each action leads to; the same one at the edge."""

    def one(row: int, column: int, action: int) -> int:
        r, c = row + STEPS[action][0], column + STEPS[action][1]
        return r * size + c if 0 <= r < size and 0 <= c < size else row * size + column

    return tuple(
        (one(row, column, LEFT), one(row, column, DOWN), one(row, column, RIGHT), one(row, column, UP))
        for row in range(size)
        for column in range(size)
    )


def move(state: State, action: int) -> int:
    """The tile after `action`, slips aside."""
    return state.at if state.terminal else neighbours(state.size)[state.at][action]


def slipped(action: int, slip: float, draw: float) -> int:
    """The move that is made for `action`. `draw`: in [0, 1); below `slip / 2` and below `slip` it is a perpendicular one."""
    if draw >= slip:
        return action
    return (action - 1) % 4 if draw < slip / 2 else (action + 1) % 4


def pack(state: State) -> bytes:
    """A state as bytes; `unpack` is the inverse."""
    return b"lake %d %d %s %s" % (state.at, state.moves, state.instance.encode(), state.tiles)


@lru_cache(maxsize=4096)
def unpack(snapshot: bytes) -> State:
    """A state from its bytes. Raises UsageError for anything else."""
    try:
        head, at, moves, instance, tiles = snapshot.split(b" ")
        state = State(math.isqrt(len(tiles)), tiles, int(at), int(moves), instance.decode())
    except (ValueError, AttributeError, TypeError):
        raise UsageError(f"{snapshot!r:.60} is no state of a lake; snapshot() gives one") from None
    whole = head == b"lake" and state.size**2 == len(tiles) and 0 <= state.at < len(tiles) and state.moves >= 0
    if not whole or tiles.translate(None, TILES):
        raise UsageError(f"{snapshot!r:.60} is no state of a lake; snapshot() gives one")
    return state
