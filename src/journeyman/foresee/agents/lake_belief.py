"""What one who misreads tiles believes of a frozen lake, and what real steps and predictions do to that belief.

Tiles are independent: each is a hole with its own probability (spec, Appendix 1). A real step makes its tile certain. A
prediction is evidence: at every tile on its way the world model may show the wrong one of "bears" and "falls in", and the
reader may then take the whole prediction for another one. Calls are evidence each by itself, also where the same was asked
before: the errors of a world model are keyed by how often it was asked (`world_models.model.Asked.again`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from journeyman.errors import UsageError
from journeyman.foresee.worlds.lake_rules import neighbours

Floats = NDArray[np.float64]

HOLES = 0.2
"""Share of holes in the lakes (spec k.2): the belief before anything is seen."""
_SURE = 1e-9
"""No world model is believed more than up to this: evidence that contradicts a belief must not divide by zero."""
_PLAYER, _FELL, _WON = "PXV"


class Shown(NamedTuple):
    """How a walk ended: the player's tile, and whether it fell in or is on the goal there."""

    at: int
    fell: bool
    won: bool


@dataclass(frozen=True)
class Belief:
    """Attributes:
    size: of the square lake, in tiles.
    holes: probability of a hole for each tile, row by row; 0 or 1 only where it is certain.
    at, goal: the player's tile and the goal's.
    slip: probability that a step goes to one of the two sides.
    """

    size: int
    holes: Floats
    at: int
    goal: int
    slip: float = 0.0

    def path(self, actions: Sequence[int]) -> list[int]:
        """The tile after each action, slips and holes aside; nothing after the goal."""
        around = neighbours(self.size)
        tile, found = self.at, []
        for action in actions:
            tile = around[tile][action]
            found.append(tile)
            if tile == self.goal:
                break
        return found


class Outcomes(NamedTuple):
    """All that a call could show: `shown` with `chance` (adds up to 1) and the holes believed in after it, a row each."""

    shown: tuple[Shown, ...]
    chance: Floats
    holes: Floats


def hole_if_seen(hole: bool, perception: float) -> float:
    """P(hole | seen as hole or ice) of one who takes each tile for the other kind with probability `perception`."""
    taken = 1.0 - perception if hole else perception
    return HOLES * taken / (HOLES * taken + (1.0 - HOLES) * (1.0 - taken))


def seen(symbols: str, perception: float, misread: Callable[[int], bool], slip: float = 0.0) -> Belief:
    """The belief from the first look. `misread`: whether this tile is taken for the other kind; player and goal never are.

    Raises UsageError: symbols that are no lake with a player and a goal on it.
    """
    grid = "".join(symbols.split())
    size = math.isqrt(len(grid))
    if size < 2 or size * size != len(grid) or grid.count(_PLAYER) != 1 or grid.count("G") != 1 or grid.strip("P_OGS"):
        raise UsageError("a scripted agent needs to see the lake in symbols at the start; ask for the format 'symbols'")
    two = (hole_if_seen(False, perception), hole_if_seen(True, perception))
    holes = np.zeros(size * size)
    for tile, symbol in enumerate(grid):
        if symbol in "_O":
            holes[tile] = two[(symbol == "O") != misread(tile)]
    return Belief(size, _fixed(holes), grid.index(_PLAYER), grid.index("G"), slip)


def end_of(symbols: str) -> Shown | None:
    """Where a picture shows the player, and in which state; None where it shows none or more than one."""
    grid = "".join(symbols.split())
    found = [(tile, symbol) for tile, symbol in enumerate(grid) if symbol in "PXV"]
    if len(found) != 1:
        return None
    ((tile, symbol),) = found
    return Shown(tile, symbol == _FELL, symbol == _WON)


def stood(belief: Belief, shown: Shown) -> Belief:
    """After the player really was there: of that tile nothing is uncertain any more."""
    holes = belief.holes.copy()
    holes[shown.at] = float(shown.fell)
    return replace(belief, holes=_fixed(holes), at=shown.at)


def possible(belief: Belief, actions: Sequence[int]) -> tuple[Shown, ...]:
    """All ends of a walk that one who does not know the lake holds possible, slips aside: falling in at any tile it comes
    to for the first time, and coming through, which is the last of them."""
    path = belief.path(actions)
    end = path[-1] if path else belief.at
    falls = [Shown(tile, True, False) for tile in dict.fromkeys(path) if tile != belief.at]
    return (*falls, Shown(end, False, end == belief.goal))


