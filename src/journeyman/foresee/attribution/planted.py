"""Agents and world models with exactly one fault, and whether attribution finds it (spec J5, Appendix 1)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from journeyman.errors import UsageError
from journeyman.foresee.attribution.blame import blame
from journeyman.foresee.attribution.confusion import Planted, confusion
from journeyman.foresee.attribution.record import Failure
from journeyman.foresee.attribution.replay import Staged, arm
from journeyman.foresee.cell import Cell
from journeyman.foresee.draws import Draws
from journeyman.foresee.evaluation.opened import open_scene
from journeyman.foresee.protocol.episode import play
from journeyman.foresee.protocol.repair import STAGES, Repairable
from journeyman.foresee.setting import split

PLANTED: dict[Repairable, Cell] = {
    "gate": Cell("scripted:perception=0.15,trust=1,drop=0.5"),
    "query": Cell("scripted:perception=0.15,trust=1,query=0.5"),
    "simulator": Cell("scripted:perception=0.15,trust=1", "exact+transition=0.4"),
    "reading": Cell("scripted:perception=0.15,trust=1,misread=0.4"),
    "action": Cell("scripted:perception=0.15,trust=1,ignore=0.5"),
}
"""Stage -> a cell with that fault alone, at the rates of Appendix 1 (it has none of a query). The agents ask before each
action and believe what they read, so that without the fault they would not fail."""

_STAGE_OF: dict[str, Repairable] = {
    "drop": "gate", "query": "query", "leading": "query", "misread": "reading", "mixing": "reading", "ignore": "action",
}  # fmt: skip
"""Setting of a scripted agent -> the stage at which it is a fault."""

_CHANNELS = ("transition", "observation", "stale", "horizon", "compliance")


def planted_stage(cell: Cell) -> Repairable | None:
    """The one stage at which a scripted agent or its world model has a fault by its settings; None: none, several, or an
    agent of another kind."""
    try:
        name, given = split(cell.agent)
    except UsageError:
        return None
    if name != "scripted":
        return None
    stages: set[Repairable] = {stage for setting, stage in _STAGE_OF.items() if _positive(given.get(setting, "0"))}
    parts = [part.partition("=") for part in cell.world_model.split("+")[1:]]
    if any(channel in _CHANNELS and _positive(value) for channel, _, value in parts):
        stages.add("simulator")
    return stages.pop() if len(stages) == 1 else None


def planted(
    stages: Collection[Repairable] = STAGES, *, world: str = "lake-6", instances: int = 60, seed: int = 0,
    sufficiency: bool = True, on_stage: Callable[[Planted], None] | None = None,
) -> tuple[list[Planted], dict[Repairable, list[Failure]]]:  # fmt: skip
    """Plant a fault at each of these stages, play, and attribute every failure.

    Returns the confusion of planted and found stages, and the failures by planted stage. `on_stage`: hears of each row.
    """
    failures: dict[Repairable, list[Failure]] = {}
    rows: list[Planted] = []
    for stage in (one for one in STAGES if one in stages):
        failures[stage] = _failures(PLANTED[stage], world, instances, seed, sufficiency)
        rows += confusion({stage: instances}, failures)
        if on_stage is not None:
            on_stage(rows[-1])
    return rows, failures


def _failures(cell: Cell, world: str, instances: int, seed: int, sufficiency: bool) -> list[Failure]:
    scene, make = open_scene(world, cell)
    found = []
    for instance in scene.world.instances(instances):
        episode = play(scene, instance, make(), Draws(seed))
        if not episode.success:
            staged = Staged(episode, instance, scene, make)
            found.append(
                blame(partial(arm, staged), cell=cell.key, instance=instance.id, seed=seed, sufficiency=sufficiency)
            )
    return found


def _positive(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        return False
