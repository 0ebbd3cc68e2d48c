"""The fixed maps of lake-4, lake-6 and lake-8: the id alone decides every tile (spec b.1, k.2)."""

from __future__ import annotations

from functools import lru_cache

from journeyman.foresee.draws import Draws
from journeyman.foresee.worlds.instance_ids import Id, belongs
from journeyman.foresee.worlds.lake_plan import distances
from journeyman.foresee.worlds.lake_rules import GOAL, HOLE, ICE, START, State

SIZES = (4, 6, 8)
FROZEN = 0.8
"""Probability that a tile is ice."""


def shortest_allowed(size: int) -> int:
    """The fewest actions an instance may need: 2 on the small lake, where more is rare, else size - 1."""
    return 2 if size < 6 else size - 1


@lru_cache(maxsize=4096)
def first_state(of: Id) -> State:
    """The state an instance begins in: maps are drawn until one of its split has a way to the goal that is long enough."""
    size = int(of.world.removeprefix("lake-"))
    draws, attempt = Draws(0), 0
    while True:
        state = _drawn(size, draws, str(of), attempt)
        if belongs(state.tiles, of.split) and distances(state.tiles)[state.at] >= shortest_allowed(size):
            return state
        attempt += 1


def _drawn(size: int, draws: Draws, instance: str, attempt: int) -> State:
    cells = size * size
    start = draws.below(cells, "world", instance, attempt, "start")
    goal = (start + 1 + draws.below(cells - 1, "world", instance, attempt, "goal")) % cells
    tiles = bytearray(
        ICE if draws.uniform("world", instance, attempt, cell) < FROZEN else HOLE for cell in range(cells)
    )
    tiles[start], tiles[goal] = START, GOAL
    return State(size, bytes(tiles), start, 0, instance)
