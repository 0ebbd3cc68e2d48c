"""`journeyman foresee measure`: how wrong world models are, how well they know it, and which decisions that spoils."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from journeyman.cli.call import make_app
from journeyman.cli.out import Json, stderr, stdout, write_json
from journeyman.report.text import rich_text

if TYPE_CHECKING:
    from journeyman.foresee.world_models.curve import Learning
    from journeyman.foresee.world_models.measure import Measured
    from journeyman.foresee.worlds.world import World

app = make_app()

USUAL = ("exact", "table", "ensemble")
LEARNED = ("table", "ensemble")


@app.command()
def measure(
    world: Annotated[str, typer.Argument(metavar="WORLD", help="lake-6, push-7, gym:ENV_ID, FILE.py:CLASS ...")],
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MODEL]...", help="exact+transition=0.2, table, ensemble, file.py:Model "
                       f"[{', '.join(USUAL)}]."),
    ] = None,
    states: Annotated[int, typer.Option("--states", min=1, metavar="N", help="Test instances, a state of each.")] = 400,
    depth: Annotated[int, typer.Option("--depth", min=1, metavar="N", help="Most actions of a prediction.")] = 8,
    curve: Annotated[
        bool, typer.Option("--curve", help="Train table or ensemble on few and on many transitions, three seeds each.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Seed of all randomness.")] = 0,
    json: Json = False,
) -> int:  # fmt: skip
    """Measure world models against what really happens: errors at one action and at several, calibration, decisions.

    A decision is wrong where the action that looks best by the model is worth less than the best by more than 0.05, as the
    world's exact planner has it. That, not the error of predictions, tells whether an agent will profit.
    """
    from journeyman.foresee.world_models.curve import curve_table
    from journeyman.foresee.world_models.measure import measured_table
    from journeyman.foresee.worlds.registry import open_world
    from journeyman.report.table import print_table

    opened = open_world(world)
    if curve:
        curves = {name: _learned(name, opened, states) for name in models or LEARNED}
        if json:
            write_json({"world": opened.about.name, "curves": curves})
            return 0
        for name, found in curves.items():
            stdout().print(rich_text(name, "bold"), soft_wrap=True)
            print_table(curve_table(found), stdout())
        return 0
    measured = _measured(models or USUAL, opened, states, depth, seed)
    if json:
        write_json({"world": opened.about.name, "states": states, "models": measured})
        return 0
    print_table(measured_table(measured), stdout())
    return 0


def _measured(names: list[str] | tuple[str, ...], world: World, states: int, depth: int, seed: int) -> list[Measured]:
    from journeyman.foresee.world_models.measure import measure

    found = []
    for number, name in enumerate(names, 1):
        with stderr().status(rich_text(f"measuring {name} ({number} of {len(names)})")):
            found.append(measure(name, world, states=states, depth=depth, seed=seed))
    return found


def _learned(name: str, world: World, states: int) -> list[Learning]:
    from journeyman.errors import UsageError
    from journeyman.foresee.world_models.curve import SIZES, learning_curve

    if name.partition(":")[0] not in LEARNED or "transitions" in name:
        raise UsageError(f"--curve trains {' or '.join(LEARNED)} on more and more transitions, not '{name}'")
    found = []
    for number, size in enumerate(SIZES, 1):
        with stderr().status(rich_text(f"{name} on {size} transitions ({number} of {len(SIZES)})")):
            found += learning_curve(name, world, sizes=(size,), states=states)
    return found
