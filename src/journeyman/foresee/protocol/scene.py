"""What all episodes of a cell have in common."""

from __future__ import annotations

from dataclasses import dataclass

from journeyman.foresee.agents.agent import Memory, Mode
from journeyman.foresee.governors.governor import Governor
from journeyman.foresee.world_models.model import WorldModel
from journeyman.foresee.worlds.world import World


@dataclass(frozen=True)
class Scene:
    """One cell, ready to be played, by one thread, one episode after the other.

    Attributes:
        world: that is acted in.
        model: that is asked; not used in mode "invisible".
        cell: its key in logs and tables.
        governor: None leaves all to the agent.
        exact: says what a call truly leads to, for the record; None: nobody does.
        clone: another world of the same kind, for governors that know the world and for repairs.
        format: of observations. exact_format: of those that `exact` makes and nobody sees: the cheapest there is.
        single: what a call about one alternative alone counts as, for caps and prices; 2 favors comparisons (spec J6).
        reliable: how much trust in the world model is warranted, in 0..1, where agents are told; None: they are not.
    """

    world: World
    model: WorldModel
    mode: Mode = "normal"
    memory: Memory = "restart"
    cell: str = ""
    governor: Governor | None = None
    exact: WorldModel | None = None
    clone: World | None = None
    format: str = "symbols"
    exact_format: str = "symbols"
    reliable: float | None = None
    single: int = 1
