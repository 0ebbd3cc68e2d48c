"""What an evaluation was asked to do: the header of its run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from journeyman.errors import UsageError
from journeyman.foresee.agents.agent import Agent
from journeyman.foresee.cell import Cell
from journeyman.foresee.governors.governor import Governor
from journeyman.foresee.world_models.model import WorldModel
from journeyman.foresee.worlds.world import World

AgentLike = str | Callable[[], Agent]
WorldModelLike = str | Callable[[World], WorldModel]
GovernorLike = str | Callable[[], Governor]


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is played. All cells play the same instances with the same seeds.

    Attributes:
        world: its name. cells: what is compared.
        instances: how many of the split, from its first. seeds: of all randomness, each with all instances.
        format: of observations; "": what the agent understands, or the world's first.
        reliable: how much trust in the world model agents are told is warranted, in 0..1; None: nothing is told.
        single: what a call about one alternative alone counts as, for caps and prices: 1 or 2 (spec J6).
        given: what was given as an object and not by name, and has to be given again: "world", or names of the others.
    """

    world: str
    cells: tuple[Cell, ...]
    instances: int
    split: str = "test"
    seeds: tuple[int, ...] = (0,)
    format: str = ""
    reliable: float | None = None
    single: int = 1
    given: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.cells:
            raise UsageError("there is nothing to compare: give at least one agent, world model, mode and governor")
        if self.instances < 1 or not self.seeds:
            raise UsageError(f"an evaluation has 1 instance and 1 seed or more, not {self.instances} and {len(self.seeds)}")
        if self.reliable is not None and not 0 <= self.reliable <= 1:
            raise UsageError(f"reliable is {self.reliable:g}; it is a share from 0 to 1")
        if self.single not in (1, 2):
            raise UsageError(f"single is {self.single}; a call about one alternative alone counts as 1 or 2")
        for cell in self.cells:
            if cell.mode == "invisible" and cell.governor != "none":
                raise UsageError(f"in mode invisible there is nothing to govern: '{cell.key}' needs the governor 'none'")

    @property
    def episodes(self) -> int:
        """How many episodes there are to play."""
        return len(self.cells) * len(self.seeds) * self.instances


@dataclass(frozen=True)
class Given:
    """What was given as objects, by the names they go by: a world, and what makes agents, world models and governors."""

    world: World | None = None
    agents: Mapping[str, Callable[[], Agent]] = field(default_factory=dict)
    world_models: Mapping[str, Callable[[World], WorldModel]] = field(default_factory=dict)
    governors: Mapping[str, Callable[[], Governor]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """All names, "world" for a world."""
        return (*(("world",) if self.world is not None else ()), *self.agents, *self.world_models, *self.governors)


def cells_of(
    agents: Sequence[str], world_models: Sequence[str], modes: Sequence[str], governors: Sequence[str], memory: str
) -> tuple[Cell, ...]:
    """Every combination; but in mode invisible an agent has one cell, whatever world models and governors there are.

    Raises UsageError: a mode or a memory that is none, or a name that is there twice.
    """
    for what, names in (("agent", agents), ("world model", world_models), ("mode", modes), ("governor", governors)):
        twice = [name for name in names if list(names).count(name) > 1]
        if twice:
            raise UsageError(f"the {what} '{twice[0]}' is there twice")
        if not names:
            raise UsageError(f"there is no {what}; give one or more")
    found: dict[Cell, None] = {}
    for agent in agents:
        for model in world_models:
            for mode in modes:
                for governor in governors:
                    seen = mode != "invisible"
                    cell = Cell(
                        agent, model if seen else world_models[0], mode, governor if seen else "none",
                        memory if seen else "restart",
                    )  # fmt: skip
                    found.setdefault(cell)
    return tuple(found)


def plan_of(
    world: str | World, *, agents: AgentLike | Sequence[AgentLike], world_models: WorldModelLike | Sequence[WorldModelLike],
    modes: str | Sequence[str], governors: GovernorLike | Sequence[GovernorLike], memory: str, **rest: Any,
) -> tuple[Plan, Given]:  # fmt: skip
    """What is to be played, and what of it was given as an object. `rest`: the other fields of `Plan`. Raises UsageError."""
    some_agents, some_models, some_governors = _several(agents), _several(world_models), _several(governors)
    cells = cells_of(
        [name_of(one) for one in some_agents], [name_of(one) for one in some_models],
        [modes] if isinstance(modes, str) else modes, [name_of(one) for one in some_governors], memory,
    )  # fmt: skip
    given = given_of(None if isinstance(world, str) else world, some_agents, some_models, some_governors)
    return Plan(world if isinstance(world, str) else world.about.name, cells, given=given.names, **rest), given


def given_of(
    world: World | None, agents: Sequence[AgentLike], world_models: Sequence[WorldModelLike],
    governors: Sequence[GovernorLike],
) -> Given:  # fmt: skip
    """What there is beside names."""
    return Given(
        world,
        {name_of(one): one for one in agents if not isinstance(one, str)},
        {name_of(one): one for one in world_models if not isinstance(one, str)},
        {name_of(one): one for one in governors if not isinstance(one, str)},
    )


def name_of(thing: Any) -> str:
    """How it goes in logs and tables: a class or function by its own name. Raises UsageError for what makes nothing."""
    if isinstance(thing, str):
        return thing
    if not callable(thing):
        raise UsageError(f"{thing!r:.80} is neither a name nor something that makes one, such as a class")
    name = getattr(thing, "name", None)
    return name if isinstance(name, str) else str(getattr(thing, "__name__", type(thing).__name__))


def _several(things: Any) -> Sequence[Any]:
    return [things] if isinstance(things, str) or callable(things) else list(things)
