"""A calibrated mind for lakes: what it believes of the tiles, what walks are worth under it, what calls could change.

    mind = LakeMind.of(about, perception=0.15)
    mind.look(observation, misread)                  # the first look, with errors
    mind.happened((2,), observation)                 # a real step
    mind.learn((1, 1), shown, reliability=0.8)       # a prediction, as it was read

Beliefs are those of `lake_belief`, values those of `lake_walks`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from journeyman.errors import UsageError
from journeyman.foresee.agents import lake_belief as ice
from journeyman.foresee.agents.lake_belief import Belief, Outcomes, Shown
from journeyman.foresee.agents.lake_walks import entering, route, worth
from journeyman.foresee.agents.mind import Actions, Foreseen
from journeyman.foresee.agents.thinking import Misreading
from journeyman.foresee.setting import split
from journeyman.foresee.worlds.lake_rules import neighbours
from journeyman.foresee.worlds.world import About, Digest, Observation

_TIE = 1e-12
"""Values this near are equal: another order of the same products must not change the best action."""


class LakeMind:
    """A mind of one episode on a lake.

    Args:
        perception: probability with which the first look takes a tile for the other kind; the belief knows it.
        misread: probability with which predictions are taken for other ones; what `foresee` reckons with.
        discount: for each step after the first; 1 would make no difference between a short and a long way.
        slip: of the lake.
    """

    def __init__(self, perception: float, misread: float = 0.0, discount: float = 0.999, slip: float = 0.0) -> None:
        self._perception, self._misread, self._discount, self._slip = perception, misread, discount, slip
        self._belief: Belief | None = None
        self._left = 0
        self._kept: dict[object, Any] = {}

    @classmethod
    def of(cls, about: About, *, perception: float, misread: float, discount: float) -> LakeMind:
        """A mind for this lake, which its name and settings describe."""
        return cls(perception, misread, discount, float(split(about.name)[1].get("slip", "0")))

    @property
    def belief(self) -> Belief:
        """What is believed now; it can be kept and given back to `best`. Raises UsageError before the first look."""
        if self._belief is None:
            raise UsageError("a mind believes nothing before its first look; let the agent reply once")
        return self._belief

    # --- what comes in ------------------------------------------------------------------------------------------------

    def look(self, observation: Observation, misreading: Misreading) -> None:
        """The first look at the lake. Raises UsageError: it is not shown in symbols."""
        self._believe(ice.seen(observation.symbols, self._perception, misreading.strikes, self._slip))

    def may_still(self, steps: int) -> None:
        """How many real actions are left."""
        if steps != self._left:
            self._left = steps
            self._kept.clear()

    def happened(self, actions: Actions, observation: Observation) -> None:
        """A real walk. Raises UsageError: the player is not to be seen."""
        shown = ice.end_of(observation.symbols)
        if shown is None:
            raise UsageError("a scripted agent needs to see where it stands; ask for the format 'symbols'")
        for tile in () if self._slip else self.belief.path(actions[:-1]):  # it came through these
            self._believe(ice.stood(self.belief, Shown(tile, False, False)))
        self._believe(ice.stood(self.belief, shown))

    def read(self, actions: Actions, observation: Observation) -> Shown | None:
        """How a predicted walk ends, for one who reads it right; None: the picture does not show it."""
        return ice.end_of(observation.symbols)

    def read_digest(self, actions: Actions, digest: Digest) -> Shown | None:
        """The same from its symbolic content, which cannot be misread."""
        row, column = digest["at"]
        won = bool(digest["success"])
        return Shown(row * self.belief.size + column, bool(digest["terminal"]) and not won, won)

    def others(self, actions: Actions, shown: Shown | None) -> Sequence[Shown]:
        """What it could be taken for instead."""
        return [other for other in ice.outcomes(self.belief, actions, 0.5).shown if other != shown]

    def learn(self, actions: Actions, shown: Shown | None, reliability: float, misread: float = 0.0) -> None:
        """A prediction as it was read, from a world model that shows the truth of a tile with this reliability."""
        if shown is not None:
            self._believe(ice.told(self.belief, actions, shown, reliability, misread))

    def confuse(self, shown: Shown | None) -> None:
        """Take what was imagined for real."""
        if shown is not None and not shown.fell:
            self._believe(ice.stood(self.belief, shown))

    def stated(self, shown: Shown | None) -> dict[str, Any]:
        """What is said of a prediction."""
        if shown is None:
            return {"at": "unseen"}
        return {
            "at": list(divmod(shown.at, self.belief.size)), "terminal": shown.fell or shown.won, "success": shown.won,
        }  # fmt: skip

    # --- what comes out -----------------------------------------------------------------------------------------------

    def best(self, belief: Belief | None = None) -> Actions:
        """The action that is worth most, under the present belief or an earlier one. Ties: the lowest number."""
        if belief is None:
            values = self.values()
        else:
            held = Belief(belief.size, belief.holes, self.belief.at, belief.goal, belief.slip)
            values = self._turns(held, worth(held, held.holes[None], self._discount, self._left)[0].tolist())
        return _first_best(values)

    def question(self, depth: int) -> Actions:
        """What is most worth asking for one who wants the best way confirmed: its first `depth` actions, as far as
        anything is uncertain there."""
        belief, best = self.belief, self.best()
        if depth <= 1 or belief.slip:
            return best
        way = route(belief, self._entered(), best[0])[:depth]
        path = belief.path(way)
        while len(way) > 1 and belief.holes[path[len(way) - 1]] in (0.0, 1.0):
            way.pop()
        return tuple(way) or best

    def questions(self) -> Sequence[Actions]:
        """All single steps that lead somewhere."""
        return list(self.values())

    def hope(self, actions: Actions) -> str:
        """The outcome that is hoped for: "success" or "safe"."""
        return "success" if self.belief.path(actions)[-1:] == [self.belief.goal] else "safe"

    def values(self) -> Mapping[Actions, float]:
        """For each action that leads somewhere, the probability of success, discounted by `discount` a step."""
        if "values" not in self._kept:
            self._kept["values"] = self._turns(self.belief, self._worth())
        values: dict[Actions, float] = self._kept["values"]
        return values

    def entropy(self) -> float:
        """Of the tiles that can be stepped on next, in nats, added up."""
        return ice.entropy_around(self.belief)

    def irreversible(self, actions: Actions) -> float:
        """Probability of falling in."""
        return ice.falling(self.belief, actions)

    def foresee(self, reliability: float, depth: int = 1) -> Sequence[Foreseen]:
        """Single steps onto uncertain tiles; for `depth` above 1 also the best route as far as each of its uncertain tiles,
        and the best route that begins with each other action.

        A route tells of all its tiles up to the first that is shown as a hole: at high reliability one call for it is worth
        as much as one for each of its steps. On slippery ice single steps only.

        `reliability`: of one step, simulator and reading together, in 0..1. With `misread` m known, the simulator's own is
        taken to be (r - m) / (1 - 2 m), and m to befall a call as a whole.
        """
        key = (reliability, depth)
        if key not in self._kept:
            self._kept[key] = self._foreseen(reliability, depth)
        found: Sequence[Foreseen] = self._kept[key]
        return found

    # --- inside -------------------------------------------------------------------------------------------------------

    def _believe(self, belief: Belief) -> None:
        self._belief = belief
        self._kept.clear()

    def _turns(self, belief: Belief, each: Sequence[float]) -> dict[Actions, float]:
        around = neighbours(belief.size)[belief.at]
        return {(way,): each[way] for way in range(4) if belief.slip or around[way] != belief.at}

    def _entered(self) -> Any:
        """What stepping onto each tile is worth now."""
        if "entered" not in self._kept:
            self._kept["entered"] = entering(self.belief, self.belief.holes[None], self._discount, self._left)[0]
        return self._kept["entered"]

    def _worth(self) -> list[float]:
        belief = self.belief
        if belief.slip or self._left < 1:
            found: list[float] = worth(belief, belief.holes[None], self._discount, self._left)[0].tolist()
            return found
        entered = self._entered()
        return [float(entered[tile]) for tile in neighbours(belief.size)[belief.at]]

    def _foreseen(self, reliability: float, depth: int) -> list[Foreseen]:
        belief = self.belief
        calls = self._calls(depth)
        if not calls:
            return []
        m = self._misread
        own = 0.5 if m == 0.5 else min(max((reliability - m) / (1.0 - 2.0 * m), 0.0), 1.0)
        could = [ice.outcomes(belief, call, own, m) for call in calls]
        rows = np.concatenate([one.holes for one in could])
        each = worth(belief, rows, self._discount, self._left)
        top, now = each.max(axis=1), each[:, self.best()[0]]
        found, start = [], 0
        for call, one in zip(calls, could, strict=True):
            part = slice(start, start + len(one.chance))
            found.append(_foreseen(call, one, top[part], now[part]))
            start = part.stop
        return found

    def _calls(self, depth: int) -> list[Actions]:
        belief = self.belief
        around = neighbours(belief.size)[belief.at]
        uncertain = [0.0 < p < 1.0 for p in belief.holes.tolist()]
        single: list[Actions] = [
            (way,) for way in range(4)
            if (uncertain[around[way]] and around[way] != belief.at) or (belief.slip and any(uncertain[t] for t in around))
        ]  # fmt: skip
        if depth <= 1 or belief.slip or self._left < 1:
            return single
        best, entered = self.best()[0], self._entered()
        calls = dict.fromkeys(single)
        for (way,) in self.values():
            walk = route(belief, entered, way)[:depth]
            ends = [end for end, tile in enumerate(belief.path(walk), 1) if uncertain[tile]]
            for end in ends if way == best else ends[-1:]:
                calls[tuple(walk[:end])] = None
        return list(calls)


def _first_best(values: Mapping[Actions, float]) -> Actions:
    best = max(values.values())
    return next(actions for actions, value in values.items() if value >= best - _TIE)


def _foreseen(call: Actions, could: Outcomes, top: Any, now: Any) -> Foreseen:
    """`top`: value of the best action after each outcome. `now`: of the one that is best now."""
    pairs = tuple(zip(could.chance.tolist(), top.tolist(), strict=True))
    return Foreseen(call, pairs, bool((top > now + _TIE).any()), float(could.chance @ now))