def outcomes(belief: Belief, actions: Sequence[int], reliability: float, misread: float = 0.0) -> Outcomes:
    """What a call of these actions could show and what would be believed after it.

    Args:
        reliability: probability that the world model shows the truth of a tile, at each tile of the way by itself. With it
            and the probability h of a hole, "falls in" is shown with h r + (1 - h)(1 - r), and Bayes gives the rest.
        misread: probability that the reader takes the whole for one of the other outcomes, each of them alike.
    """
    if belief.slip:
        return _slippery(belief, actions, reliability, misread)
    shown = possible(belief, actions)
    tiles = np.array([end.at for end in shown[:-1]], dtype=np.intp)
    n = len(tiles)
    r = min(max(reliability, _SURE), 1.0 - _SURE)
    h = belief.holes[tiles]
    falls = h * r + (1.0 - h) * (1.0 - r)
    holes = np.repeat(belief.holes[None], n + 1, axis=0)
    holes[:, tiles] = np.where(_before(n), h * (1.0 - r) / (1.0 - falls), h)
    holes[np.arange(n), tiles] = h * r / falls
    chance = np.append(falls, 1.0) * np.append(1.0, np.cumprod(1.0 - falls))
    return Outcomes(shown, *_misread(chance, holes, misread))


def told(belief: Belief, actions: Sequence[int], shown: Shown, reliability: float, misread: float = 0.0) -> Belief:
    """After a call of these actions showed this. What fits none of the outcomes of such a walk is no evidence."""
    could = outcomes(belief, actions, reliability, misread)
    if shown not in could.shown:
        return belief
    return replace(belief, holes=_fixed(could.holes[could.shown.index(shown)]))


def falling(belief: Belief, actions: Sequence[int]) -> float:
    """Probability that these actions end in a hole. On slippery ice as if every action but the last went where it should."""
    around, kept, fresh, at = neighbours(belief.size), 1.0, set[int](), belief.at
    for action in actions:
        if at == belief.goal:
            break
        risk = 0.0
        for way, share in _ways(action, belief.slip):
            tile = around[at][way]
            if tile not in fresh:
                risk += share * float(belief.holes[tile])
        at = around[at][action]
        fresh.add(at)
        kept *= 1.0 - risk
    return 1.0 - kept


def entropy_around(belief: Belief) -> float:
    """Entropy of the tiles that can be stepped on next, in nats, added up."""
    tiles = sorted(set(neighbours(belief.size)[belief.at]) - {belief.at})
    return math.fsum(-p * math.log(p) - (1.0 - p) * math.log1p(-p) for p in belief.holes[tiles].tolist() if 0.0 < p < 1.0)


def _ways(action: int, slip: float) -> tuple[tuple[int, float], ...]:
    """(way, probability) of the moves an action may turn into."""
    if not slip:
        return ((action, 1.0),)
    return ((action, 1.0 - slip), ((action - 1) % 4, slip / 2), ((action + 1) % 4, slip / 2))


def _slippery(belief: Belief, actions: Sequence[int], reliability: float, misread: float) -> Outcomes:
    """The outcomes of a call on slippery ice. Only single steps are evidence, of the tile they ended on: where a longer walk
    ends says little of its way."""
    around, r = neighbours(belief.size)[belief.at], min(max(reliability, _SURE), 1.0 - _SURE)
    if len(actions) != 1:
        return Outcomes((Shown(belief.at, False, False),), np.ones(1), belief.holes[None])
    reached: dict[int, float] = {}
    for way, share in _ways(actions[0], belief.slip):
        reached[around[way]] = reached.get(around[way], 0.0) + share
    shown, chance, rows = [], [], []
    for tile, share in reached.items():
        h = float(belief.holes[tile])
        falls = h * r + (1.0 - h) * (1.0 - r) if tile != belief.at else 0.0
        for fell, p in ((True, falls), (False, 1.0 - falls)):
            if p > 0.0:
                row = belief.holes.copy()
                row[tile] = h * (r if fell else 1.0 - r) / p if tile != belief.at else 0.0
                shown.append(Shown(tile, fell, tile == belief.goal and not fell))
                chance.append(share * p)
                rows.append(row)
    return Outcomes(tuple(shown), *_misread(np.array(chance), np.array(rows), misread))


def _misread(chance: Floats, holes: Floats, misread: float) -> tuple[Floats, Floats]:
    """The same for one who takes an outcome for another: each row becomes the mean of what may have been shown, by the
    chance of it. Marginals of tiles are kept, what ties them together is not."""
    n = len(chance)
    if not misread or n < 2:
        return chance, holes
    taken = np.full((n, n), misread / (n - 1))
    np.fill_diagonal(taken, 1.0 - misread)
    joint = taken * chance
    after = joint.sum(axis=1)
    return after, (joint @ holes) / np.maximum(after, _SURE)[:, None]


@cache
def _before(n: int) -> NDArray[np.bool_]:
    """(n + 1, n): whether a tile was passed by when the walk ended at the row's; the last row passed by all."""
    return np.tri(n + 1, n, -1, dtype=bool)


def _fixed(holes: Floats) -> Floats:
    holes.setflags(write=False)
    return holes
