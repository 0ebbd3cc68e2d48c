"""`journeyman optimize TASK`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from journeyman.cli.call import make_app
from journeyman.cli.out import Json, Runs, stdout, write_json
from journeyman.cli.proposer import ProposerOption

app = make_app()

DEFAULT_EVALUATIONS = 100


@app.command()
def optimize(
    task: Annotated[
        str, typer.Argument(metavar="TASK", help="A built-in task such as operations/job_shop, or a folder.")
    ],
    evaluations: Annotated[
        int | None,
        typer.Option(
            "--evaluations",
            "-n",
            min=1,
            metavar="N",
            help="Candidates to verify [100, unless --proposals, --until or --max-wall is given].",
        ),
    ] = None,
    proposals: Annotated[
        int | None,
        typer.Option(
            "--proposals", min=1, metavar="N", help="Times the proposer is asked [2 evaluations + 20]."
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="MODEL",
            help="A name of models.toml, openai/NAME, hf/FOLDER, scripted/NAME or replay/RUN; several are mixed.",
        ),
    ] = None,
    models: Annotated[
        str | None, typer.Option("--models", metavar="FILE", help="Where models.toml is, if not here.")
    ] = None,
    proposer: ProposerOption = None,
    search: Annotated[
        str,
        typer.Option(
            "--search",
            "-s",
            metavar="SEARCH",
            help="chains, adaptive, islands, pool, ab_mcts, independent, sequential or best_of_n.",
        ),
    ] = "chains",
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="An option of the search, such as width=4; may be repeated."
        ),
    ] = None,
    parallel: Annotated[
        int, typer.Option("--parallel", "-p", min=1, metavar="N", help="Verifications at once.")
    ] = 1,
    calls: Annotated[
        int | None,
        typer.Option(
            "--calls", min=1, metavar="N", help="Proposals at once that wait for a model [1, or 2 a lane]."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Seed of all randomness.")] = 0,
    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds", min=1, metavar="N", help="Runs, from --seed upwards, with mean and interval."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="HH:MM", help="Start nothing new after this time.")
    ] = None,
    max_wall: Annotated[
        float | None,
        typer.Option("--max-wall", min=0.001, metavar="SECONDS", help="Start nothing new after so long."),
    ] = None,
    tokens: Annotated[
        int | None,
        typer.Option("--tokens", min=1, metavar="N", help="Cap on tokens that models read and write."),
    ] = None,
    max_usd: Annotated[
        float | None,
        typer.Option("--max-usd", min=0, metavar="USD", help="Cap on money; each model needs a price then."),
    ] = None,
    level: Annotated[
        str | None,
        typer.Option(
            "--level",
            metavar="LEVEL",
            help="namespaces, restricted, container or none; default the best here.",
        ),
    ] = None,
    runs: Runs = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Measure the seed; predict calls, tokens, money, hours; begin nothing."
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    json: Json = False,
) -> int:
    """Improve a task's seed under an exact budget, then verify seed and best on held-out instances.

    The run is in a folder of its own; best/ in it always holds the best design so far. Ctrl-C, a kill or a power cut
    loses nothing that was settled: 'journeyman run resume' goes on.
    """
    from journeyman import load_task
    from journeyman.cli.ending import say_where, write_report_of
    from journeyman.cli.progress import shown
    from journeyman.cli.proposer import one_or_all, parse_options, parse_proposer
    from journeyman.cli.result import document, repeats_document, result_table
    from journeyman.optimize import Repeats, Result, optimize
    from journeyman.report.table import print_table

    if evaluations is None and proposals is None and until is None and max_wall is None:
        evaluations = DEFAULT_EVALUATIONS
    loaded = load_task(task)
    given, proposer_options = parse_proposer(proposer)
    what: dict[str, Any] = {
        "search": search, "search_options": parse_options(search, options or ()), "proposer": given,
        "proposer_options": proposer_options, "model": one_or_all(model), "models_file": models,
        "evaluations": evaluations, "proposals": proposals, "tokens": tokens, "max_usd": max_usd, "parallel": parallel,
        "max_wall_s": max_wall, "level": level, "runs": runs,
    }  # fmt: skip
    if dry_run:
        from journeyman.cli.forecast import say_forecast
        from journeyman.optimize.forecast import forecast

        return say_forecast(forecast(loaded, seeds=seeds or 1, **what), json=json)
    what.update(calls=calls, seed=seed, seeds=seeds, until=until)
    with shown(loaded.id, quiet=quiet) as follow:
        result: Result | Repeats = optimize(loaded, on_progress=follow, **what)
    repeats = None if isinstance(result, Result) else result
    results = (result,) if isinstance(result, Result) else result.results
    for each in results:
        write_report_of(each)
    if json:
        write_json(document(results[0]) if repeats is None else repeats_document(repeats))
        return 0
    out = stdout()
    print_table(result_table(results, repeats), out)
    for each in results:
        say_where(each)
    return 0
