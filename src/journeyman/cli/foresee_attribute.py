"""`journeyman foresee attribute`: replays with stages repaired, judges beside, as tables and a figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from journeyman.cli.call import make_app
from journeyman.cli.foresee_progress import users_prints_aside
from journeyman.cli.out import Json, Runs, stderr, stdout, write_json
from journeyman.report.text import one_line, rich_text

if TYPE_CHECKING:
    from journeyman.foresee.attribution.cost import CellForecast, Forecast, JudgeForecast
    from journeyman.foresee.attribution.record import Attribution
    from journeyman.foresee.attribution.work import Progress

LINE_EVERY_S = 10.0


def attribute(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run of 'foresee', named as elsewhere.")],
    judge: Annotated[
        list[str] | None,
        typer.Option("--judge", "-j", metavar="MODEL", help="A language model that labels them, too; may be repeated."),
    ] = None,
    cell: Annotated[
        list[int] | None, typer.Option("--cell", min=0, metavar="N", help="Number of a cell [all]; may be repeated.")
    ] = None,
    episodes: Annotated[
        int | None, typer.Option("--episodes", min=1, metavar="N", help="At most N failures and N successes a cell [all].")
    ] = None,
    shapley: Annotated[bool, typer.Option("--shapley", help="All 32 sets of repairs, for fractional blame.")] = False,
    replays: Annotated[
        int | None,
        typer.Option(
            "--replays", min=1, metavar="K", help="Of each set of repairs [1; 8 for agents that ask a model or a program]."
        ),
    ] = None,
    successes: Annotated[
        bool, typer.Option("--successes/--failures-only", help="Also leave the calls of successes out.")
    ] = True,
    parallel: Annotated[
        int, typer.Option("--parallel", "-p", min=1, metavar="N", help="Threads, for judges and agents that wait.")
    ] = 1,
    html: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="Write a page with every table and figure.")
    ] = None,
    svg: Annotated[str | None, typer.Option("--svg", metavar="FILE", help="Write the figure to a file.")] = None,
    models: Annotated[
        str | None, typer.Option("--models", metavar="FILE", help="Where models.toml is, if not here.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", min=1, metavar="N", help="Cap on tokens of replays and judges.")
    ] = None,
    max_usd: Annotated[
        float | None, typer.Option("--max-usd", min=0, metavar="USD", help="Cap on money; each model needs a price then.")
    ] = None,
    runs: Runs = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it takes; replay nothing, ask no model.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    json: Json = False,
) -> int:
    """Say why episodes failed, by playing them again with one stage repaired at a time.

    An episode is a chain: gate (call or not), query, simulator, reading, action. A stage is to blame for a failure if its
    repair alone turns it into success; all other luck stays as it was. Of successes the calls are left out, to see whether
    success is lost. Judges label the same episodes and are scored against the replays. The result is kept beside the run in
    attribution.json, and what models were paid for is not asked for again.
    """
    from journeyman.foresee.attribution import attribute as library
    from journeyman.foresee.attribution.wanted import Wanted

    wanted = Wanted(tuple(cell or ()), episodes, successes, all_subsets=shapley, replays=replays)
    what: dict[str, Any] = {"judges": judge or (), "runs": runs, "models_file": models}
    if dry_run:
        with users_prints_aside():
            predicted = library.forecast(run, wanted, **what)
        _say_forecast(predicted, json=json)
        return 0
    with users_prints_aside(), following(quiet) as follow:
        found = library.attribute(
            run, wanted, **what, parallel=parallel, max_tokens=max_tokens, max_usd=max_usd, on_progress=follow
        )
        _renew_page(run, runs)
    if html is not None:
        from journeyman.foresee.attribution.section import page_of
        from journeyman.report.page import write_page

        write_page(page_of(found), Path(html))
    if svg is not None:
        _write_figure(found, Path(svg))
    if json:
        write_json(found)
        return 0
    _print(found)
    for what_it_is, where in (("page", html), ("figure", svg)):
        if where is not None:
            stderr().print(rich_text(f"{what_it_is}: {where}"), soft_wrap=True)
    return 0


app = make_app()
app.command()(attribute)


def _renew_page(run: str, runs: str | None) -> None:
    """The run's own page has what was found, if there is such a page."""
    from journeyman.cli.foresee_run import write_report_of
    from journeyman.foresee.page.run_page import REPORT
    from journeyman.runs import find_run

    folder = find_run(run, runs=runs)
    if (folder / REPORT).is_file():
        write_report_of(folder)


