"""`journeyman foresee WORLD ...`, and `journeyman foresee compare|score|attribute|serve|demo`.

The first word is a subcommand if there is one of that name, else a world. A subcommand is a module `foresee_NAME` with an
`app` of its own, imported when it is called.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from journeyman.cli.call import HELP_SETTINGS, make_app
from journeyman.cli.out import Json, Runs

SUBCOMMANDS = {
    "score": "every figure of a run, with intervals: use, gains, losses, misuse, calibration",
    "show": "single episodes step by step: what was real, what was imagined, what was made of it",
    "compare": "runs side by side: success against calls, governors against references",
    "attribute": "why episodes failed: played again with one stage repaired at a time",
    "measure": "world models: errors, calibration, decisions spoiled",
    "learn": "what governors need, from runs: worth of calls, meaning of confidence, margins",
    "serve": "offer a world model to any agent, as an MCP server",
    "demo": "a small comparison and its story, in a minute",
}

_PLAY = "evaluate"


def subcommands() -> list[str]:
    """Those whose modules are there."""
    return [name for name in SUBCOMMANDS if importlib.util.find_spec(f"journeyman.cli.foresee_{name}") is not None]


class _Group(TyperGroup):
    """Takes the first word as a world unless it is a subcommand."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        known = args and (args[0] == _PLAY or args[0] in subcommands())
        return super().parse_args(ctx, args if known else [_PLAY, *args])

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in SUBCOMMANDS:
            return typer.main.get_command(importlib.import_module(f"journeyman.cli.foresee_{cmd_name}").app)
        return super().get_command(ctx, cmd_name)


class _Evaluate(TyperCommand):
    """Its help lists the subcommands, too, and it goes by the group's name."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        return super().make_context(info_name if parent is None else parent.command_path, args, None, **extra)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        super().format_options(ctx, formatter)
        with formatter.section("In place of WORLD"):
            formatter.write_dl([(name, SUBCOMMANDS[name]) for name in subcommands()])


app = make_app(cls=_Group)
app.callback()(lambda: None)

Several = "; may be repeated."


@app.command(_PLAY, cls=_Evaluate, context_settings=HELP_SETTINGS)
def evaluate(
    world: Annotated[
        str, typer.Argument(metavar="WORLD", help="lake-4, lake-6, lake-8, push-6, push-7, push-8, gym:ENV, file.py:World.")
    ] = "",
    agent: Annotated[
        list[str] | None,
        typer.Option(
            "--agent", "-a", metavar="AGENT",
            help="scripted:perception=0.15, openai/NAME, a name of models.toml, file.py:Agent, cmd:PROGRAM or recorded:RUN"
            f" [scripted]{Several}",
        ),
    ] = None,
    world_model: Annotated[
        list[str] | None,
        typer.Option(
            "--world-model", "-w", metavar="MODEL",
            help=f"exact, exact+transition=0.2, table, ensemble or file.py:Model [exact]{Several}",
        ),
    ] = None,
    mode: Annotated[
        list[str] | None,
        typer.Option("--mode", "-m", metavar="MODE", help=f"invisible, normal or force [invisible, normal]{Several}"),
    ] = None,
    governor: Annotated[
        list[str] | None,
        typer.Option(
            "--governor", "-g", metavar="GOVERNOR",
            help=f"none, never, always, random:0.3, confidence:0.1, voi:cost=0.02, uplift:FILE or oracle [none]{Several}",
        ),
    ] = None,
    memory: Annotated[
        str, typer.Option("--memory", metavar="KIND", help="restart, continue or branches: what a call may go on from.")
    ] = "restart",
    instances: Annotated[int, typer.Option("--instances", "-n", min=1, metavar="N", help="Problems of each cell.")] = 100,
    split: Annotated[str, typer.Option("--split", metavar="NAME", help="test, or train for what is tuned.")] = "test",
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Seed of all randomness.")] = 0,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, metavar="N", help="Seeds, from --seed upwards; each plays all problems.")
    ] = 1,
    format: Annotated[
        str, typer.Option("--format", metavar="NAME", help="symbols or image [what the agent understands].")
    ] = "",
    reliable: Annotated[
        float | None,
        typer.Option("--reliable", min=0, max=1, metavar="SHARE", help="Tell agents how often the world model is right."),
    ] = None,
    single: Annotated[
        int,
        typer.Option("--single", min=1, max=2, metavar="N", help="What a call that compares nothing counts as: 1, or 2."),
    ] = 1,
    parallel: Annotated[int, typer.Option("--parallel", "-p", min=1, metavar="N", help="Workers.")] = 1,
    call_cost: Annotated[
        float | None,
        typer.Option("--call-cost", min=0, metavar="COST", help="Of a call in the net value; success is worth 1 [0.02]."),
    ] = None,
    models: Annotated[
        str | None, typer.Option("--models", metavar="FILE", help="Where models.toml is, if not here.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", min=1, metavar="N", help="Cap on tokens that models read and write.")
    ] = None,
    max_usd: Annotated[
        float | None, typer.Option("--max-usd", min=0, metavar="USD", help="Cap on money; each model needs a price then.")
    ] = None,
    max_wall: Annotated[
        float | None, typer.Option("--max-wall", min=0.001, metavar="SECONDS", help="Begin no episode after so long.")
    ] = None,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="RUN", help="Go on with this run, in place of WORLD and its options.")
    ] = None,
    runs: Runs = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Predict calls, tokens, money, minutes; begin nothing, ask no model.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    json: Json = False,
) -> int:  # fmt: skip
    """Measure whether an agent uses a world model before it acts, and what that is worth.

    Agents, world models, modes and governors make cells, every one of them with the others, and all cells play the same
    problems, so that they can be compared in pairs. Each decision is in the run's log; Ctrl-C, a kill or a power cut lose
    no finished episode, and --resume goes on.
    """
    from journeyman.cli.foresee_evaluate import play, predict, resume_run, world_or_subcommand
    from journeyman.errors import UsageError

    if resume is not None:
        if world or agent or world_model or mode or governor or dry_run:
            raise UsageError("--resume goes on with a run as it was begun: leave WORLD and what it would play away")
        return resume_run(
            resume, parallel=parallel, runs=runs, models_file=models, max_tokens=max_tokens, max_usd=max_usd,
            max_wall_s=max_wall, cost=call_cost, quiet=quiet, json=json,
        )  # fmt: skip
    what: dict[str, Any] = {
        "world": world_or_subcommand(world, subcommands()), "agents": agent or ["scripted"],
        "world_models": world_model or ["exact"], "modes": mode or ["invisible", "normal"],
        "governors": governor or ["none"], "memory": memory, "instances": instances, "split": split,
        "seeds": tuple(range(seed, seed + seeds)), "format": format, "reliable": reliable, "single": single,
        "parallel": parallel,
        "models_file": models, "max_usd": max_usd,
    }  # fmt: skip
    if dry_run:
        return predict(what, json=json)
    what.update(runs=runs, max_tokens=max_tokens, max_wall_s=max_wall)
    return play(what, cost=call_cost, quiet=quiet, json=json)
