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
    """List the runs, oldest first; a damaged one with what is wrong with it."""
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
def export(
    run: Ref,
    to: Annotated[str, typer.Option("--to", metavar="PATH", help="Where to; it must not exist yet.")],
    format_: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="dir, jsonl or parquet; by the ending of PATH if not given.")
    ] = "",
    runs: Runs = None,
    json: Json = False,
) -> int:
    """Write a run as plain files, as JSON Lines or as Parquet."""
    from pathlib import Path

    from journeyman import open_run
    from journeyman.errors import UsageError

    form = format_ or {".jsonl": "jsonl", ".parquet": "parquet"}.get(Path(to).suffix, "dir")
    if form not in ("dir", "jsonl", "parquet"):
        raise UsageError(f"the format {form!r} is unknown; use dir, jsonl or parquet")
    with open_run(run, runs=runs) as opened:
        written = opened.export(to, form)  # type: ignore[arg-type]  # checked above
        events = len(opened.log)
    if json:
        write_json({"run": run, "to": written, "format": form, "events": events})
    else:
        stdout().print(f"{events} events to {written}", soft_wrap=True)
    return 0
