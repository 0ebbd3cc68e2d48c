"""`journeyman optimize TASK`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from journeyman.cli.call import make_app
from journeyman.cli.out import Json, Runs, stderr, stdout, write_json
from journeyman.cli.proposer import ProposerOption

app = make_app()

DEFAULT_EVALUATIONS = 100


@app.command()
def optimize(
    task: Annotated[str, typer.Argument(metavar="TASK", help="A built-in task such as operations/job_shop, or a folder.")],
    evaluations: Annotated[
        int | None,
        typer.Option("--evaluations", "-n", min=1, metavar="N", help="Candidates to verify [100, if nothing else limits]."),
    ] = None,
    proposals: Annotated[
        int | None, typer.Option("--proposals", min=1, metavar="N", help="Times the proposer is asked [2 evaluations + 20].")
    ] = None,
    proposer: ProposerOption = "numeric",
    search: Annotated[str, typer.Option("--search", metavar="SEARCH", help="What is improved next: chains.")] = "chains",
    width: Annotated[int | None, typer.Option("--width", min=1, metavar="N", help="Number of chains [1].")] = None,
    depth: Annotated[int | None, typer.Option("--depth", min=1, metavar="N", help="Longest chain [the budget].")] = None,
    parallel: Annotated[int, typer.Option("--parallel", "-p", min=1, metavar="N", help="Verifications at once.")] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Seed of all randomness.")] = 0,
    seeds: Annotated[
        int | None, typer.Option("--seeds", min=1, metavar="N", help="Runs, from --seed upwards, with mean and interval.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="HH:MM", help="Start nothing new after this time.")] = None,
    max_wall: Annotated[
        float | None, typer.Option("--max-wall", min=0.001, metavar="SECONDS", help="Start nothing new after so long.")
    ] = None,
    max_usd: Annotated[
        float | None, typer.Option("--max-usd", min=0, metavar="USD", help="Cap on money. No proposer of today spends any.")
    ] = None,
    level: Annotated[
        str | None,
        typer.Option("--level", metavar="LEVEL", help="namespaces, restricted, container or none; default the best here."),
    ] = None,
    runs: Runs = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Measure the seed, predict evaluations and hours.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    json: Json = False,
) -> int:
    """Improve a task's seed under an exact budget, then verify seed and best on held-out instances.

    The run is in a folder of its own; best/ in it always holds the best design so far. Ctrl-C, a kill or a power cut
    loses nothing that was settled: 'journeyman run resume' goes on.
    """
    from journeyman import load_task
    from journeyman.cli.progress import shown
    from journeyman.cli.proposer import parse_proposer
    from journeyman.cli.result import document, repeats_document, result_table
    from journeyman.optimize import Repeats, Result, optimize
    from journeyman.report.table import print_table

    if evaluations is None and proposals is None and until is None and max_wall is None:
        evaluations = DEFAULT_EVALUATIONS
    loaded = load_task(task)
    given, command = parse_proposer(proposer)
    if dry_run:
        from journeyman.optimize.forecast import forecast

        return _say_forecast(
            forecast(
                loaded, evaluations=evaluations, proposals=proposals, parallel=parallel, seeds=seeds or 1,
                max_wall_s=max_wall, level=level, runs=runs,
            ),
            json,
        )  # fmt: skip
    options: dict[str, Any] = {
        "search": search, "proposer": given, "command": command, "evaluations": evaluations, "proposals": proposals,
        "parallel": parallel, "seed": seed, "seeds": seeds, "until": until, "max_wall_s": max_wall, "level": level,
        "runs": runs, "width": width, "depth": depth,
    }  # fmt: skip
    with shown(loaded.id, quiet=quiet) as follow:
        result: Result | Repeats = optimize(loaded, on_progress=follow, **options)
    repeats = None if isinstance(result, Result) else result
    results = (result,) if isinstance(result, Result) else result.results
    if json:
        write_json(document(results[0]) if repeats is None else repeats_document(repeats))
        return 0
    out = stdout()
    print_table(result_table(results, repeats), out)
    for each in results:
        stderr().print(f"ended: {each.reason}; best design: {each.run / 'best'}", soft_wrap=True)
    return 0


def _say_forecast(found: object, json: bool) -> int:
    from journeyman.optimize.forecast import Forecast
    from journeyman.report.number import duration, number

    assert isinstance(found, Forecast)
    if json:
        write_json({
            "task": found.task, "level": found.level, "evaluations": found.evaluations, "proposals": found.proposals,
            "tokens": 0, "usd": 0.0, "seed_score": found.seed_score, "seed_seconds": found.seed_s,
            "hours": None if found.seconds is None else found.seconds / 3600,
        })  # fmt: skip
        return 0
    most = "no cap on evaluations" if found.evaluations is None else f"{found.evaluations} evaluations"
    said = "until the time you gave" if found.seconds is None else f"about {duration(found.seconds)} of verification"
    stdout().print(
        f"{found.task}: the seed scores {number(found.seed_score)} and takes {duration(found.seed_s)} to verify "
        f"(isolation: {found.level}). Predicted: {most}, {said}, no tokens, no money.",
        soft_wrap=True,
    )
    return 0
