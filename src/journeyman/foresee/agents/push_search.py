"""The shortest way to bring all boxes of one room onto targets, on bits: bit t of a number is tile t.

A* over (boxes, player): a step of the search walks to a box and pushes it once. Walking distances come from a flood over the
free tiles, the estimate of what is left from the pushes that each box needs at least if it were alone.
"""

from __future__ import annotations

import heapq
from functools import lru_cache
from itertools import count
from typing import NamedTuple

from journeyman.foresee.agents.mind import Actions
from journeyman.foresee.worlds.push_rules import offset


class Found(NamedTuple):
    """Attributes:
    actions: that solve the room; None: none were found.
    looks: states that were looked at. all: these were all there are, so that None means that there is no way.
    """

    actions: Actions | None
    looks: int
    all: bool


@lru_cache(maxsize=8192)
def solution(size: int, walls: int, targets: int, boxes: int, player: int, steps: int, looks: int) -> Found:
    """The fewest actions that solve a room, at most `steps`, looking at no more than `looks` states.

    Args:
        walls: all around the room, too, so that no shift comes out at the other side.
    """
    far, alive = _pushes(size, walls, targets)
    if boxes & ~alive:
        return Found(None, 1, True)
    least = sum(far[box] for box in _tiles(boxes))
    if least > steps:
        return Found(None, 1, True)
    order = count()
    queue = [(least, least, next(order), boxes, player)]
    came: dict[tuple[int, int], tuple[int, tuple[int, int] | None, int]] = {(boxes, player): (0, None, -1)}
    done: set[tuple[int, int]] = set()
    while queue and len(done) < looks:
        total, left, _, boxes, player = heapq.heappop(queue)
        state = boxes, player
        if state in done:
            continue
        if not boxes & ~targets:
            return Found(_actions(size, walls, came, state), len(done), True)
        done.add(state)
        for spent, spot, action in _reachable(size, walls, alive, boxes, player):
            step = offset(size, action)
            box, behind = spot + step, spot + 2 * step
            then = boxes ^ (1 << box) | 1 << behind
            cost, to_come, key = total - left + spent + 1, left - far[box] + far[behind], (then, box)
            known = came.get(key)
            if cost + to_come > steps or (known is not None and cost >= known[0]):
                continue
            if _stuck(size, walls, targets, then, behind):
                continue
            came[key] = cost, state, action
            heapq.heappush(queue, (cost + to_come, to_come, next(order), then, box))
    return Found(None, len(done), not queue)


def _reachable(size: int, walls: int, alive: int, boxes: int, player: int) -> list[tuple[int, int, int]]:
    """(steps to get there, tile, action) of each push that the player can make onto a tile that is alive."""
    free = ~(walls | boxes)
    room = free & alive
    spots: dict[int, list[int]] = {}
    for action in range(4):
        step = offset(size, action)
        # Tiles with a box ahead and room for it behind that.
        able = _shifted(boxes & _shifted(room, -step), -step) & free
        while able:
            low = able & -able
            spots.setdefault(low, []).append(action)
            able ^= low
    wanted = sum(spots)
    found: list[tuple[int, int, int]] = []
    steps, reached, fresh = 0, 0, 1 << player
    while fresh and wanted:
        hit = fresh & wanted
        wanted ^= hit
        while hit:
            low = hit & -hit
            found += [(steps, low.bit_length() - 1, action) for action in spots[low]]
            hit ^= low
        reached |= fresh
        fresh = (fresh << 1 | fresh >> 1 | fresh << size | fresh >> size) & free & ~reached
        steps += 1
    return found


def _actions(
    size: int, walls: int, came: dict[tuple[int, int], tuple[int, tuple[int, int] | None, int]], state: tuple[int, int]
) -> Actions:
    """All actions on the way to a state, walks between pushes included."""
    parts: list[Actions] = []
    while True:
        _, before, action = came[state]
        if before is None:
            return tuple(action for part in reversed(parts) for action in part)
        boxes, player = before
        spot = state[1] - offset(size, action)
        parts.append((*_walk(size, ~(walls | boxes), player, spot), action))
        state = before


def _walk(size: int, free: int, start: int, goal: int) -> Actions:
    """A shortest walk over free tiles from one where somebody stands; there must be one."""
    free |= 1 << start
    levels = [1 << goal]
    reached = 1 << goal
    while not levels[-1] >> start & 1:
        last = levels[-1]
        fresh = (last << 1 | last >> 1 | last << size | last >> size) & free & ~reached
        reached |= fresh
        levels.append(fresh)
    found: list[int] = []
    at = start
    for level in reversed(levels[:-1]):
        action = next(action for action in range(4) if level >> at + offset(size, action) & 1)
        at += offset(size, action)
        found.append(action)
    return tuple(found)


@lru_cache(maxsize=4096)
def _pushes(size: int, walls: int, targets: int) -> tuple[dict[int, int], int]:
    """Tile -> fewest pushes that bring a lone box from there to a target, wherever the player is; and those tiles."""
    free = ~walls & ((1 << size * size) - 1)
    found: dict[int, int] = {}
    fresh, reached, pushes = targets & free, 0, 0
    while fresh:
        reached |= fresh
        found |= dict.fromkeys(_tiles(fresh), pushes)
        before = 0
        for action in range(4):
            step = offset(size, action)
            pulled = _shifted(fresh, -step) & free
            before |= pulled & _shifted(free, step)  # the player stood behind it
        fresh = before & ~reached
        pushes += 1
    return found, reached


def _stuck(size: int, walls: int, targets: int, boxes: int, box: int) -> bool:
    """Whether a box makes a square of four with walls and other boxes, none of which can move any more, one of them off its
    target."""
    blocks = walls | boxes
    for corner in (box, box - 1, box - size, box - size - 1):
        square = (3 | 3 << size) << corner
        if blocks & square == square and boxes & square & ~targets:
            return True
    return False


def _tiles(bits: int) -> list[int]:
    """Numbers of the tiles, ascending."""
    found = []
    while bits:
        low = bits & -bits
        found.append(low.bit_length() - 1)
        bits ^= low
    return found


def _shifted(bits: int, step: int) -> int:
    """Every tile moved by `step`."""
    return bits << step if step > 0 else bits >> -step
