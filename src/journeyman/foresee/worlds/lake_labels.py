"""What an action does on a lake, by name; and what the state would be had it done something else."""

from __future__ import annotations

from collections.abc import Sequence

from journeyman.errors import UsageError
from journeyman.foresee.worlds.lake_rules import GOAL, HOLE, ICE, START, State, move, neighbours

OUTCOMES = ("stay", "move", "fall", "goal")
_EDGE = 0
_KINDS = {START: 1, ICE: 1, HOLE: 2, GOAL: 3}


def label(state: State, action: int) -> str:
    """What `action` does, slips aside; "stay" against an edge and after the end."""
    after = move(state, action)
    if after == state.at:
        return "stay"
    return {HOLE: "fall", GOAL: "goal"}.get(state.tiles[after], "move")


def possible(state: State, action: int) -> Sequence[str]:
    """Edges and the goal are plain to see; of any other tile it must be found out whether it bears.

    Into the goal: goal or fall. Into another tile: move or fall. So there are two ways to go wrong or none, which is the
    falls-in-or-does-not of the reference experiment (spec, Appendix 1).
    """
    true = label(state, action)
    return {"stay": ("stay",), "goal": ("fall", "goal")}.get(true, ("move", "fall"))


def imagine(state: State, action: int, wanted: str) -> State:
    """The state after `action` if `wanted` happened; the tile it leads to becomes what that needs.

    Raises UsageError: a label that is not possible there.
    """
    allowed = possible(state, action)
    if wanted not in allowed:
        raise UsageError(f"'{wanted}' cannot happen at this action; {' or '.join(allowed)} can")
    after = move(state, action)
    tiles = state.tiles
    if wanted != label(state, action):
        tiles = tiles[:after] + bytes((HOLE if wanted == "fall" else ICE,)) + tiles[after + 1 :]
    return state._replace(at=after, tiles=tiles)


def context(state: State, action: int) -> tuple[int, ...]:
    """(over, left, down, right, up, action): whether the episode is over, the four tiles around (0 edge, 1 ice, 2 hole,
    3 goal), and the action. The label is a function of it."""
    around = [
        _EDGE if other == state.at else _KINDS[state.tiles[other]] for other in neighbours(state.size)[state.at]
    ]
    return (int(state.terminal), *around, action)
