"""`journeyman foresee show`: which episodes of a run to look at, one of them step by step, and its page."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from journeyman.cli.call import make_app
from journeyman.cli.out import Json, Runs, stderr, stdout, write_json
from journeyman.report.text import one_line, rich_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from journeyman.foresee.attribution.staging import Logged
    from journeyman.foresee.page.frames import Shot
    from journeyman.foresee.page.reopened import Reopened
    from journeyman.foresee.page.steps import Step, Words
    from journeyman.runlog import RunLog

PICTURE_WIDTH = 100
_STYLES = {"call": "cyan", "act": "green", "refused": "yellow", "unread": "magenta", "answer": "blue"}
_SIGNS = {"call": "?", "act": "●", "refused": "✕", "unread": "~", "answer": "="}
_ASCII = {"●": "*", "✕": "x", "✗": "X"}


def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run of 'foresee', named as elsewhere.")] = "last",
    episode: Annotated[
        list[str] | None,
        typer.Option(
            "--episode", "-e", metavar="CELL:INSTANCE",
            help="Number of a cell, number or id of an instance, as in 2:17; may be repeated, for cells side by side.",
        ),
    ] = None,
    instance: Annotated[
        str | None, typer.Option("--instance", "-i", metavar="ID", help="This instance in every cell, side by side.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, metavar="N", help="Of the episodes, where the run has several [its first].")
    ] = None,
    each: Annotated[int, typer.Option("--each", min=1, metavar="N", help="Episodes of each kind and cell to list.")] = 1,
    out: Annotated[
        str | None, typer.Option("--out", metavar="FILE", help="Where to write the page [the run's folder].")
    ] = None,
    runs: Runs = None,
    json: Json = False,
) -> int:  # fmt: skip
    """Look at single episodes: what was real, what was imagined, what the agent made of it, what it did.

    Without an episode, those that tell most are listed; with one, its story is printed and its page is written: real and
    imagined frames side by side, step by step. --out alone writes the page of the whole run.
    """
    from journeyman.cli.foresee_progress import users_prints_aside
    from journeyman.errors import UsageError
    from journeyman.foresee.page.reopened import reopen
    from journeyman.runlog import RunLog
    from journeyman.runs import find_run

    if episode and instance is not None:
        raise UsageError("--episode and --instance both say what to show; give one of them")
    with RunLog.open(find_run(run, runs=runs)) as log:
        with users_prints_aside():
            opened = reopen(log)
        if not episode and instance is None:
            return _list(opened, log, each, out, json=json)
        chosen = [_found(opened, *_parted(one), seed) for one in episode] if episode else _everywhere(opened, instance, seed)
        return _show(opened, chosen, out, json=json)


app = make_app()
app.command()(show)


# --- which ones -----------------------------------------------------------------------------------------------------------


def _list(run: Reopened, log: RunLog, each: int, out: str | None, *, json: bool) -> int:
    from journeyman.cli.foresee_progress import users_prints_aside
    from journeyman.cli.words import ref_of
    from journeyman.foresee.page.choose import MEANING, short_names, telling
    from journeyman.foresee.page.run_page import write_report
    from journeyman.foresee.page.steps import outcome
    from journeyman.report.table import Table, print_table

    found = telling(run.cells, run.episodes, each=each)
    with users_prints_aside():
        written = write_report(log, Path(out)) if out is not None else None
    if json:
        write_json({
            "run": run.folder, "run_id": run.log.run_id, "page": written,
            "episodes": [
                {
                    "episode": f"{one.one.cell}:{one.one.number}", "why": one.why, "cell": one.one.episode.cell,
                    "instance": one.one.episode.instance, "seed": one.one.episode.seed,
                    "success": one.one.episode.success, "reason": one.one.episode.reason, "calls": one.one.episode.calls,
                    "actions": one.one.episode.real, "said": one.said,
                }
                for one in found
            ],
        })  # fmt: skip
        return 0
    names = short_names(run.cells)
    rows = [
        (f"{one.one.cell}:{one.one.number}", one.why, names[one.one.cell], outcome(one.one.episode), one.said) for one in found
    ]
    said = {one.why: MEANING[one.why] for one in found}
    note = "; ".join(f"{kind}: {meaning}" for kind, meaning in said.items()) + "." if said else ""
    console = stdout()
    print_table(Table(("episode", "why", "cell", "how it ended", "to be noticed"), rows, note=note), console)
    if not rows:
        console.print("No episode has a failure or a call, so there is nothing to step through.")
        return 0
    ref = ref_of(run.folder)
    _say(f"next: journeyman foresee show {ref} --episode {rows[0][0]}")
    _say(f"page: {written if written is not None else _page_words(run.folder, ref)}")
    return 0


def _page_words(folder: Path, ref: str) -> str:
    from journeyman.foresee.page.run_page import REPORT

    page = folder / REPORT
    return str(page) if page.is_file() else f"journeyman foresee show {ref} --out FILE"


def _parted(asked: str) -> tuple[int, str]:
    """Number of the cell and the instance. Raises UsageError."""
    from journeyman.errors import UsageError

    cell, colon, instance = asked.partition(":")
    if not colon or not cell.isdecimal() or not instance:
        raise UsageError(f"'{asked}' names no episode; write CELL:INSTANCE, the number of a cell and an instance, such as 1:17")
    return int(cell), instance


def _found(run: Reopened, cell: int, instance: str, seed: int | None) -> Logged:
    """The episode. Raises UsageError that says what there is."""
    from journeyman.cli.words import ref_of
    from journeyman.errors import UsageError

    if cell >= len(run.cells):
        listed = "; ".join(f"{number} is {one.key}" for number, one in enumerate(run.cells[:12]))
        raise UsageError(f"the run has no cell {cell}; its cells are 0 to {len(run.cells) - 1}: {listed}")
    number, seed = _number(run, instance), _seed(run, seed)
    for one in run.episodes:
        if (one.cell, one.number, one.episode.seed) == (cell, number, seed):
            return one
    raise UsageError(
        f"the episode of instance '{run.about.instances[number]}' in cell {cell} with seed {seed} is not played yet; go on "
        f"with: journeyman foresee --resume {ref_of(run.folder)}"
    )


def _everywhere(run: Reopened, instance: str | None, seed: int | None) -> list[Logged]:
    """The instance in every cell, as many as a page shows."""
    from journeyman.cli.words import ref_of
    from journeyman.errors import UsageError
    from journeyman.foresee.page.episode_page import MOST

    number, seed = _number(run, instance or ""), _seed(run, seed)
    found = [one for one in run.episodes if (one.number, one.episode.seed) == (number, seed)]
    if not found:
        raise UsageError(
            f"no episode of instance '{run.about.instances[number]}' with seed {seed} is played yet; go on with: "
            f"journeyman foresee --resume {ref_of(run.folder)}"
        )
    if len(found) > MOST:
        left = ", ".join(str(one.cell) for one in found[MOST:])
        _say(f"a page shows {MOST} episodes side by side, here those of the first cells; the others are {left}: --episode")
    return found[:MOST]


def _number(run: Reopened, instance: str) -> int:
    """Number of an instance by itself, its id or the end of it. Raises UsageError."""
    from journeyman.errors import UsageError

    ids = run.about.instances
    if instance in ids:
        return ids.index(instance)
    ends = [number for number, id in enumerate(ids) if id.endswith(f"/{instance}")]
    if len(ends) == 1:
        return ends[0]
    if instance.isdecimal() and int(instance) < len(ids):
        return int(instance)
    raise UsageError(f"the run has no instance '{instance}'; it has {len(ids)}, from '{ids[0]}' to '{ids[-1]}'")


def _seed(run: Reopened, seed: int | None) -> int:
    from journeyman.errors import UsageError

    seeds = run.about.plan.seeds
    if seed is None:
        return seeds[0]
    if seed not in seeds:
        raise UsageError(f"the run has no seed {seed}; it has {', '.join(map(str, seeds))}")
    return seed


# --- one of them ----------------------------------------------------------------------------------------------------------


def _show(run: Reopened, chosen: Sequence[Logged], out: str | None, *, json: bool) -> int:
    from journeyman.cli.foresee_progress import users_prints_aside
    from journeyman.foresee.page.episode_page import file_name, write_page
    from journeyman.foresee.page.run_page import EPISODES

    path = Path(out) if out is not None else run.folder / EPISODES / file_name(chosen)
    if out is None:
        _folder(path.parent)
    with users_prints_aside():
        write_page(run, chosen, path)
    if json:
        write_json({
            "run": run.folder, "run_id": run.log.run_id, "page": path,
            "episodes": [{"cell_number": one.cell, **_document(run, one)} for one in chosen],
        })  # fmt: skip
        return 0
    console = stdout()
    for place, one in enumerate(chosen):
        if place:
            console.print()
        print_story(run, one, console)
    _say(f"page: {path}")
    return 0


def _folder(path: Path) -> None:
    from journeyman.errors import RunError

    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise RunError(
            f"the folder {str(path)!r} cannot be made: {error.strerror or error}; say with --out where the page goes"
        ) from error


def _document(run: Reopened, one: Logged) -> dict[str, Any]:
    """The episode with what the scores say of each decision."""
    from journeyman.cli.out import plain
    from journeyman.foresee.page.steps import steps_of, title

    document: dict[str, Any] = plain(one.episode)
    for decision, step in zip(document["decisions"], steps_of(one.episode), strict=True):
        decision["said"] = title(step, run.words)
        if step.kind == "call":
            decision.update(misuse=step.misuse, wrong=step.wrong, contradicts=step.contradicts)
    return document


def print_story(run: Reopened, one: Logged, out: Console) -> None:
    """An episode, decision by decision."""
    from journeyman.cli.foresee_progress import users_prints_aside
    from journeyman.foresee.page.attributed import attributed
    from journeyman.foresee.page.steps import outcome, remarks, steps_of
    from journeyman.report.terminal import heading, is_ascii_only, print_hanging

    with users_prints_aside():
        steps, shots = steps_of(one.episode), run.shots(one)
    ascii_only = is_ascii_only(out)
    out.print(heading(f"{one.episode.instance} in cell {one.cell}: {run.cells[one.cell].key}"), soft_wrap=True)
    out.print(rich_text("; ".join([outcome(one.episode), *remarks(steps)]) + "."), soft_wrap=True)
    if shots.note:
        print_hanging(out, rich_text("! ", "yellow"), rich_text(shots.note, "yellow"))
    out.print()
    digits = len(str(max(0, len(steps) - 1)))
    for step, shot in zip(steps, shots.shots, strict=True):
        _print_step(step, shot, run.words, out, digits, ascii_only=ascii_only)
    found = attributed(run.attribution, one.episode)
    if found is not None:
        out.print()
        for said in found.said:
            print_hanging(out, rich_text("attribution: ", "bold"), rich_text(one_line(said, limit=600)))
        for index, did in found.decisive.items():
            print_hanging(out, rich_text(f"decision {index}: ", "bold"), rich_text(one_line(did, limit=600)))


def _print_step(step: Step, shot: Shot, words: Words, out: Console, digits: int, *, ascii_only: bool) -> None:
    from journeyman.foresee.page.steps import MISUSE, aside, content_words, title
    from journeyman.report.terminal import print_hanging

    decision = step.decision

    def plain(text: str) -> str:
        return _ascii(text) if ascii_only else text

    sign = "!" if step.kind == "act" and decision.terminal and not decision.success else _SIGNS[step.kind]
    style = "bold red" if sign == "!" else _STYLES[step.kind]
    label = rich_text(f"{decision.index:>{digits}} ", "dim").append_text(rich_text(f"{plain(sign)} ", style))
    under = rich_text(" " * label.cell_len)
    body = rich_text(plain(title(step, words)), "bold")
    print_hanging(out, label, body)

    def more(text: str, style: str = "") -> None:
        print_hanging(out, under, rich_text(one_line(plain(text), limit=600), style))

    if said := aside(step, words):
        more(said, "dim")
    if step.kind == "call":
        _print_call(step, more)
    if shot.after is not None and shot.after.digest:
        more(f"now {content_words(shot.after.digest)}")
    if decision.disagreed is not None:
        came = "otherwise than predicted" if decision.disagreed else "as predicted"
        more(f"what had been simulated came out {came}", "red" if decision.disagreed else "green")
    if step.kind in ("refused", "unread") and decision.refusal and not decision.ruling.get("why"):
        more(decision.refusal, "yellow")
    if why := decision.ruling.get("why"):
        more(f"governor, {decision.ruling.get('verdict')}: {why}", "dim")
    for kind in step.misuse:
        more(f"{kind}: {MISUSE[kind]}", "red")


def _print_call(step: Step, more: Any) -> None:
    from journeyman.foresee.page.steps import content_words, value_words

    decision = step.decision
    more(f"imagined {content_words(decision.predicted)}")
    if step.wrong:
        other = {
            name: value for name, value in decision.true.items()
            if value_words(value) != value_words(decision.predicted.get(name))
        }  # fmt: skip
        more(f"✗ wrong: the exact simulator shows {content_words(other)}" if other else "✗ it was shown wrongly", "red")
    if step.contradicts and step.reading is not None:
        more(f"the agent read {content_words(step.reading)}", "red")


def _ascii(text: str) -> str:
    for sign, instead in _ASCII.items():
        text = text.replace(sign, instead)
    for arrow in "←↓→↑":
        text = text.replace(f"{arrow} ", "")
    return text.replace("×", "x")


# --- the whole run --------------------------------------------------------------------------------------------------------


def print_run(log: RunLog, *, cost: float | None, writer: int | None, html: str | None, json: bool) -> int:
    """What `journeyman run show` says of a run of foresee: cells with their tests, a picture, where things are."""
    from journeyman.cli.foresee_evaluate import document
    from journeyman.cli.words import ref_of
    from journeyman.foresee.evaluation.result import CALL_COST, result_of
    from journeyman.foresee.page.run_page import page_alone
    from journeyman.foresee.page.standing import cells_table, p_values, picture
    from journeyman.report.page import write_page
    from journeyman.report.table import print_table
    from journeyman.report.terminal import drawn_width, heading, is_ascii_only

    cost = CALL_COST if cost is None else cost
    result = result_of(log)
    p = p_values(result)
    if html is not None:
        write_page(page_alone(log), Path(html))
    if json:
        said = document(result, cost)
        write_json({**said, "cells": [{**cell, "p": p.get(cell["key"])} for cell in said["cells"]]})
        return 0
    console = stdout()
    played, ref = len(result.episodes), ref_of(result.run)
    begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(log.created))
    at_work = f", process {writer} works on it" if writer is not None else ""
    console.print(heading(f"{result.world}: {len(result.cells)} cells, {played} of {result.planned} episodes"), soft_wrap=True)
    console.print(rich_text(f"run {log.run_id}, begun {begun}{at_work}"), soft_wrap=True)
    if result.episodes:
        console.print()
        print_table(cells_table(result, cost, p), console)
        console.print()
        width = min(PICTURE_WIDTH, drawn_width(console))
        for line in picture(result.rows(cost), result.cells, width=width, ascii_only=is_ascii_only(console)):
            console.print(line, soft_wrap=True)
    console.print()
    for line in _where(result.reason, played, ref, result.run, writer):
        console.print(rich_text(line), soft_wrap=True)
    if html is not None:
        _say(f"page: {html}")
    return 0


def _where(reason: str, played: int, ref: str, folder: Path, writer: int | None) -> list[str]:
    if reason:
        lines = [f"ended: {reason}"]
    elif writer is not None:
        lines = [f"not ended; look again with 'journeyman run show {ref}'"]
    else:
        lines = [f"not ended; go on with 'journeyman run resume {ref}'"]
    if played:
        lines.append(f"page: {_page_words(folder, ref)}")
        lines.append(f"episodes: journeyman foresee show {ref}")
    return lines


def write_report_of(folder: Path) -> Path | None:
    """Write `report.html` and the pages of telling episodes into the run's folder; None where no episode is finished."""
    from journeyman.foresee.page.run_page import write_report
    from journeyman.runlog import RunLog

    with RunLog.open(folder) as log:
        return write_report(log)


def _say(text: str | Text) -> None:
    stderr().print(rich_text(one_line(str(text), limit=2000)), soft_wrap=True)
