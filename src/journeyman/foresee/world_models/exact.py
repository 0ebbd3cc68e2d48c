"""The exact world model: a clone of the world that is set to the asked state and stepped (spec a.4)."""

from __future__ import annotations

from collections.abc import Sequence

from journeyman.foresee.world_models.clone import clone
from journeyman.foresee.world_models.model import Asked, Prediction
from journeyman.foresee.worlds.world import Chancy, Snapshot, World


class Exact:
    """Restores, steps until the actions or the episode end, and observes.

    It does not know the luck of a `Chancy` world: its clone draws under "simulator", keyed for each step by state, action
    and `Asked.again`, so that a prefix of a question meets the same luck as the whole. Then what it shows is one possible
    outcome, and its confidence of 1 is in its rules, not in that outcome.

    Raises UsageError, of `predict` too: a world that cannot be copied, a state or an action that it does not have.
    """

    def __init__(self, world: World) -> None:
        self._world = clone(world)
        self._chancy = self._world if isinstance(self._world, Chancy) else None

    @property
    def name(self) -> str:
        return "exact"

    def predict(self, snapshot: Snapshot, actions: Sequence[int], asked: Asked) -> Prediction:
        """What the clone shows. `done` is 0 where the episode was over before."""
        world = self._world
        world.restore(snapshot)
        digest = world.digest()
        done = 0
        if not digest["terminal"]:
            for action in actions:
                if self._chancy is not None:
                    self._chancy.use(asked.draws, "simulator", action, asked.again)
                _, _, terminated, truncated, _ = world.step(action)
                done += 1
                if terminated or truncated:
                    break
            digest = world.digest()
        return Prediction(world.observe(asked.format), digest, world.snapshot(), done)
