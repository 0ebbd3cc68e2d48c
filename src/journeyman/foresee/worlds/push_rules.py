"""Pushing boxes onto targets (Sokoban) as pure functions on a small immutable state.

A player walks over floor and pushes one box at a time, never pulls. The episode ends when every box is on a target, and
nothing moves after that.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from journeyman.errors import UsageError

UP, DOWN, LEFT, RIGHT = range(4)
ACTIONS = ("Up", "Down", "Left", "Right")
WALL, FLOOR, TARGET = b"#_."
_ON = {"$": "_", "*": ".", "@": "_", "+": "."}
_FLOORS = bytes.maketrans(b"$*@+", b"_._.")


class State(NamedTuple):
    """A room with its boxes and the player.

    Attributes:
        size: of the square grid, walls around included.
        room: size * size bytes of wall, floor and target, row by row; there is a wall all around.
        player: tile, row * size + column.
        boxes: tiles, ascending; as many as targets.
        instance: id of the problem.
    """

    size: int
    room: bytes
    player: int
    boxes: tuple[int, ...]
    instance: str

    @property
    def solved(self) -> int:
        """How many boxes are on targets."""
        return sum(self.room[box] == TARGET for box in self.boxes)

    @property
    def success(self) -> bool:
        """Whether all are, which ends the episode."""
        return all(self.room[box] == TARGET for box in self.boxes)


def offset(size: int, action: int) -> int:
    """What an action adds to the number of a tile."""
    return (-size, size, -1, 1)[action]


def after(state: State, action: int) -> State:
    """The state after `action`; the same one where it is blocked or the episode is over."""
    step = offset(state.size, action)
    ahead = state.player + step
    if state.room[ahead] == WALL or state.success:
        return state
    if ahead not in state.boxes:
        return State(state.size, state.room, ahead, state.boxes, state.instance)
    beyond = ahead + step
    if state.room[beyond] == WALL or beyond in state.boxes:
        return state
    return State(state.size, state.room, ahead, moved(state.boxes, ahead, beyond), state.instance)


def moved(boxes: tuple[int, ...], old: int, new: int) -> tuple[int, ...]:
    """The boxes with one of them elsewhere."""
    return tuple(sorted(new if box == old else box for box in boxes))


def cells(state: State) -> bytearray:
    """The grid with boxes and player: # wall, _ floor, . target, $ box, * box on target, @ player, + player on target."""
    grid = bytearray(state.room)
    for box in state.boxes:
        grid[box] = ord("*") if grid[box] == TARGET else ord("$")
    grid[state.player] = ord("+") if grid[state.player] == TARGET else ord("@")
    return grid


def read(grid: str, instance: str) -> State:
    """A state from its symbols, row by row without breaks.

    Raises UsageError: not square, not walled in, no player or more than one, or other numbers of boxes and targets.
    """
    size = math.isqrt(len(grid))
    room = grid.encode("ascii", "replace").translate(_FLOORS)
    player = [i for i, tile in enumerate(grid) if tile in "@+"]
    boxes = tuple(i for i, tile in enumerate(grid) if tile in "$*")
    edge = room[:size] + room[-size:] + room[::size] + room[size - 1 :: size] if size else b"?"
    wrong = (
        "its rows do not make a square" if size < 3 or size**2 != len(grid)
        else f"'{grid.strip('#_.$*@+')[0]}' is no tile" if grid.strip("#_.$*@+") or room.translate(None, b"#_.")
        else "it has a gap in the wall around it" if edge.strip(b"#")
        else f"it has {len(player)} players" if len(player) != 1
        else f"it has {len(boxes)} boxes for {room.count(b'.')} targets" if not 0 < len(boxes) == room.count(b".")
        else ""
    )  # fmt: skip
    if wrong:
        raise UsageError(f"a room cannot be used: {wrong}")
    return State(size, room, player[0], boxes, instance)


def pack(state: State) -> bytes:
    """A state as bytes; `unpack` is the inverse."""
    return b"push %s %s" % (state.instance.encode(), cells(state))


@lru_cache(maxsize=4096)
def unpack(snapshot: bytes) -> State:
    """A state from its bytes. Raises UsageError for anything else."""
    try:
        head, instance, grid = snapshot.decode().split(" ")
    except (ValueError, AttributeError):
        head = ""
    if head != "push":
        raise UsageError(f"{snapshot!r:.60} is no state of a room with boxes; snapshot() gives one")
    return read(grid, instance)
