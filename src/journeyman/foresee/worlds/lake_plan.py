"""Exact plans on a lake: shortest ways without slip, probabilities of success with it. Kept by map."""

from __future__ import annotations

import math
from collections import deque
from functools import lru_cache

from journeyman.foresee.worlds.lake_rules import GOAL, HOLE, State, neighbours

UNREACHABLE = -1


@lru_cache(maxsize=8192)
def distances(tiles: bytes) -> tuple[int, ...]:
    """For each tile, the fewest actions from it to the goal without slip; `UNREACHABLE` from holes and cut-off tiles."""
    size = math.isqrt(len(tiles))
    around = neighbours(size)
    found = [UNREACHABLE] * len(tiles)
    queue = deque(cell for cell, tile in enumerate(tiles) if tile == GOAL)
    for cell in queue:
        found[cell] = 0
    while queue:
        cell = queue.popleft()
        for other in around[cell]:  # steps are undone by steps: the way back is as long
            if found[other] == UNREACHABLE and tiles[other] != HOLE:
                found[other] = found[cell] + 1
                queue.append(other)
    return tuple(found)


def shortest_actions(state: State) -> tuple[int, ...]:
    """All actions that bring the goal one step nearer, slips aside; () where it is out of reach or reached."""
    far = distances(state.tiles)
    left = far[state.at]
    if left <= 0:
        return ()
    return tuple(a for a, other in enumerate(neighbours(state.size)[state.at]) if far[other] == left - 1)


@lru_cache(maxsize=2048)
def action_values(tiles: bytes, slip: float, discount: float) -> tuple[tuple[float, float, float, float], ...]:
    """For each tile and action, discount^(steps) weighted probability of reaching the goal, played best from then on.

    Value iteration from zero, which rises to the least fixed point, the true optimum, also for `discount` 1. Stops when no
    value rises by more than 1e-12 in a sweep. Tiles that end the episode have value 1 (goal) or 0 (hole) for each action.
    """
    import numpy as np

    around = np.array(neighbours(math.isqrt(len(tiles))))
    kinds = np.frombuffer(tiles, np.uint8)
    goal, hole = kinds == GOAL, kinds == HOLE
    value = goal.astype(float)
    while True:
        ahead = value[around]
        aside = np.roll(ahead, 1, axis=1) + np.roll(ahead, -1, axis=1)
        each = discount * ((1 - slip) * ahead + slip / 2 * aside)
        each[goal], each[hole] = 1.0, 0.0
        better = each.max(axis=1)
        if np.max(np.abs(better - value)) <= 1e-12:
            return tuple((a, b, c, d) for a, b, c, d in each.tolist())
        value = better
