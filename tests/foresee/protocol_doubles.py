"""The smallest world, world models, agents and governors for tests of the protocol: a corridor of seven tiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from journeyman.errors import UsageError
from journeyman.foresee.agents.agent import Brief, Reply, Turn
from journeyman.foresee.governors.governor import ALLOW, Checked, Point, Ruling
from journeyman.foresee.protocol.scene import Scene
from journeyman.foresee.world_models.exact import Exact
from journeyman.foresee.world_models.model import Asked, Prediction
from journeyman.foresee.worlds.world import About, Instance, Observation

LEFT, RIGHT = 0, 1
GOAL, HOLE = 6, 0


class Corridor:
    """Tiles 0 (a hole) to 6 (the goal); it begins at 3. Instances differ by their caps alone."""

    def __init__(self, cap: int = 8) -> None:
        self.cap, self.at, self.steps = cap, 3, 0

    @property
    def about(self) -> About:
        return About("corridor", "You walk a corridor.", "Reach the end.", {"P": "you"}, ("Left", "Right"), per_turn=3)

    def instances(self, n: int | None = None, split: str = "test") -> list[Instance]:
        if n is not None and n > 40:
            raise UsageError(f"there are 40 corridors, not {n}")
        return [Instance(f"corridor/{split}/{i}", self.cap, optimal=3, labels={"band": "3"}) for i in range(n or 40)]

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        self.at = 3
        return self.at, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        self.steps += 1
        if not self._over:
            self.at += 1 if action == RIGHT else -1
        return self.at, 0.0, self._over, False, {}

    @property
    def _over(self) -> bool:
        return self.at in (HOLE, GOAL)

    def snapshot(self) -> bytes:
        return bytes([self.at])

    def restore(self, snapshot: bytes) -> None:
        (self.at,) = snapshot

    def digest(self) -> dict[str, Any]:
        return {"at": [0, self.at], "terminal": self._over, "success": self.at == GOAL}

    def observe(self, format: str = "symbols") -> Observation:
        return Observation(f"You are at {self.at}.", "" if format == "text" else "_" * self.at + "P")

    def render(self) -> None:
        """Nothing to be drawn."""


class Wrong:
    """A world model that is always one tile off to the left, and says how sure it is."""

    name = "wrong"

    def __init__(self, world: Corridor) -> None:
        self._exact = Exact(world)

    def predict(self, snapshot: bytes, actions: Sequence[int], asked: Asked) -> Prediction:
        right = self._exact.predict(snapshot, actions, asked)
        digest = {**right.digest, "at": [0, right.digest["at"][1] - 1]}
        return Prediction(Observation("You are elsewhere."), digest, right.snapshot, right.done, 0.7, {"shift": 1.0})


class Meddles:
    """A world model that steps the live world."""

    name = "meddles"

    def __init__(self, world: Corridor) -> None:
        self._world = world

    def predict(self, snapshot: bytes, actions: Sequence[int], asked: Asked) -> Prediction:
        for action in actions:
            self._world.step(action)
        return Prediction(self._world.observe(), self._world.digest(), self._world.snapshot(), len(actions))


class Says:
    """An agent that gives these replies in order, the last of them again and again. `turns`: what it was given."""

    mind = None

    def __init__(self, *replies: str | Reply) -> None:
        self._replies = list(replies)
        self.turns: list[Turn] = []
        self.brief: Brief | None = None

    def begin(self, brief: Brief) -> None:
        self.brief = brief

    def reply(self, turn: Turn) -> Reply | str:
        self.turns.append(turn)
        return self._replies[min(len(self.turns), len(self._replies)) - 1]

    @property
    def heard(self) -> list[Any]:
        """All events, in order."""
        return [event for turn in self.turns for event in turn.new]


class Rules:
    """A governor that rules as it is told to, and keeps what it hears."""

    name = "rules"

    def __init__(self, rule: Callable[[Point], Ruling] = lambda point: ALLOW, *, learns: bool = True) -> None:
        self._rule, self.learns = rule, learns
        self.points: list[Point] = []
        self.checked: list[Checked] = []
        self.heard_of: list[Any] = []
        self.ends: list[bool] = []
        self.begun = 0

    def begin(self, brief: Brief) -> None:
        self.begun += 1

    def rule(self, point: Point) -> Ruling:
        self.points.append(point)
        return self._rule(point)

    def heard(self, actions: Any, digest: Any, confidence: float) -> None:
        self.heard_of.append((actions, digest, confidence))

    def learn(self, checked: Checked) -> None:
        self.checked.append(checked)

    def ended(self, success: bool) -> None:
        self.ends.append(success)


def scene(world: Corridor | None = None, *, model: Any = None, **rest: Any) -> Scene:
    """A corridor with its exact model."""
    world = world or Corridor()
    exact = Exact(world)
    return Scene(world, model or exact, exact=exact, exact_format="text", clone=Corridor(world.cap), cell="test", **rest)


SIMULATE, ACT = "<simulate>Right</simulate>", "<act>Right</act>"
