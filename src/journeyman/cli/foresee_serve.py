"""`journeyman foresee serve`: a world as an MCP server over standard input and output."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from journeyman.cli.call import make_app
from journeyman.cli.foresee_progress import users_prints_aside
from journeyman.cli.out import Runs

app = make_app("Serve a world to an agent that speaks the Model Context Protocol.")


@app.command()
def serve(
    world: Annotated[str, typer.Argument(metavar="WORLD", help="lake-6, push-7, gym:ENV_ID, FILE.py:CLASS ...")],
    mode: Annotated[str, typer.Option("--mode", metavar="MODE", help="invisible, normal or force.")] = "normal",
    world_model: Annotated[str, typer.Option("--world-model", metavar="NAME", help="What 'simulate' asks.")] = "exact",
    governor: Annotated[str, typer.Option("--governor", metavar="NAME", help="Rules on calls; none leaves all.")] = "none",
    memory: Annotated[str, typer.Option("--memory", metavar="NAME", help="restart, continue or branches.")] = "restart",
    instances: Annotated[int, typer.Option("--instances", min=1, metavar="N", help="Episodes, one each.")] = 10,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Seed of all randomness.")] = 0,
    agent: Annotated[str, typer.Option("--agent", metavar="NAME", help="The client's name in the log.")] = "client",
    image: Annotated[bool, typer.Option("--image", help="Show pictures, not symbols.")] = False,
    confidence: Annotated[bool, typer.Option("--confidence", help="Ask for its confidence with each reply.")] = False,
    reading: Annotated[bool, typer.Option("--reading", help="Ask what it saw in each simulation.")] = False,
    runs: Runs = None,
) -> int:
    """Serve a world over standard input and output to one agent, and log its episodes.

    The tools are act, answer, new_episode and, but in mode invisible, simulate. Episodes that have ended are in the run's
    log, to be scored like all others; one under way when the client goes is not. For a client's settings:
    {"command": "journeyman", "args": ["foresee", "serve", "lake-6", "--instances", "10"]}.
    """
    from journeyman.foresee.agents.wording import Wording
    from journeyman.foresee.serve import Tools, serve_stdio
    from journeyman.foresee.sitting import Sitting
    from journeyman.foresee.worlds.registry import open_world
    from journeyman.report.text import visible

    with users_prints_aside():
        opened = open_world(world)
        opened.reset(options={"instance": opened.instances(1)[0].id})
        wording = Wording(confidence=confidence, reading=reading, state=" ".join(opened.digest()))
        sitting = Sitting(
            world, mode=mode, agent=agent, wording=wording, format="image" if image else "", world_models=world_model,
            governors=governor, memory=memory, instances=instances, seed=seed, runs=runs,
        )  # fmt: skip
    with sitting:
        sys.stderr.write(f"journeyman: serving {visible(opened.about.name)} for {instances} episodes\n")
        serve_stdio(Tools(sitting, opened.about, mode, memory=memory))  # type: ignore[arg-type]  # the plan has checked both
        played = sitting.played
    sys.stderr.write(f"journeyman: {played} of {instances} episodes are in {visible(str(sitting.run))}\n")
    return 0
