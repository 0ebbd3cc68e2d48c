"""`journeyman run list|show|watch|resume|replay|export`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from journeyman.cli.call import make_app
from journeyman.cli.course import Against, AgainstOption
from journeyman.cli.out import Json, Runs, stderr, stdout, write_json

if TYPE_CHECKING:
    from journeyman.runs import Run

app = make_app("List, show, watch, resume, replay and export runs.")

_REF = typer.Argument(metavar="RUN", help="A run's name, the beginning of its name, its folder, or 'last'.")
Ref = Annotated[str, _REF]
LastRef = Annotated[str, typer.Argument(metavar="[RUN]", help="As for the other commands; default 'last'.")]


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
        stderr().print("There are no runs here yet; 'journeyman optimize', 'foresee' and 'distill train' make some.")
        return 0
    rows = [
        (
            run.run_id,
            _about(run.header),
            time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created)) if run.created else "–",
            str(run.events),
            number(run.size_mb, digits=3),
            run.problem or (f"process {run.writer_pid} works on it" if run.writer_pid else ""),
        )
        for run in found
    ]
    columns = ("run", "task, world or pair", "begun", "events", "MB", "")
    print_table(Table(columns, rows, numbers=frozenset({"events", "MB"})), stdout())
    return 0


@app.command()
def show(
    run: Ref,
    trial: Annotated[
        int | None, typer.Option("--trial", min=0, metavar="N", help="Show proposal N: where it came from, what came of it.")
    ] = None,
    prompt: Annotated[bool, typer.Option("--prompt", help="With --trial: print what was asked, whole.")] = False,
    reply: Annotated[bool, typer.Option("--reply", help="With --trial: print what was answered, whole.")] = False,
    against: AgainstOption = Against.EVALUATIONS,
    full: Annotated[bool, typer.Option("--full", help="Cut no difference, text or line of descent.")] = False,
    html: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="Write a page that opens offline, with figure and design.")
    ] = None,
    runs: Runs = None,
    json: Json = False,
) -> int:
    """Show what came of a run, as far as it got, or one of its candidates."""
    from pathlib import Path

    from journeyman import open_run
    from journeyman.cli import show, show_trial
    from journeyman.cli.result import document
    from journeyman.errors import UsageError
    from journeyman.runlog.lock import writer_pid

    if trial is None and (prompt or reply):
        raise UsageError("--prompt and --reply belong to one candidate; say which with --trial N")
    if prompt and reply:
        raise UsageError("give --prompt or --reply; without them --trial shows the beginning of both")
    with open_run(run, runs=runs) as opened:
        if opened.verb == "foresee":
            from journeyman.cli.foresee_run import print_run

            if trial is not None or against is not Against.EVALUATIONS:
                option = "--trial" if trial is not None else "--against"
                raise UsageError(
                    f"{option} belongs to optimizations; this run is an evaluation: 'foresee show' has its episodes"
                )
            return print_run(opened.log, cost=None, writer=writer_pid(opened.folder), html=html, json=json)
        if opened.verb == "distill":
            _refuse_for_training(trial=trial is not None, against=against is not Against.EVALUATIONS)
            return _show_training(opened, full=full, html=html, json=json)
        story = opened.story()
        if against is Against.MONEY and not story.result.spent.micro_usd:
            raise UsageError("this run has spent no money; use --against evaluations or time")
        if html is not None:
            Path(html).write_text(opened.page(), encoding="utf-8")
        out = stdout()
        if json:
            both = {**document(story.result), **show.parts_document(story)}
            write_json(both if trial is None else show_trial.trial_document(story, trial))
        elif trial is None:
            show.print_run(story, out, against=against, full=full, writer=writer_pid(opened.folder))
        elif prompt:
            show_trial.print_prompts(story, trial, out)
        elif reply:
            show_trial.print_replies(story, trial, out)
        else:
            show_trial.print_trial(story, trial, out, full=full)
    if html is not None and not json:
        stderr().print(f"page: {html}", soft_wrap=True)
    return 0


@app.command()
def watch(
    run: LastRef = "last",
    against: AgainstOption = Against.EVALUATIONS,
    runs: Runs = None,
    json: Json = False,
) -> int:
    """Follow a run that another process writes, until it ends.

    Nothing of the run is touched: Ctrl-C ends the watching only. A run whose process was killed is waited for until it
    is resumed.
    """
    from journeyman import open_run
    from journeyman.cli.result import document, result_table
    from journeyman.cli.watch import follow
    from journeyman.errors import UsageError
    from journeyman.report.table import print_table
    from journeyman.report.text import rich_text

    with open_run(run, runs=runs) as opened:
        if opened.verb == "distill":
            _refuse_for_training(against=against is not Against.EVALUATIONS)
            return _watch_training(opened, json=json)
        if opened.verb == "foresee":
            raise UsageError(f"an evaluation is not followed; how far it is says 'journeyman run show {opened.run_id}'")
        if not follow(opened, against):
            if json:
                write_json({"run": opened.folder, "run_id": opened.run_id, "ended": None})
            return 0
        result = opened.result()
    if json:
        write_json(document(result))
        return 0
    print_table(result_table([result]), stdout())
    stderr().print(rich_text(f"ended: {result.reason}; best design: {result.run / 'best'}"), soft_wrap=True)
    return 0


@app.command()
def resume(
    run: Ref,
    proposer: Annotated[
        str | None, typer.Option("--proposer", metavar="scripted:FILE", help="Only for a run that was begun with a script.")
    ] = None,
    models: Annotated[
        str | None, typer.Option("--models", metavar="FILE", help="Where models.toml is, if it has moved.")
    ] = None,
    runs: Runs = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    json: Json = False,
) -> int:
    """Go on with a run that was stopped or killed.

    An optimization keeps its budget, search and proposer, and does nothing again that was settled; a training goes on from
    its last checkpoint; an evaluation plays the episodes that are missing.
    """
    from journeyman.cli.ending import say_where, write_report_of
    from journeyman.cli.progress import shown
    from journeyman.cli.proposer import parse_proposer
    from journeyman.cli.result import document, result_table
    from journeyman.errors import UsageError
    from journeyman.optimize import resume
    from journeyman.report.table import print_table
    from journeyman.runs import find_run, open_run

    folder = find_run(run, runs=runs)
    with open_run(folder) as opened:
        training, foresight = opened.verb == "distill", opened.verb == "foresee"
    if foresight:
        from journeyman.cli.foresee_evaluate import resume_run as resume_evaluation

        if proposer is not None:
            raise UsageError(f"the run {folder.name!r} is an evaluation: --proposer means nothing to it")
        return resume_evaluation(folder, models_file=models, quiet=quiet, json=json)
    if training:
        from journeyman.cli.distill_train import resume_run

        if proposer is not None or models is not None:
            raise UsageError(f"the run {folder.name!r} is a training: --proposer and --models mean nothing to it")
        return resume_run(folder, quiet=quiet, json=json)
    given = None if proposer is None else parse_proposer(proposer)[0]
    if isinstance(given, str):
        raise UsageError(f"a run keeps the proposer it was begun with; --proposer {given} cannot replace it")
    with open_run(folder) as opened:
        if given is None and opened.header.get("proposer", {}).get("name") == "scripted":
            raise UsageError(f"the run {opened.run_id!r} was begun with a script; give it again: --proposer scripted:FILE")
    with shown(folder.name, quiet=quiet) as follow:
        result = resume(folder, on_progress=follow, proposer=given, models_file=models)
    write_report_of(result)
    if json:
        write_json(document(result))
        return 0
    print_table(result_table([result]), stdout())
    say_where(result)
    return 0


@app.command()
def replay(
    run: Ref,
    task: Annotated[str | None, typer.Option("--task", metavar="FOLDER", help="The task's folder, if it has moved.")] = None,
    runs: Runs = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    json: Json = False,
) -> int:
    """Do a run again from its log, with the network off, and say what comes out otherwise.

    Exit status 1 if anything does.
    """
    from journeyman.cli.replay import replay_run
    from journeyman.runs import find_run

    return replay_run(find_run(run, runs=runs), task, quiet=quiet, json=json)


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


def _about(header: dict[str, Any]) -> str:
    """The task of an optimization, the world of an evaluation, or the pair of a training."""
    if "task" in header:
        return str(header["task"])
    if "plan" in header:
        return f"{header['plan']['world']}, {len(header['plan']['cells'])} cells"
    names = [str((header.get(part) or {}).get("name", "")).rstrip("/").rsplit("/", 1)[-1] for part in ("student", "teacher")]
    return " ← ".join(name for name in names if name) or "–"


def _refuse_for_training(*, trial: bool = False, against: bool = False) -> None:
    from journeyman.errors import UsageError

    if trial or against:
        raise UsageError(f"{'--trial' if trial else '--against'} belongs to optimizations; this run is a training")


def _show_training(run: Run, *, full: bool, html: str | None, json: bool) -> int:
    from pathlib import Path

    from journeyman.cli.distill_show import print_training, training_document
    from journeyman.runlog.lock import writer_pid

    story = run.training()
    if html is not None:
        Path(html).write_text(run.page(), encoding="utf-8")
    if json:
        write_json(training_document(story))
        return 0
    print_training(story, stdout(), full=full, writer=writer_pid(run.folder))
    if html is not None:
        stderr().print(f"page: {html}", soft_wrap=True)
    return 0


def _watch_training(run: Run, *, json: bool) -> int:
    from journeyman.cli.distill_show import metrics_table, training_document
    from journeyman.cli.distill_watch import follow
    from journeyman.report.table import print_table
    from journeyman.report.text import rich_text

    ended = follow(run)
    story = run.training()
    if json:
        write_json(training_document(story))
        return 0
    if ended:
        print_table(metrics_table(story), stdout())
        stderr().print(rich_text(f"ended: {story.reason}; {story.folder}"), soft_wrap=True)
    return 0
