"""A lake in words and symbols."""

from __future__ import annotations

from functools import cache, lru_cache

from journeyman.foresee.worlds.lake_rules import ACTIONS, GOAL, HOLE, State
from journeyman.foresee.worlds.world import About

SYMBOLS = "PS_OGXV"
"""Player on ice or start, start, ice, hole, goal, player in a hole, player on the goal."""

LEGEND = {
    "P": "you, on ice",
    "S": "the start, which is ice",
    "_": "ice",
    "O": "a hole",
    "G": "the goal",
    "X": "you, fallen into a hole",
    "V": "you, on the goal",
}
_PLAYER = {HOLE: ord("X"), GOAL: ord("V")}
_CODES = bytes.maketrans(SYMBOLS.encode(), bytes(range(len(SYMBOLS))))


@cache
def about(size: int, slip: float) -> About:
    """A lake of this size and slip for prompts and pages."""
    slippery = (
        f" The ice is slippery: with probability {slip:g} you move at a right angle to that, to either side alike."
        if slip
        else " The ice is not slippery: you move where you want to."
    )
    return About(
        name=f"lake-{size}:slip={slip:g}" if slip else f"lake-{size}",
        role="You cross a frozen lake on foot.",
        rules=(
            f"The lake has {size} rows and {size} columns of tiles. Each action moves you one tile; over the edge it leaves "
            "you where you are. Reach the goal: that is success. A hole ends the attempt without success." + slippery
        ),
        legend=LEGEND,
        actions=ACTIONS,
        per_turn=3,
    )


def _grid(state: State) -> bytearray:
    cells = bytearray(state.tiles)
    cells[state.at] = _PLAYER.get(state.tile, ord("P"))
    return cells


@lru_cache(maxsize=4096)
def symbols(state: State) -> str:
    """The grid, a line a row."""
    text = _grid(state).decode()
    return "\n".join(text[row * state.size : (row + 1) * state.size] for row in range(state.size))


def codes(state: State) -> bytearray:
    """The grid as indices into `SYMBOLS`, row by row; a new array each time."""
    return _grid(state).translate(_CODES)


def told(state: State) -> str:
    """What happened, in words, without saying where: that is to be seen."""
    if state.success:
        return "You stand on the goal. The episode is over: success."
    if state.terminal:
        return "You fell into a hole. The episode is over: no success."
    return "You stand on ice."
