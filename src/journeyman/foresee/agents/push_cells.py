"""What one who misreads tiles believes of a room with boxes: each inner tile by itself, but so many boxes and targets.

A tile is a wall, floor, a target, a box or a box on a target. Tiles are independent up to the number of boxes, which the
room announces, and of targets, which is the same. Drawing rooms from that belief and finding the most probable one are exact
(dynamic programming over tiles and how many boxes and targets are still to come).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from journeyman.errors import UsageError
from journeyman.foresee.worlds.push_rules import offset

Floats = NDArray[np.float64]
Bits = NDArray[np.uint64]

WALL, FLOOR, TARGET, BOX, STORED = range(5)
"""Kinds of tiles; the last is a box on a target."""
WALLED = 0.25
"""Share of walls among the inner tiles of the rooms: the belief before anything is seen."""
_SOFT = 1e-3
_SYMBOLS = "#_.$"
_COUNTED = re.compile(r"(\d+) of (\d+) box")
_BOXES = (0, 0, 0, 1, 1)
_TARGETS = (0, 0, 1, 0, 1)


class Seen(NamedTuple):
    """What is looked at after a walk: the player's tile, whether a box is on the tile ahead (in the direction of the last
    action), and how many boxes are on targets."""

    at: int
    box: bool
    solved: int


@dataclass(frozen=True)
class Cells:
    """Attributes:
    size: of the square room, walls around included.
    weights: (inner tiles, 5) without unit, row by row; a row's only non-zero is certain.
    boxes: how many there are. solved: how many are on targets now.
    at: the player's tile.
    """

    size: int
    weights: Floats
    boxes: int
    solved: int
    at: int


class Rooms(NamedTuple):
    """Rooms, each a row: bit t of a number is tile t."""

    walls: Bits
    targets: Bits
    boxes: Bits


@cache
def inner(size: int) -> tuple[int, ...]:
    """Tiles inside the walls around, row by row."""
    return tuple(row * size + column for row in range(1, size - 1) for column in range(1, size - 1))


@cache
def border(size: int) -> int:
    """The walls around, a bit a tile."""
    return ((1 << size * size) - 1) ^ sum(1 << tile for tile in inner(size))


def seen(
    symbols: str, text: str, perception: float, misread: Callable[[int], bool], instead: Callable[[int, int], int]
) -> Cells:
    """The belief from the first look.

    Args:
        text: of the observation; it says how many boxes there are.
        perception: rate at which an inner tile is taken for another of wall, floor, target and box, each of them alike.
        misread: whether this tile is. instead: which of so many others it is taken for.

    The player's tile is never misread. Raises UsageError: symbols that are no room with a player in it.
    """
    grid = "".join(symbols.split())
    size = math.isqrt(len(grid))
    if size < 3 or size > 8 or size * size != len(grid) or sum(map(grid.count, "@+")) != 1 or grid.strip("#_.$*@+"):
        raise UsageError("a scripted agent needs to see the room in symbols at the start; ask for the format 'symbols'")
    at = next(tile for tile, symbol in enumerate(grid) if symbol in "@+")
    counted = _COUNTED.search(text)
    solved, boxes = (int(counted[1]), int(counted[2])) if counted else (grid.count("*"), grid.count("$") + grid.count("*"))
    cells = Cells(size, np.empty(0), boxes, solved, at)
    weights = np.zeros((len(inner(cells.size)), 5))
    for row, tile in zip(weights, inner(cells.size), strict=True):
        symbol = grid[tile]
        if symbol in "@+":
            row[TARGET if symbol == "+" else FLOOR] = 1.0
            continue
        if misread(tile):
            others = [other for other in _SYMBOLS if other != symbol]
            symbol = others[instead(len(others), tile)]
        row[:4] = perception / 3
        if symbol == "*":
            row[STORED] = 1.0 - perception
        else:
            row[_SYMBOLS.index(symbol)] = 1.0 - perception
        row *= (WALLED, *[1.0 - WALLED] * 4)
    return weighted(cells, weights)


def walked(cells: Cells, action: int, shown: Seen) -> Cells:
    """After one real action led to this: of the tile ahead, and the one behind it, more is certain.

    By Bayes' rule, but for a box ahead after a step of which it was not certain whether it was pushed there: that ties two
    tiles together, which are taken to be independent all the same.
    """
    step = offset(cells.size, action)
    ahead, beyond = cells.at + step, cells.at + 2 * step
    numbers = {tile: number for number, tile in enumerate(inner(cells.size))}
    weights = cells.weights.copy()
    first, second = (weights[numbers[tile]] if tile in numbers else None for tile in (ahead, beyond))
    if shown.at == cells.at:
        if first is not None:
            _keep(first, (BOX, STORED) if shown.box else (WALL,))
            if shown.box and second is not None:
                _keep(second, (WALL, BOX, STORED))
    elif shown.at == ahead and first is not None:
        if shown.box:  # pushed there, or there before
            _become(first, {FLOOR: (FLOOR, BOX), TARGET: (TARGET, STORED)})
            if second is not None:
                _become(second, {BOX: (FLOOR, BOX), STORED: (TARGET, STORED)})
        else:
            _keep(first, (FLOOR, TARGET))
            if second is not None:
                _keep(second, (WALL, FLOOR, TARGET))
        if second is not None and shown.solved != cells.solved:  # a push onto a target, or off one
            on = shown.solved > cells.solved
            _keep(first, (FLOOR,) if on else (TARGET,))
            _keep(second, (STORED,) if on else (BOX,))
    return weighted(replace(cells, at=shown.at, solved=shown.solved), weights)


def drawn(cells: Cells, uniform: Floats) -> Rooms:
    """Rooms from the belief. `uniform`: (rooms, inner tiles) numbers in [0, 1)."""
    w, n = cells.weights, cells.boxes
    to_come = _to_come(w, n)
    boxes = np.full(len(uniform), n)
    targets = boxes.copy()
    kinds = np.empty(uniform.shape, dtype=np.intp)
    for tile in range(len(w)):
        after = to_come[tile + 1]
        each = np.stack([
            w[tile, kind] * after[boxes - _BOXES[kind] + 1, targets - _TARGETS[kind] + 1] for kind in range(5)
        ])  # fmt: skip
        up_to = each.cumsum(axis=0)
        kind = (uniform[:, tile] * up_to[-1] >= up_to[:-1]).sum(axis=0)
        kinds[:, tile] = kind
        boxes = boxes - (kind >= BOX)
        targets = targets - ((kind == TARGET) | (kind == STORED))
    return rooms_of(cells, kinds)


def most_probable(cells: Cells) -> Rooms:
    """The one room that is most probable under the belief; ties go to the lower kind of the earlier tile."""
    w, n = cells.weights, cells.boxes
    # Boxes and targets still to come -> probability so far, kinds.
    best: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {(n, n): (1.0, ())}
    for row in w.tolist():
        then: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {}
        for (boxes, targets), (weight, kinds) in best.items():
            for kind, p in enumerate(row):
                left = boxes - _BOXES[kind], targets - _TARGETS[kind]
                if p > 0.0 and min(left) >= 0 and weight * p > then.get(left, (0.0, ()))[0]:
                    then[left] = weight * p, (*kinds, kind)
        best = then
    return rooms_of(cells, np.array([best[0, 0][1]]))


def rooms_of(cells: Cells, kinds: NDArray[np.intp]) -> Rooms:
    """(rooms, inner tiles) kinds as bits."""
    bits = np.array([1 << tile for tile in inner(cells.size)], dtype=np.uint64)

    def of(*wanted: int) -> Bits:
        return np.asarray(np.where(np.isin(kinds, wanted), bits, np.uint64(0)).sum(axis=1, dtype=np.uint64))

    return Rooms(of(WALL) | np.uint64(border(cells.size)), of(TARGET, STORED), of(BOX, STORED))


def marginals(cells: Cells, rooms: Rooms, weight: Floats) -> Floats:
    """(inner tiles, 5) shares of the kinds among weighted rooms."""
    shift = np.array(inner(cells.size), dtype=np.uint64)[:, None]
    wall, target, box = ((bits[None] >> shift & np.uint64(1)).astype(bool) for bits in rooms)
    each = (wall, ~wall & ~target & ~box, target & ~box, box & ~target, box & target)
    return np.stack([kind @ weight for kind in each], axis=1)


def _keep(row: Floats, kinds: Sequence[int]) -> None:
    """Nothing but these kinds is possible."""
    _become(row, {kind: (kind,) for kind in kinds})


def _become(row: Floats, kinds: Mapping[int, Sequence[int]]) -> None:
    """The tile is now of one of these kinds, each with the weight of those that it was before; all alike where none of that
    was held possible."""
    now = np.zeros(5)
    for kind, before in kinds.items():
        now[kind] = row[list(before)].sum()
    if not now.any():
        now[list(kinds)] = 1.0
    row[:] = now


def _to_come(w: Floats, n: int) -> Floats:
    """(tiles + 1, n + 2, n + 2): weight of all ways to fill the tiles from one on with b boxes and t targets, at
    [b + 1, t + 1], each tile's on a scale of its own; row and column 0 are for what is impossible."""
    found = np.zeros((len(w) + 1, n + 2, n + 2))
    found[-1, 1, 1] = 1.0
    for tile in range(len(w) - 1, -1, -1):
        after, row = found[tile + 1], w[tile]
        here = found[tile, 1:, 1:]
        here += (row[WALL] + row[FLOOR]) * after[1:, 1:] + row[TARGET] * after[1:, :-1]
        here += row[BOX] * after[:-1, 1:] + row[STORED] * after[:-1, :-1]
        found[tile] /= found[tile].max() or 1.0
    return found


def weighted(cells: Cells, weights: Floats) -> Cells:
    """The same with these weights, normalized: where the player stands there is neither wall nor box. They are softened
    where no room with so many boxes and targets has all that is believed certain."""
    here = weights[inner(cells.size).index(cells.at)]
    weights = weights.copy()
    weights[inner(cells.size).index(cells.at)] = (0.0, here[FLOOR], here[TARGET], 0.0, 0.0)
    weights = _normalized(weights)
    if _to_come(weights, cells.boxes)[0, -1, -1] <= 0.0:
        weights = weights + _SOFT
        weights[inner(cells.size).index(cells.at)] *= (0, 1, 1, 0, 0)
        weights = _normalized(weights)
    weights.setflags(write=False)
    return replace(cells, weights=weights)


def _normalized(weights: Floats) -> Floats:
    """Rows that add up to 1; floor or target, alike, where nothing was held possible."""
    weights[weights.sum(axis=1) <= 0.0] = (0.0, 0.5, 0.5, 0.0, 0.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
