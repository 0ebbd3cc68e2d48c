"""When boxes can no longer all be brought to targets: a quick test that is never wrong when it says so.

Two kinds are found: a box on a square from which no push sequence leads to any target (found by pulling a lone box away
from the targets), and a box that can never move again though it is on no target (freeze deadlock). Others, such as a player
shut out, are not; `push_plan.distance` finds all.
"""

from __future__ import annotations

from functools import lru_cache

from journeyman.foresee.worlds.push_rules import TARGET, WALL, State, offset


@lru_cache(maxsize=2048)
def dead_squares(room: bytes, size: int) -> frozenset[int]:
    """Floor tiles from which a lone box can be pushed to no target, wherever the player is."""
    alive = {tile for tile, kind in enumerate(room) if kind == TARGET}
    todo = list(alive)
    while todo:
        box = todo.pop()
        for action in range(4):
            step = offset(size, action)
            pulled = box - step  # pushed by `action`, a box comes from there, the player from one further back
            if room[pulled] != WALL and room[pulled - step] != WALL and pulled not in alive:
                alive.add(pulled)
                todo.append(pulled)
    return frozenset(tile for tile, kind in enumerate(room) if kind != WALL and tile not in alive)


def dead(state: State) -> bool:
    """Whether it is certain that the state cannot be solved. False may mean that this test does not see it."""
    gone = dead_squares(state.room, state.size)
    if any(box in gone for box in state.boxes):
        return True
    return any(state.room[box] != TARGET and _frozen(state, box, state.boxes, gone) for box in state.boxes)


def _frozen(state: State, box: int, others: tuple[int, ...], gone: frozenset[int]) -> bool:
    """Whether `box` can move along neither axis. `others`: boxes not yet taken for walls on the way here.

    Along an axis a box is blocked by a wall, by lost squares at both ends, or by a box that is frozen itself when this one
    counts as a wall; counting it so is right because each is stuck only as long as the other is.
    """
    rest = tuple(other for other in others if other != box)
    for step in (1, state.size):
        low, high = box - step, box + step
        if _wall(state, low, rest) or _wall(state, high, rest) or (low in gone and high in gone):
            continue
        if not any(side in rest and _frozen(state, side, rest, gone) for side in (low, high)):
            return False
    return True


def _wall(state: State, tile: int, rest: tuple[int, ...]) -> bool:
    """Whether a tile counts as a wall: it is one, or holds a box already taken for one."""
    return state.room[tile] == WALL or (tile in state.boxes and tile not in rest)
