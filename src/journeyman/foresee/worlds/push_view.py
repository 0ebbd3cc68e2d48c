"""A room with boxes in words and symbols."""

from __future__ import annotations

from functools import cache, lru_cache

from journeyman.foresee.worlds.push_rules import ACTIONS, State, cells
from journeyman.foresee.worlds.world import About

SYMBOLS = "#_.$*@+"
LEGEND = {
    "#": "a wall",
    "_": "floor",
    ".": "a target",
    "$": "a box",
    "*": "a box on a target",
    "@": "you",
    "+": "you, on a target",
}
_CODES = bytes.maketrans(SYMBOLS.encode(), bytes(range(len(SYMBOLS))))


@cache
def about(size: int) -> About:
    """Rooms of this size for prompts and pages."""
    return About(
        name=f"push-{size}",
        role="You push boxes in a store room.",
        rules=(
            f"The room has {size} rows and {size} columns of tiles, the walls around it included. Each action moves you one "
            "tile; walking into a box pushes it one tile on, if there is neither a wall nor another box behind it. Boxes "
            "cannot be pulled, so a box in a corner stays there. What is blocked leaves you where you are. Bring every box "
            "onto a target: that is success, and ends the attempt."
        ),
        legend=LEGEND,
        actions=ACTIONS,
        per_turn=3,
    )


@lru_cache(maxsize=4096)
def symbols(state: State) -> str:
    """The grid, a line a row."""
    text = cells(state).decode()
    return "\n".join(text[at : at + state.size] for at in range(0, len(text), state.size))


def codes(state: State) -> bytearray:
    """The grid as indices into `SYMBOLS`, row by row; a new array each time."""
    return cells(state).translate(_CODES)


def told(state: State) -> str:
    """How far it is, in words, without saying where anything is: that is to be seen."""
    boxes = len(state.boxes)
    if state.success:
        return "Every box is on a target. The episode is over: success."
    return f"{state.solved} of {boxes} boxes {'is' if state.solved == 1 else 'are'} on a target."
