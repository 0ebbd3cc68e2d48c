"""A calibrated mind for rooms with boxes: what it believes of the tiles, which plans could work, what calls could change.

The belief is held twice: as `Cells`, exact about what really happened, and as `ROOMS` rooms drawn from it, whose weights
also follow predictions (a room counts as far as it shows what was predicted). When few rooms are left that fit, new ones are
drawn from what the old ones have in common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from journeyman.errors import UsageError
from journeyman.foresee.agents import push_cells
from journeyman.foresee.agents.mind import Actions, Foreseen
from journeyman.foresee.agents.push_calls import chain, outcomes, shares
from journeyman.foresee.agents.push_cells import Cells, Seen
from journeyman.foresee.agents.push_maps import Ints, Maps, maps_of, of_token, token, walk
from journeyman.foresee.agents.push_plans import Plans, hopeless, plans
from journeyman.foresee.agents.thinking import Misreading
from journeyman.foresee.draws import Draws
from journeyman.foresee.worlds.push_rules import offset
from journeyman.foresee.worlds.world import Digest, Observation

ROOMS, TRIED = 256, 1024
"""Rooms that stand for the belief, and from how many they are taken: probabilities are right to about 0.03."""
_FEW = 16.0
"""Below so many rooms of equal weight, new ones are drawn."""
_OLD = 0.9
"""How much of the new ones' tiles is taken from what the old rooms have in common; the rest from `Cells`."""
_AGAIN = 3
"""Plans that are kept from one decision to the next."""
_LONG = 200
"""More actions than the solution of any room has."""
_TIE = 1e-12


@dataclass(frozen=True)
class Belief:
    """Attributes:
    cells: tiles, by what really happened. maps: rooms, by predictions too.
    rest: what is left of plans that were made before; they may still work.
    """

    cells: Cells
    maps: Maps
    rest: tuple[Actions, ...] = ()


