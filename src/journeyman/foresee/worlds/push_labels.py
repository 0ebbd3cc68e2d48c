"""What an action does to boxes, by name; and what the state would be had it done something else."""

from __future__ import annotations

from collections.abc import Sequence

from journeyman.errors import UsageError
from journeyman.foresee.worlds.push_rules import FLOOR, TARGET, WALL, State, after, cells, moved, offset

OUTCOMES = ("blocked", "walk", "push", "push_on", "push_off")
_KINDS = {symbol: kind for kind, symbol in enumerate(b"#_.$*")}


def label(state: State, action: int) -> str:
    """What `action` does; "push_on" and "push_off" bring a box onto a target or away from one."""
    then = after(state, action)
    if then.player == state.player:
        return "blocked"
    return "walk" if then.boxes == state.boxes else _push(state, action)


def possible(state: State, action: int) -> Sequence[str]:
    """That a push or step goes through must be found out, wherever there is a tile and no second box to go to.

    The outer wall and a second box behind the first are plain to see: ("blocked",). Else "blocked" and what happens if not.
    """
    step = offset(state.size, action)
    ahead, beyond = state.player + step, state.player + 2 * step
    box = ahead in state.boxes
    if state.success or _outer(state.size, beyond if box else ahead) or (box and beyond in state.boxes):
        return ("blocked",)
    return ("blocked", _push(state, action) if box else "walk")


def imagine(state: State, action: int, wanted: str) -> State:
    """The state after `action` if `wanted` happened; a wall that would forbid it becomes floor.

    Raises UsageError: a label that is not possible there.
    """
    allowed = possible(state, action)
    if wanted not in allowed:
        raise UsageError(f"'{wanted}' cannot happen at this action; {' or '.join(allowed)} can")
    if wanted == "blocked":
        return state
    step = offset(state.size, action)
    ahead, beyond = state.player + step, state.player + 2 * step
    box = ahead in state.boxes
    needed = beyond if box else ahead
    room = state.room
    if room[needed] == WALL:
        room = room[:needed] + bytes((FLOOR,)) + room[needed + 1 :]
    boxes = moved(state.boxes, ahead, beyond) if box else state.boxes
    return state._replace(room=room, player=ahead, boxes=boxes)


def context(state: State, action: int) -> tuple[int, ...]:
    """(over, up, up + 1, down, down + 1, left, left + 1, right, right + 1, action): whether the episode is over, the next
    tile and the one behind it each way (0 wall, 1 floor, 2 target, 3 box, 4 box on target), and the action. The label is a
    function of it."""
    grid = cells(state._replace(player=0))  # a corner, so that it hides nothing
    grid[0] = WALL
    seen = []
    for way in range(4):
        step = offset(state.size, way)
        ahead = state.player + step
        beyond = WALL if _outer(state.size, ahead) else grid[ahead + step]
        seen += [_KINDS[grid[ahead]], _KINDS[beyond]]
    return (int(state.success), *seen, action)


def _push(state: State, action: int) -> str:
    """The label of a push, by where the box comes from and goes to."""
    step = offset(state.size, action)
    was = state.room[state.player + step] == TARGET
    becomes = state.room[state.player + 2 * step] == TARGET
    return "push" if was == becomes else "push_on" if becomes else "push_off"


def _outer(size: int, tile: int) -> bool:
    row, column = divmod(tile, size)
    return row in (0, size - 1) or column in (0, size - 1)
