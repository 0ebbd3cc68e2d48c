"""What states and actions are worth under the world's exact planner: discounted probability of success (spec J8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from journeyman.foresee.world_models.logged import label_of
from journeyman.foresee.world_models.model import Prediction
from journeyman.foresee.worlds.world import Labelled, Planned, Snapshot, World


@runtime_checkable
class Valued(Protocol):
    """A world that knows the value of each action, slips included."""

    def values(self, snapshot: Snapshot, *, discount: float) -> Sequence[float]:
        """Of each action taken now with the best ones after: probability of success, `discount` to the power of actions."""


def knows_worth(world: World) -> bool:
    """Whether there is a planner to ask."""
    return isinstance(world, Valued | Planned)


def state_worth(world: World, state: Snapshot, discount: float) -> float:
    """Of a state, in 0..1: 1 on success, 0 where it is lost. `world`: a clone with a planner."""
    world.restore(state)
    digest = world.digest()
    if digest["terminal"]:
        return float(digest["success"])
    if isinstance(world, Valued):
        return max(world.values(state, discount=discount))
    assert isinstance(world, Planned)
    left = world.distance(state)
    return 0.0 if left is None else discount**left


def action_worth(world: World, state: Snapshot, discount: float) -> list[float]:
    """Of each action in a state that is not over. Without `Valued`, as if nothing ever slipped."""
    if isinstance(world, Valued):
        return list(world.values(state, discount=discount))
    found = []
    for action in range(len(world.about.actions)):
        world.restore(state)
        world.step(action)
        found.append(discount * state_worth(world, world.snapshot(), discount))
    return found


def predicted_worth(world: World, state: Snapshot, action: int, prediction: Prediction, discount: float) -> float:
    """Of an action, if what is predicted of it were true. A model that predicts no states is understood by its digest, as
    far as that says which label happened; 0 where it does not."""
    after = prediction.snapshot
    if not after:
        if prediction.digest["terminal"]:
            return discount * float(prediction.digest["success"])
        label = label_of(world, state, action, prediction.digest) if isinstance(world, Labelled) else None
        if label is None or not isinstance(world, Labelled):
            return 0.0
        after = world.imagine(state, action, label)
    return discount * state_worth(world, after, discount)
