"""What could be done in a room that is only believed in, and how likely each plan is to work.

Plans are shortest solutions: of the most probable room, then of rooms in which no plan so far works, the heaviest first.
Each is walked through in all rooms of the belief. It works in a room where it wins and where everything looks as in the room
that it was made for. Where something looks different, one notices and plans anew: that is worth as much as the best of the
plans would be to one who knew of just this difference, and nothing where a box was lost before. As one may notice more than
once, and then make plans that were not thought of, values come out low where little is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from journeyman.foresee.agents.mind import Actions
from journeyman.foresee.agents.push_cells import Floats, Rooms
from journeyman.foresee.agents.push_maps import Bools, Ints, Maps, Walk, walk
from journeyman.foresee.agents.push_search import Found, solution

MOST = 8
"""Plans that are made, at most."""
ENOUGH = 0.95
"""No more plans are made when one of them works in rooms of this weight in all."""
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
    walked: list[Walk] = []
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
        walked.append(went)
        works.append(((went.tokens == seen[:, None]).all(axis=0) & won).astype(float))
        expected.append(seen)
        open_[works[-1] > 0.0] = 0.0

    for actions in before:
        add(actions, None)
    walls, targets, boxes = (int(bits[0]) for bits in likely)
    found = solution(size, walls, targets, boxes, at, steps, LOOKS)
    add(found.actions, None)
    left = LOOKS_IN_ALL - found.looks
    while left > 0 and len(chosen) < MOST and open_.sum() > 1.0 - ENOUGH:
        room = int(np.argmax(open_))
        open_[room] = 0.0
        found = solve(maps, room, steps)
        left -= found.looks + 1
        if found.actions:
            add(found.actions, walk(maps.of(np.array([room])), found.actions).tokens[:, 0])
    if not chosen:
        return Plans((), (), np.zeros((0, len(maps.weight))))
    worth = _with_second_chances(maps, walked, expected, np.array(works))
    return Plans(tuple(chosen), tuple(went.tokens for went in walked), worth)


def solve(maps: Maps, room: int, steps: int) -> Found:
    """The shortest solution of one of the rooms."""
    walls, targets, boxes = (int(bits[room]) for bits in (maps.walls, maps.targets, maps.boxes))
    return solution(maps.size, walls, targets, boxes, int(maps.at[room]), steps, LOOKS)


def hopeless(maps: Maps, steps: int) -> Bools:
    """In which rooms it is found, looking at `LOOKS_IN_ALL` states, that no way of at most `steps` actions is left."""
    found, left = maps.dead, LOOKS_IN_ALL
    for room in np.flatnonzero(~found & (maps.weight > 0.0)).tolist():
        if left <= 0:
            break
        one = solve(maps, room, steps)
        left -= one.looks + 1
        found[room] = one.actions is None and one.all
    return found


def _with_second_chances(maps: Maps, walked: Sequence[Walk], expected: Sequence[Ints], works: Floats) -> Floats:
    """`works`, and for each group of rooms in which a plan is first seen to fail by the same sight, what the best plan is
    worth there."""
    worth = works.copy()
    for plan, (went, seen) in enumerate(zip(walked, expected, strict=True)):
        failed = np.flatnonzero(works[plan] == 0.0)
        if len(failed):
            group, share, lost = _failing(maps, went, seen, failed)
            worth[plan, failed] = (works[:, failed] @ share).max(axis=0)[group] * ~lost
    return worth


def _failing(maps: Maps, went: Walk, seen: Ints, failed: Ints) -> tuple[Ints, Floats, Bools]:
    """Of the rooms in which a plan fails: to which group each belongs by when and how that is first seen, (rooms, groups)
    its share of the group's weight, and whether a box is on a dead tile by then.

    `seen`: what is expected after each action."""
    differs = went.tokens[:, failed] != seen[:, None]
    when = np.where(differs.any(axis=0), differs.argmax(axis=0), len(differs) - 1)
    sight = when * (int(went.tokens.max()) + 1) + went.tokens[when, failed]
    groups, group = np.unique(sight, return_inverse=True)
    share = np.zeros((len(failed), len(groups)))
    share[np.arange(len(failed)), group] = maps.weight[failed]
    total = share.sum(axis=0)
    return group, share / np.where(total > 0.0, total, 1.0), went.dead[when, failed]
