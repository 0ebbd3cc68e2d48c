"""The fixed rooms of push-6, push-7 and push-8: made by playing backwards, kept in text files (spec b.2, k.2).

A room is drawn from its id alone; then of all states from which it can be solved, one is drawn whose shortest solution has
a length in the wanted band, with no box on a target. That is reverse play, done for all states at once. Making all takes a
minute, so the sets come with the package; this makes them again, to the byte:

    python -m journeyman.foresee.worlds.push_rooms [FOLDER]
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np

from journeyman.foresee.draws import Draws
from journeyman.foresee.worlds.instance_ids import SPLITS, Id, belongs, ids
from journeyman.foresee.worlds.push_plan import table
from journeyman.foresee.worlds.push_rules import FLOOR, TARGET, WALL, State, cells, read

SIZES = (6, 7, 8)
BANDS = ((3, 5), (6, 10), (11, 20))
"""Shortest solutions, in actions, both ends included. The bands take turns, so that any first n instances are balanced."""
WALLED = 0.25
"""Probability that an inner tile is a wall."""


class Room(NamedTuple):
    """An instance: how it begins, and the fewest actions to solve it."""

    first: State
    optimal: int

    @property
    def band(self) -> str:
        """ "3-5", "6-10" or "11-20"."""
        return next(f"{low}-{high}" for low, high in BANDS if low <= self.optimal <= high)


def boxes_of(of: Id) -> int:
    """1 at size 6, 2 at size 7, at size 8 two and three by turns (two in the shortest band, where three hardly fit)."""
    size = int(of.world.removeprefix("push-"))
    return size - 5 if size < 8 else 3 if of.number % 3 and of.number // 3 % 2 else 2


def make(of: Id) -> Room:
    """An instance from its id: rooms are drawn until one of its split has a state in the band."""
    size = int(of.world.removeprefix("push-"))
    low, high = BANDS[of.number % 3]
    draws, instance, attempt = Draws(0), str(of), 0
    while True:
        room = _drawn(size, boxes_of(of), draws, instance, attempt)
        found = room and belongs(room, of.split) and _state(room, size, low, high, draws, instance, attempt)
        if found:
            return found
        attempt += 1


def _drawn(size: int, boxes: int, draws: Draws, instance: str, attempt: int) -> bytes:
    """Walls and targets; b"" where the floor falls apart or has no space to push."""
    inner = [row * size + column for row in range(1, size - 1) for column in range(1, size - 1)]
    room = bytearray((WALL,)) * (size * size)
    for tile in inner:
        room[tile] = WALL if draws.uniform("world", instance, attempt, tile) < WALLED else FLOOR
    floors = [tile for tile in inner if room[tile] == FLOOR]
    if len(floors) < 2 * boxes + 3 or not _whole(room, size, floors):
        return b""
    order = sorted(floors, key=lambda tile: draws.uniform("world", instance, attempt, "target", tile))
    for tile in order[:boxes]:
        room[tile] = TARGET
    return bytes(room)


def _whole(room: bytearray, size: int, floors: list[int]) -> bool:
    seen, todo = {floors[0]}, [floors[0]]
    while todo:
        tile = todo.pop()
        near = {tile + step for step in (-size, size, -1, 1) if room[tile + step] != WALL} - seen
        seen |= near
        todo += near
    return len(seen) == len(floors)


def _state(room: bytes, size: int, low: int, high: int, draws: Draws, instance: str, attempt: int) -> Room | None:
    """One of the room's states in the band with no box on a target: first a length is drawn, then a state of it."""
    known = table(room, size)
    boxes = room.count(TARGET)
    codes = np.flatnonzero((known.far >= low) & (known.far <= high))
    targets = known.numbers[np.flatnonzero(np.frombuffer(room, np.uint8) == TARGET)]
    left = codes
    for _ in range(boxes):
        left, digit = np.divmod(left, len(known.floors))
        keep = ~np.isin(digit, targets)
        codes, left = codes[keep], left[keep]
    lengths = np.unique(known.far[codes])
    if not len(lengths):
        return None
    length = int(lengths[draws.below(len(lengths), "world", instance, attempt, "length")])
    codes = codes[known.far[codes] == length]
    code = int(codes[draws.below(len(codes), "world", instance, attempt, "state")])
    return Room(State(size, room, *known.state(code, boxes), instance), length)


def room(of: Id) -> Room:
    """An instance as it comes with the package."""
    return _kept(of.world)[of.split, of.number]


@cache
def _kept(world: str) -> dict[tuple[str, int], Room]:
    text = resources.files("journeyman.foresee.worlds").joinpath("instances", f"{world}.txt").read_text("ascii")
    found = {}
    for line in text.splitlines():
        if not line.startswith(";"):
            name, optimal, rows = line.split(" ")
            split, number = name.split("/")
            found[split, int(number)] = Room(read(rows.replace("/", ""), f"{world}/{name}"), int(optimal))
    return found


def as_line(of: Id, made: Room) -> str:
    """An instance as a line of its file: split/number, fewest actions, rows of symbols."""
    grid = cells(made.first).decode()
    size = made.first.size
    return f"{of.split}/{of.number} {made.optimal} {'/'.join(grid[at : at + size] for at in range(0, size * size, size))}"


def write(world: str, folder: Path) -> None:
    """Make all instances of a world and write its file."""
    head = (
        f"; {world}: split/number, fewest actions that solve it, rows of the room\n"
        "; # wall, _ floor, . target, $ box, * box on target, @ player, + player on target\n"
        "; made by: python -m journeyman.foresee.worlds.push_rooms\n"
    )
    lines = [as_line(of, make(of)) for split in SPLITS for of in ids(world, None, split)]
    (folder / f"{world}.txt").write_text(head + "\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "instances"
    place.mkdir(parents=True, exist_ok=True)
    for size in SIZES:
        write(f"push-{size}", place)
