"""What could be done in a room that is only believed in, and how likely each plan is to work.

Plans are shortest solutions: of the most probable room, then of rooms in which no plan so far works, the heaviest first. Each
is walked through in all rooms of the belief. It works in a room where it wins and where everything looks as in the room that
it was made for. Where something looks different, one notices and plans anew: that is worth as much as the best of the plans
would be to one who knew of just this difference, and nothing where a box was lost before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from journeyman.foresee.agents.mind import Actions
from journeyman.foresee.agents.push_cells import Floats, Rooms
from journeyman.foresee.agents.push_maps import Ints, Maps, walk
from journeyman.foresee.agents.push_search import Found, solution

MOST = 8
"""Plans that are made, at most."""
LOOKS, LOOKS_IN_ALL = 300, 1200
"""States that are looked at for one plan and for all of a decision, at most: in large rooms a plan may then not be found."""


@dataclass(frozen=True)
class Plans:
    """Attributes:
    actions: of each plan; none is empty.
    tokens: for each plan, (actions, rooms): what would be seen after each of its actions; see `push_maps.token`.
    worth: (plans, rooms) probability of success of beginning with it where this is the true room, in 0..1.
    """

    actions: tuple[Actions, ...]
    tokens: tuple[Ints, ...]
    worth: Floats

    def first_values(self, weight: Floats) -> dict[Actions, float]:
        """For each first action, what the best plan is worth that begins with it."""
        found: dict[Actions, float] = {}
        for actions, value in zip(self.actions, (self.worth @ weight).tolist(), strict=True):
            found[actions[:1]] = max(value, found.get(actions[:1], 0.0))
        return found


def plans(maps: Maps, likely: Rooms, steps: int, before: Sequence[Actions] = ()) -> Plans:
    """Plans of at most `steps` actions.

    Args:
        likely: the most probable room, as the only row.
        before: plans of which it is known already that they could work, such as what is left of the last one.
    """
    size, at = maps.size, int(maps.at[0])
    chosen: dict[Actions, None] = {}
    walked: list[Ints] = []
    expected: list[Ints] = []
    works: list[Floats] = []
    open_ = maps.weight.copy()

    def add(actions: Actions | None, seen: Ints | None) -> None:
        """`seen`: what is expected after each action; None: what the most rooms show in which it wins."""
        if not actions or actions in chosen or len(actions) > steps:
            return
        went = walk(maps, actions)
        won = went.end.won
        if seen is None:
            if not (won & (maps.weight > 0.0)).any():
                return
            seen = went.tokens[:, int(np.argmax(np.where(won, maps.weight, -1.0)))]
        chosen[actions] = None
        walked.append(went.tokens)
        works.append(((went.tokens == seen[:, None]).all(axis=0) & won).astype(float))
        expected.append(seen)
        open_[works[-1] > 0.0] = 0.0

    for actions in before:
        add(actions, None)
    walls, targets, boxes = (int(bits[0]) for bits in likely)
    found = solution(size, walls, targets, boxes, at, steps, LOOKS)
    add(found.actions, None)
    left = LOOKS_IN_ALL - found.looks
    for _ in range(len(open_)):
        room = int(np.argmax(open_))
        if open_[room] <= 0.0 or left <= 0 or len(chosen) >= MOST:
            break
        open_[room] = 0.0
        found = solve(maps, room, steps)
        left -= found.looks + 1
        if found.actions:
            add(found.actions, walk(maps.of(np.array([room])), found.actions).tokens[:, 0])
    if not chosen:
        return Plans((), (), np.zeros((0, len(maps.weight))))
    worth = _with_second_chances(maps, tuple(chosen), walked, expected, np.array(works))
    return Plans(tuple(chosen), tuple(walked), worth)


def solve(maps: Maps, room: int, steps: int) -> Found:
    """The shortest solution of one of the rooms."""
    walls, targets, boxes = (int(bits[room]) for bits in (maps.walls, maps.targets, maps.boxes))
    return solution(maps.size, walls, targets, boxes, int(maps.at[room]), steps, LOOKS)


def solvable(maps: Maps, steps: int) -> Maps:
    """Without the rooms of which it is found, in `LOOKS_IN_ALL` states, that there is no way; as they were if that is all."""
    left, kept = LOOKS_IN_ALL, np.ones(len(maps.weight))
    for room in np.flatnonzero(maps.weight > 0.0).tolist():
        if left <= 0:
            break
        found = solve(maps, room, steps)
        left -= found.looks + 1
        kept[room] = found.actions is not None or not found.all
    return maps.weighted(kept) or maps


def _with_second_chances(
    maps: Maps, actions: Sequence[Actions], walked: Sequence[Ints], expected: Sequence[Ints], works: Floats
) -> Floats:
    """`works`, and for each group of rooms in which a plan is first seen to fail by the same sight, what the best plan is
    worth there."""
    worth = works.copy()
    for plan, (doing, tokens, seen) in enumerate(zip(actions, walked, expected, strict=True)):
        failed = np.flatnonzero(works[plan] == 0.0)
        if not len(failed):
            continue
        differs = tokens[:, failed] != seen[:, None]
        when = np.where(differs.any(axis=0), differs.argmax(axis=0), len(doing) - 1)
        sight = when * (int(tokens.max()) + 1) + tokens[when, failed]
        groups, group = np.unique(sight, return_inverse=True)
        weight = np.zeros((len(groups), len(failed)))
        weight[group, np.arange(len(failed))] = maps.weight[failed]
        total = weight.sum(axis=1)
        best = (works[:, failed] @ weight.T).max(axis=0) / np.where(total > 0.0, total, 1.0)
        worth[plan, failed] = best[group] * ~_lost(maps, doing, when, failed)
    return worth


def _lost(maps: Maps, doing: Actions, when: Ints, rooms: Ints) -> NDArray[np.bool_]:
    """Whether a box is on a dead tile after the action at which each of these rooms looked different."""
    lost = np.zeros(len(rooms), dtype=bool)
    for action in np.unique(when).tolist():
        those = when == action
        end = walk(maps.of(rooms[those]), doing[: action + 1]).end
        lost[those] = end.dead
    return lost
