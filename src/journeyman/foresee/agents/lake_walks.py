"""The best walks over a lake whose holes are only believed in: value iteration for many beliefs at once.

Without slip nothing is learned on the way but that one did not fall, so the best policy is the best route: the product of
(1 - hole) over its tiles, times the discount for every step but the first. With tiles independent that is exact, and it is
convex in the belief: no evidence makes its expectation smaller.
"""

from __future__ import annotations

import numpy as np

from journeyman.foresee.agents.lake_belief import Belief, Floats
from journeyman.foresee.worlds.lake_rules import neighbours

_LOOKS = 3
"""Sweeps between two looks at whether anything still changes."""


def entering(belief: Belief, holes: Floats, discount: float, steps: int) -> Floats:
    """What it is worth to step onto each tile, for each row of `holes`.

    Args:
        belief: for size and goal. Its slip must be 0.
        holes: (beliefs, tiles).
        discount: for each step after the first.
        steps: most steps a walk may take, the one onto the tile included.

    Returns: (beliefs, tiles), in 0..1; 1 at the goal.
    """
    n, (row, column) = belief.size, divmod(belief.goal, belief.size)
    value = np.zeros((len(holes), n + 2, n + 2))  # a border of worthless tiles
    bears = discount * (1.0 - holes.reshape(-1, n, n))
    inner, goal = value[:, 1:-1, 1:-1], value[:, row + 1, column + 1]
    up, down, left, right = value[:, :-2, 1:-1], value[:, 2:, 1:-1], value[:, 1:-1, :-2], value[:, 1:-1, 2:]
    best, other, before = np.empty_like(bears), np.empty_like(bears), np.zeros_like(value)
    goal[:] = 1.0
    for sweep in range(1, steps):
        np.maximum(up, down, out=best)
        np.maximum(left, right, out=other)
        np.maximum(best, other, out=best)
        np.multiply(best, bears, out=inner)
        goal[:] = 1.0
        if sweep % _LOOKS == 0:
            if np.array_equal(before, value):
                break
            np.copyto(before, value)
    return inner.reshape(len(holes), -1)


def worth(belief: Belief, holes: Floats, discount: float, steps: int) -> Floats:
    """What each of the four actions is worth at the player's tile, for each row of `holes`: (beliefs, 4).

    An action against the edge is worth 0 without slip, as it leads nowhere.
    """
    if steps < 1:
        return np.zeros((len(holes), 4))
    around = np.array(neighbours(belief.size)[belief.at])
    if belief.slip:
        return _slippery(belief, holes, discount, steps)[:, belief.at]
    return np.asarray(entering(belief, holes, discount, steps)[:, around] * (around != belief.at))


def route(belief: Belief, entered: Floats, first: int | None = None) -> list[int]:
    """The actions of the best walk from the player to the goal, or of the best that begins with `first`.

    Args:
        entered: a row of `entering`.

    Ties go to the action with the lowest number. It ends early where all that is left is worth nothing.
    """
    around, value = neighbours(belief.size), entered.tolist()
    tile, walked, found = belief.at, {belief.at}, list[int]()
    while tile != belief.goal:
        action = max(range(4), key=lambda way: value[around[tile][way]]) if found or first is None else first
        tile = around[tile][action]
        if tile in walked or value[tile] <= 0.0:
            break
        walked.add(tile)
        found.append(action)
    return found


def _slippery(belief: Belief, holes: Floats, discount: float, steps: int) -> Floats:
    """(beliefs, tiles, 4): with slip, where over the edge one stays. Each belief is taken as it is, though on a slippery
    lake one may come by a tile twice."""
    around = np.array(neighbours(belief.size))
    slip, standing = belief.slip, np.arange(len(around))[:, None]
    stays = around == standing
    bears = 1.0 - holes
    value = np.zeros_like(holes)
    value[:, belief.goal] = 1.0
    each = np.zeros((*holes.shape, 4))
    for _ in range(steps):
        ahead = np.where(stays, value[:, :, None], (bears * value)[:, around])
        before = each
        each = (1.0 - slip) * ahead + slip / 2 * (np.roll(ahead, 1, axis=2) + np.roll(ahead, -1, axis=2))
        value = discount * each.max(axis=2)
        value[:, belief.goal] = 1.0
        if np.array_equal(each, before):
            break
    return each
