"""Where an episode can be repaired: five stages, each replaced by what one who knew better would have done.

Attribution replays an episode with some of these in force; all keyed draws stay as they were. `play` calls each hook where
its stage decides; a hook that returns None leaves the stage alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from journeyman.foresee.agents.mind import Actions
from journeyman.foresee.governors.governor import Point, Ruling
from journeyman.foresee.world_models.model import Asked, Prediction
from journeyman.foresee.worlds.world import Snapshot, World

Repairable = Literal["gate", "query", "simulator", "reading", "action"]
STAGES: tuple[Repairable, ...] = ("gate", "query", "simulator", "reading", "action")


class Repair(Protocol):
    """Hooks of an episode. `world` is a clone at the real state, free to be used."""

    def gate(self, point: Point, world: World) -> Ruling | None:
        """Instead of the governor's ruling: call if and only if a call is of use."""

    def query(self, point: Point, actions: Actions, world: World) -> Actions | None:
        """Instead of what would be simulated."""

    def predict(self, snapshot: Snapshot, actions: Sequence[int], asked: Asked, world: World) -> Prediction | None:
        """Instead of the world model."""

    def attach(self) -> bool:
        """Whether the digest goes with each prediction, so that nothing of it can be misread."""

    def action(self, point: Point, actions: Actions, world: World) -> Actions | None:
        """Instead of a real action that the evidence shows to fail."""