def _print(found: Attribution) -> None:
    from journeyman.foresee.attribution.section import section_of, verdict
    from journeyman.report.blocks import Text
    from journeyman.report.table import Table, print_table
    from journeyman.report.terminal import print_hanging

    out = stdout()
    out.print(rich_text(verdict(found), "bold"), soft_wrap=True)
    for block in section_of(found).blocks:
        if isinstance(block, Table):
            out.print()
            print_table(block, out)
        elif isinstance(block, Text) and not block.warning:
            out.print(rich_text(block.text), soft_wrap=True)
    for note in found.notes:
        print_hanging(out, rich_text("! ", "yellow"), rich_text(note, "yellow"))


def _write_figure(found: Attribution, path: Path) -> None:
    """Raises RunError where it cannot be written, UsageError where there is nothing to draw."""
    from journeyman.errors import RunError, UsageError
    from journeyman.foresee.attribution.figure import figure_of

    drawn = figure_of(found)
    if drawn is None:
        raise UsageError("no failure was attributed, so there is nothing to draw; leave --svg away")
    try:
        path.write_bytes(drawn)
    except OSError as error:
        raise RunError(f"the figure '{path}' cannot be written: {error.strerror or error}") from error


# --- what it would take -----------------------------------------------------------------------------------------------


def _say_forecast(found: Forecast, *, json: bool) -> None:
    if json:
        write_json(found)
        return
    out = stdout()
    lines = [*map(_cell_words, found.cells), *map(_judge_words, found.judges)]
    for line in lines or ["There is no failure and no success with calls to look at."]:
        out.print(rich_text(one_line(line, limit=600)), soft_wrap=True)


def _cell_words(cell: CellForecast) -> str:
    times = "" if cell.replays == 1 else f" ({cell.replays} of each set of repairs)"
    said = (
        f"{cell.cell}: {cell.failures} failures, {cell.successes} successes with calls; {cell.episodes_least} to "
        f"{cell.episodes_most} replays{times}"
    )
    if not cell.replies:
        return f"{said}; no language model is asked."
    return f"{said}; at most about {cell.replies} replies, {cell.tokens} tokens, ${cell.micro_usd / 1e6:.2f} at its model."


def _judge_words(judge: JudgeForecast) -> str:
    price = "no price" if judge.usd is None or judge.most_usd is None else f"${judge.usd:.2f}, at most ${judge.most_usd:.2f}"
    had = f", {judge.known} of them on record" if judge.known else ""
    return (
        f"judge {judge.judge}: {judge.episodes} episodes{had}; about {judge.tokens} tokens, at most {judge.most_tokens}; "
        f"{price}. A model that reasons takes more than about."
    )


# --- progress ---------------------------------------------------------------------------------------------------------


@contextmanager
def following(quiet: bool = False) -> Iterator[Callable[[Progress], None]]:
    """A callback that says on stderr how far it is: one line that changes on a terminal, a line now and then elsewhere."""
    import time

    console = stderr()
    if quiet:
        yield lambda progress: None
        return
    if console.is_terminal and not console.is_dumb_terminal:
        with console.status("opening", spinner="dots") as status:
            yield lambda progress: status.update(rich_text(_progress_words(progress)))
        return
    said_at = time.monotonic()

    def say(progress: Progress) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= LINE_EVERY_S or progress.done == progress.total:
            said_at = time.monotonic()
            console.print(rich_text(_progress_words(progress)), soft_wrap=True)

    yield say


def _progress_words(progress: Progress) -> str:
    return one_line(f"{progress.done}/{progress.total}: {progress.what}", limit=200)
