"""The governor that knows: it calls where a call is of use, and nowhere else. What a perfect gate could get (spec J10)."""

from __future__ import annotations

from typing import Literal

from journeyman.errors import UsageError
from journeyman.foresee.agents.agent import Brief
from journeyman.foresee.agents.mind import Actions
from journeyman.foresee.governors.gate import is_open, ruling
from journeyman.foresee.governors.governor import Point, Ruling
from journeyman.foresee.governors.margins import lost
from journeyman.foresee.governors.unlearning import Unlearning
from journeyman.foresee.worlds.world import Planned, World


class Oracle(Unlearning):
    """A call for what the agent would do now if it loses the episode for good while something else would not.

    So the call is of use if its prediction is right and heeded; whether it will be, the oracle does not know. What the agent
    would do is its wish, or the best turn of its belief where it wishes to simulate. It is the bound that a gate is measured
    against, and no method: it sees the true world.
    """

    name = "oracle"
    needs_world: Literal[True] = True

    def begin(self, brief: Brief) -> None:
        """Nothing is kept."""

    def rule(self, point: Point) -> Ruling:
        """Raises UsageError: it must be asked with the world, by `rule_knowing`."""
        raise UsageError("the governor 'oracle' rules only where the true world can be cloned")

    def rule_knowing(self, point: Point, world: World) -> Ruling:
        """`world`: a clone at the real state."""
        wanted = would_do(point)
        if not is_open(point, wanted):
            return ruling(point, None, "it was simulated just before, or no call is left")
        if not loses(world, wanted):
            return ruling(point, None, "what is wanted loses nothing", {"needed": 0.0})
        others = [(action,) for action in range(len(world.about.actions)) if action != wanted[0]]
        if all(loses(world, other) for other in others):
            return ruling(point, None, "nothing can be won any more", {"needed": 0.0})
        return ruling(point, wanted, "what is wanted loses the episode, and something else does not", {"needed": 1.0})


def would_do(point: Point) -> Actions:
    """What the agent would do next if it could not ask."""
    if point.wish.kind == "simulate" and point.mind is not None and (values := point.mind.values()):
        return max(values, key=lambda actions: values[actions])
    return point.wish.actions


def loses(world: World, actions: Actions) -> bool:
    """Whether these actions lose the episode for good from where `world` is, to which it is brought back."""
    start = world.snapshot()
    try:
        for action in actions:
            world.step(action)
            if lost(world.digest()):
                return True
            if world.digest()["terminal"]:
                return False
        return isinstance(world, Planned) and world.distance(world.snapshot()) is None
    finally:
        world.restore(start)
