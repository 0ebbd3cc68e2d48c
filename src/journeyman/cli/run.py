"""`journeyman run list|show|resume|export`."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from journeyman.cli.call import make_app
from journeyman.cli.out import Json, Runs, stderr, stdout, write_json

app = make_app("List, show, resume and export runs.")

Ref = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's name, the beginning of its name, its folder, or 'last'.")
]


@app.command("list")
def list_(runs: Runs = None, json: Json = False) -> int:
    """List the runs, oldest first."""
    from journeyman import list_runs
    from journeyman.report.number import number
    from journeyman.report.table import Table, print_table

    found = list_runs(runs=runs)
    if json:
        write_json(found)
        return 0
    if not found:
        stderr().print("There are no runs here yet; 'journeyman optimize TASK' makes one.")
        return 0
    rows = [
        (
            run.run_id,
            str(run.header.get("task", "–")),
            time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created)) if run.created else "–",
            str(run.events),
            number(run.size_mb, digits=3),
            run.problem or (f"process {run.writer_pid} works on it" if run.writer_pid else ""),
        )
        for run in found
    ]
    columns = ("run", "task", "begun", "events", "MB", "")
    print_table(Table(columns, rows, numbers=frozenset({"events", "MB"})), stdout())
    return 0


@app.command()
def show(
    run: Ref,
    html: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="Write a page that opens offline, with figure and design.")
    ] = None,
    runs: Runs = None,
    json: Json = False,
) -> int:
    """Show what came of a run, as far as it got."""
    from pathlib import Path

    from journeyman import open_run
    from journeyman.cli.result import document, result_table
    from journeyman.report.table import print_table
    from journeyman.report.text import one_line, rich_text

    with open_run(run, runs=runs) as opened:
        result = opened.result()
        if html is not None:
            Path(html).write_text(opened.page(), encoding="utf-8")
    if json:
        write_json(document(result))
        return 0
    out = stdout()
    print_table(result_table([result]), out)
    best = "the seed itself" if result.best.index == 0 else f"proposal {result.best.index} by {result.best.proposer}"
    note = f" ({one_line(result.best.note)})" if result.best.note else ""
    ended = result.reason or f"not ended; go on with 'journeyman run resume {result.run_id}'"
    out.print(rich_text(f"best: {best}{note}, in {result.run / 'best'}"), soft_wrap=True)
    out.print(rich_text(f"ended: {ended}" if result.reason else ended), soft_wrap=True)
    if html is not None:
        stderr().print(f"page: {html}", soft_wrap=True)
    return 0


@app.command()
def resume(
    run: Ref,
    proposer: Annotated[
        str | None, typer.Option("--proposer", metavar="scripted:FILE", help="Only for a run that was begun with a script.")
    ] = None,
    runs: Runs = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    json: Json = False,
) -> int:
    """Go on with a run that was stopped or killed.

    The budget, the search and the proposer are those it was begun with; nothing that was settled is done again.
    """
    from journeyman.cli.progress import shown
    from journeyman.cli.proposer import parse_proposer
    from journeyman.cli.result import document, result_table
    from journeyman.errors import UsageError
    from journeyman.optimize import resume
    from journeyman.report.table import print_table
    from journeyman.runs import find_run, open_run

    given = None if proposer is None else parse_proposer(proposer)[0]
    if isinstance(given, str):
        raise UsageError(f"a run keeps the proposer it was begun with; --proposer {given} cannot replace it")
    folder = find_run(run, runs=runs)
    with open_run(folder) as opened:
        if given is None and opened.header.get("proposer", {}).get("name") == "scripted":
            raise UsageError(f"the run {opened.run_id!r} was begun with a script; give it again: --proposer scripted:FILE")
    with shown(folder.name, quiet=quiet) as follow:
        result = resume(folder, on_progress=follow, proposer=given)
    if json:
        write_json(document(result))
        return 0
    print_table(result_table([result]), stdout())
    stderr().print(f"ended: {result.reason}; best design: {result.run / 'best'}", soft_wrap=True)
    return 0


@app.command()
def export(
    run: Ref,
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="PLACE", help="A folder, or a file *.jsonl or *.parquet, or just jsonl or parquet."
        ),
    ],
    runs: Runs = None,
    json: Json = False,
) -> int:
    """Write a run as files, JSON Lines or Parquet."""
    from pathlib import Path

    from journeyman import open_run

    with open_run(run, runs=runs) as opened:
        # A bare format is a file of that kind here, named after the run.
        place = Path(f"{opened.run_id}.{to}" if to in ("jsonl", "parquet") else to)
        form = {".jsonl": "jsonl", ".parquet": "parquet"}.get(place.suffix, "dir")
        written = opened.export(place, form)  # type: ignore[arg-type]  # one of its literals
        events = len(opened.log)
    if json:
        write_json({"run": run, "to": written, "format": form, "events": events})
    else:
        stdout().print(f"{events} events to {written}", soft_wrap=True)
    return 0
