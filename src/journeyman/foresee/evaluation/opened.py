"""Names become things: the world, world models, agents and governors of a plan, opened for one worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from journeyman.errors import UsageError
from journeyman.foresee.agents.agent import Maker, Memory, Mode, format_of
from journeyman.foresee.cell import Cell
from journeyman.foresee.evaluation.plan import Given, Plan
from journeyman.foresee.governors.governor import Governor, learns
from journeyman.foresee.protocol.scene import Scene
from journeyman.foresee.world_models.clone import clone
from journeyman.foresee.world_models.model import Asked, Prediction, WorldModel
from journeyman.foresee.worlds.world import Instance, Snapshot, World


class Unasked:
    """Stands where there is nothing to ask."""

    name = "none"

    def predict(self, snapshot: Snapshot, actions: Sequence[int], asked: Asked) -> Prediction:
        """Raises UsageError."""
        raise UsageError("in mode invisible there is no world model to ask")


@dataclass
class Opened:
    """What one worker plays with, one episode at a time. Scenes and makers are opened once.

    `models_file`: where models.toml is, for agents that ask language models. `makers`: opened by another worker, to be
    shared: makers are thread-safe, worlds and world models are not.
    """

    plan: Plan
    given: Given
    models_file: Path | None = None
    makers: dict[str, Maker] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from journeyman.foresee.worlds.registry import open_world

        plan, given = self.plan, self.given
        for name in plan.given:
            if name not in given.names:
                raise UsageError(f"this run was begun with '{name}' given as an object; give it to resume() again")
        by_name = given.world is None
        self.world: World = open_world(plan.world) if given.world is None else clone(given.world)
        self.about = self.world.about
        self.instances: tuple[Instance, ...] = tuple(self.world.instances(plan.instances, plan.split))
        if len(self.instances) != plan.instances:
            raise UsageError(
                f"{self.about.name} gave {len(self.instances)} {plan.split} instances where {plan.instances} were asked for"
            )
        self._clone = open_world(plan.world) if by_name else clone(self.world)
        self._models: dict[str, WorldModel] = {}
        self._exact_format = _cheapest(self._clone, self.instances[0])

    def maker(self, name: str) -> Maker:
        """What makes the agents of this name. Raises as `open_agent`."""
        if name not in self.makers:
            if name in self.given.agents:
                self.makers[name] = self.given.agents[name]
            else:
                from journeyman.foresee.agents.open import open_agent

                self.makers[name] = open_agent(name, self.world, models=self.models_file)
        return self.makers[name]

    def model(self, name: str) -> WorldModel:
        """The world model of this name. Raises as `open_world_model`."""
        if name not in self._models:
            if name in self.given.world_models:
                self._models[name] = self.given.world_models[name](self._clone)
            else:
                from journeyman.foresee.world_models.open import open_world_model

                self._models[name] = open_world_model(name, self.world)
        return self._models[name]

    def governor(self, name: str) -> Governor | None:
        """A governor of this name that has seen nothing yet; None for "none". Raises as `open_governor`."""
        if name in self.given.governors:
            return self.given.governors[name]()
        if name == "none":
            return None
        from journeyman.foresee.governors.open import open_governor

        return open_governor(name)

    def scene(self, cell: Cell) -> Scene:
        """The cell, ready to be played from its first episode on."""
        mode: Mode = cell.mode  # type: ignore[assignment]  # `Cell` has checked it
        memory: Memory = cell.memory  # type: ignore[assignment]
        model = Unasked() if mode == "invisible" else self.model(cell.world_model)
        return Scene(
            self.world, model, mode, memory, cell.key, self.governor(cell.governor), self._exact(), self._clone,
            self.format(cell), self._exact_format, self.plan.reliable, self.plan.single,
        )  # fmt: skip

    def _exact(self) -> WorldModel | None:
        """The exact clone, for the record; None of a world that cannot be copied, where nobody knows what is true."""
        try:
            return self.model("exact")
        except UsageError:
            return None

    def format(self, cell: Cell) -> str:
        """Of the cell's observations. Raises UsageError: the agent does not understand what the plan asks for."""
        wanted, understood = self.plan.format, format_of(self.maker(cell.agent))
        if wanted and understood and wanted != understood:
            raise UsageError(f"the agent '{cell.agent}' understands observations as {understood}, not as {wanted}")
        return wanted or understood or self.about.formats[0]

    def learns(self, cell: Cell) -> bool:
        """Whether the cell's episodes depend on those before them."""
        governor = self.governor(cell.governor)
        return governor is not None and learns(governor)


def open_scene(world: str | World, cell: Cell) -> tuple[Scene, Maker]:
    """One cell by its names, and what makes its agents: to play, or to play again, single episodes.

    Raises UsageError and its kin for a name that is none.
    """
    if isinstance(world, str):
        opened = Opened(Plan(world, (cell,), 1), Given())
    else:
        opened = Opened(Plan(world.about.name, (cell,), 1, given=("world",)), Given(world))
    return opened.scene(cell), opened.maker(cell.agent)


def _cheapest(world: World, instance: Instance) -> str:
    """A format of observations that costs next to nothing: "text" where the world has it."""
    world.reset(options={"instance": instance.id})
    try:
        world.observe("text")
    except Exception:  # noqa: BLE001 - a user's world may say no in any way
        return world.about.formats[0]
    return "text"