class PushMind:
    """A mind of one episode in a room with boxes.

    Args:
        draws, instance: for the rooms that are drawn, under the stage "policy".
        perception: rate at which the first look takes an inner tile for another kind; the belief knows it.
    """

    def __init__(self, draws: Draws, instance: str, perception: float) -> None:
        self._draws, self._instance, self._perception = draws, instance, perception
        self._belief: Belief | None = None
        self._left, self._steps = 0, 0
        self._kept: dict[object, Any] = {}

    @property
    def belief(self) -> Belief:
        """What is believed now; it can be kept and given back to `best`. Raises UsageError before the first look."""
        if self._belief is None:
            raise UsageError("a mind believes nothing before its first look; let the agent reply once")
        return self._belief

    # --- what comes in ------------------------------------------------------------------------------------------------

    def look(self, observation: Observation, misreading: Misreading) -> None:
        """The first look at the room. Raises UsageError: it is not shown in symbols."""
        cells = push_cells.seen(
            observation.symbols, observation.text, self._perception, misreading.strikes, misreading.instead
        )
        self._believe(Belief(cells, self._drawn(cells, None, 0.0)))

    def may_still(self, steps: int) -> None:
        """How many real actions are left."""
        if steps != self._left:
            self._left = steps
            self._kept.clear()

    def happened(self, actions: Actions, observation: Observation) -> None:
        """A real walk. Raises UsageError: the player is not to be seen."""
        shown = self.read(actions, observation)
        if shown is None:
            raise UsageError("a scripted agent needs to see where it stands; ask for the format 'symbols'")
        belief, size = self.belief, self.belief.cells.size
        self._steps += len(actions)
        if len(actions) == 1:
            cells = push_cells.walked(belief.cells, actions[0], shown)
        else:  # what lay on the way is not told: only the rooms that show the same remember it
            cells = replace(belief.cells, at=shown.at, solved=shown.solved)
        went = walk(belief.maps, actions)
        fits = went.end.weighted((went.tokens[-1] == token(size, *shown)).astype(float))
        rest = tuple(plan[len(actions) :] for plan in self._old_plans() if plan[: len(actions)] == actions)
        if fits is None or fits.effective < _FEW:
            known = fits or went.end
            lost = known.effective / (known.effective + _FEW) * float(known.weight @ hopeless(known, _LONG))
            fits = self._drawn(cells, fits, lost)
        self._believe(Belief(cells, fits, rest))

    def read(self, actions: Actions, observation: Observation) -> Seen | None:
        """What a predicted walk leads to, for one who reads it right; None: the picture does not show the player."""
        grid = "".join(observation.symbols.split())
        found = [tile for tile, symbol in enumerate(grid) if symbol in "@+"]
        if len(found) != 1 or not actions or len(grid) != self.belief.cells.size**2:
            return None
        ahead = found[0] + offset(self.belief.cells.size, actions[-1])
        return Seen(found[0], 0 <= ahead < len(grid) and grid[ahead] in "$*", grid.count("*"))

    def read_digest(self, actions: Actions, digest: Digest) -> Seen | None:
        """The same from its symbolic content, which cannot be misread."""
        size = self.belief.cells.size
        at = digest["at"][0] * size + digest["at"][1]
        ahead = list(divmod(at + offset(size, actions[-1]), size))
        return Seen(at, ahead in [list(box) for box in digest["boxes"]], int(digest["solved"]))

    def others(self, actions: Actions, shown: Seen | None) -> Sequence[Seen]:
        """What it could be taken for instead: what it would lead to in any room held possible, or that nothing moved."""
        belief = self.belief
        last = walk(belief.maps, actions).tokens[-1]
        could = {Seen(*of_token(belief.cells.size, int(one))) for one in np.unique(last[belief.maps.weight > 0.0])}
        could.add(Seen(belief.cells.at, False, belief.cells.solved))
        return sorted(could - {shown})

    def learn(self, actions: Actions, shown: Seen | None, reliability: float, misread: float = 0.0) -> None:
        """A prediction as it was read, from a world model that shows the truth of a step with this reliability."""
        if shown is None:
            return
        belief = self.belief
        seen = walk(belief.maps, actions).tokens[-1]
        kinds = len(np.unique(seen)) + (token(belief.cells.size, *shown) not in seen)
        right = chain(reliability, len(actions), kinds, misread)
        wrong = (1.0 - right) / max(kinds - 1, 1)
        maps = belief.maps.weighted(np.where(seen == token(belief.cells.size, *shown), right, wrong))
        if maps is not None:
            self._believe(replace(belief, maps=maps, rest=self._old_plans()))

    def confuse(self, shown: Seen | None) -> None:
        """Take what was imagined for real: the player is thought to stand where it was shown."""
        if shown is not None:
            belief = self.belief
            maps = replace(belief.maps, at=np.full(len(belief.maps.at), shown.at))
            self._believe(Belief(replace(belief.cells, at=shown.at), maps))

    def stated(self, shown: Seen | None) -> dict[str, Any]:
        """What is said of a prediction."""
        if shown is None:
            return {"at": "unseen"}
        won = shown.solved == self.belief.cells.boxes
        at = list(divmod(shown.at, self.belief.cells.size))
        return {"at": at, "solved": shown.solved, "terminal": won, "success": won}

    # --- what comes out -----------------------------------------------------------------------------------------------

    def best(self, belief: Belief | None = None) -> Actions:
        """The action that is worth most, under the present belief or an earlier one. Ties: of the plan made first."""
        if belief is None:
            return _first_best(self.values())
        held = self._made(belief)
        return _first_best(held.first_values(belief.maps.weight) or _nothing())

    def question(self, depth: int) -> Actions:
        """The first `depth` actions of the best plan."""
        made, best = self._plans(), self.best()
        value = made.worth @ self.belief.maps.weight
        for plan in np.argsort(-value, kind="stable").tolist():
            if made.actions[plan][:1] == best:
                return made.actions[plan][:depth]
        return best

    def questions(self) -> Sequence[Actions]:
        """All single actions."""
        return [(action,) for action in range(4)]

    def hope(self, actions: Actions) -> str:
        """The outcome that is hoped for: "success" or "safe"."""
        return "success" if actions in self._plans().actions else "safe"

    def values(self) -> Mapping[Actions, float]:
        """For each action that a plan begins with, the probability that this leads to success; all four at 0 without one."""
        if "values" not in self._kept:
            self._kept["values"] = self._plans().first_values(self.belief.maps.weight) or _nothing()
        values: dict[Actions, float] = self._kept["values"]
        return values

    def entropy(self) -> float:
        """Of what the next action will lead to, in nats, added up over the four actions."""
        if "entropy" not in self._kept:
            maps = self.belief.maps
            shares = [shares(walk(maps, (action,)).tokens[0], maps.weight)[1] for action in range(4)]
            self._kept["entropy"] = float(sum(-(p[p > 0.0] * np.log(p[p > 0.0])).sum() for p in shares))
        entropy: float = self._kept["entropy"]
        return entropy

    def irreversible(self, actions: Actions) -> float:
        """Probability that these actions bring a box to where it reaches no target, which it could before."""
        maps = self.belief.maps
        return float(maps.weight @ (walk(maps, actions).end.dead & ~maps.dead))

    def foresee(self, reliability: float, depth: int = 1) -> Sequence[Foreseen]:
        """The first steps of all plans; for `depth` above 1 also the beginnings of the best plan of every length up to it,
        and of the others of that length. What every room shows alike is not asked.

        `reliability`: of one step, simulator and reading together, in 0..1; a call of d steps shows with its d-th power what
        it leads to, else anything that it leads to in another room.
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

    def _drawn(self, cells: Cells, old: Maps | None, lost: float) -> Maps:
        """New rooms.

        Args:
            old: rooms that fit what happened, from which new ones take what they have in common; None: none fit.
            lost: probability that no way is left, which rooms drawn tile by tile would overstate. When a problem begins it
                is 0: there is a way.
        """
        if old is not None:
            rooms = push_cells.Rooms(old.walls, old.targets, old.boxes)
            common = _OLD * push_cells.marginals(cells, rooms, old.weight) + (1.0 - _OLD) * cells.weights
            cells = push_cells.weighted(cells, common)
        generator = self._draws.generator("policy", self._instance, "rooms", self._steps)
        tried = maps_of(cells.size, push_cells.drawn(cells, generator.random((TRIED, len(cells.weights)))), cells.at)
        open_ = np.flatnonzero(~tried.won & (tried.solved == cells.solved))
        some = np.concatenate([open_[~tried.dead[open_]][:ROOMS], open_[tried.dead[open_]][:ROOMS]])
        found = tried.of(some if len(some) else np.arange(ROOMS))
        gone = hopeless(found, _LONG)
        factor = np.where(gone, lost / max(gone.sum(), 1), (1.0 - lost) / max((~gone).sum(), 1))
        return found.weighted(factor) or found

    def _plans(self) -> Plans:
        if "plans" not in self._kept:
            self._kept["plans"] = self._made(self.belief)
        made: Plans = self._kept["plans"]
        return made

    def _old_plans(self) -> tuple[Actions, ...]:
        """The best of the plans, to be thought of again."""
        made = self._plans()
        order = np.argsort(-(made.worth @ self.belief.maps.weight), kind="stable")[:_AGAIN]
        return tuple(made.actions[plan] for plan in order.tolist())

    def _made(self, belief: Belief) -> Plans:
        return plans(belief.maps, push_cells.most_probable(belief.cells), self._left, belief.rest)

    def _foreseen(self, reliability: float, depth: int) -> list[Foreseen]:
        made, weight = self._plans(), self.belief.maps.weight
        if not made.actions:
            return []
        value = made.worth @ weight
        best = int(np.argmax(value))
        calls: dict[Actions, Ints] = {}
        for plan, (actions, tokens) in enumerate(zip(made.actions, made.tokens, strict=True)):
            longest = min(depth, len(actions))
            for length in range(1, longest + 1) if plan == best else (1, longest):
                calls.setdefault(actions[:length], tokens[length - 1])
        firsts = [actions[0] for actions in made.actions]
        found = [outcomes(call, tokens, weight, made.worth, firsts, best, reliability) for call, tokens in calls.items()]
        return [one for one in found if one is not None]


def _first_best(values: Mapping[Actions, float]) -> Actions:
    best = max(values.values())
    return next(actions for actions, value in values.items() if value >= best - _TIE)


def _nothing() -> dict[Actions, float]:
    return {(action,): 0.0 for action in range(4)}
