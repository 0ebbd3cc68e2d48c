"""What `journeyman foresee WORLD` does: play, go on, predict; and what it says at the end."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeyman.cli.foresee_progress import shown, users_prints_aside
from journeyman.cli.foresee_run import write_report_of
from journeyman.cli.out import stderr, stdout, write_json
from journeyman.report.text import one_line, rich_text

if TYPE_CHECKING:
    from journeyman.foresee import Forecast, Progress, Result


def play(what: Mapping[str, Any], *, cost: float | None, quiet: bool, json: bool) -> int:
    """Play, with progress on stderr; then the table, or the document."""
    from journeyman.foresee import evaluate

    return _followed(what["world"], lambda follow: evaluate(**what, on_progress=follow), cost, quiet=quiet, json=json)


def resume_run(run: str | Path, *, quiet: bool, json: bool, cost: float | None = None, **what: Any) -> int:
    """Go on with a run."""
    from journeyman.foresee import events, resume
    from journeyman.runlog import RunLog, find_run, runs_root

    root = what.get("runs")
    folder = find_run(str(run), Path(root) if root is not None else runs_root())
    with RunLog.open(folder) as log:
        world = events.about(log).plan.world
    return _followed(world, lambda follow: resume(folder, **what, on_progress=follow), cost, quiet=quiet, json=json)


def predict(what: Mapping[str, Any], *, json: bool) -> int:
    """Say what it would take."""
    from journeyman.foresee import forecast
    from journeyman.foresee.score.paired_table import power_words

    with users_prints_aside():
        found = forecast(**what)
    power = power_words(what["instances"])
    if json:
        write_json({
            "world": found.world, "episodes": found.episodes, "replies": found.replies, "tokens": found.tokens,
            "usd": found.usd, "minutes": found.seconds / 60, "parallel": found.parallel, "cells": found.cells,
            "power": power,
        })  # fmt: skip
        return 0
    _say_forecast(found)
    stdout().print(rich_text(power), soft_wrap=True)
    return 0


def world_or_subcommand(word: str, known: Sequence[str]) -> str:
    """The world. Raises UsageError where there is none, or where a subcommand was meant that is misspelled."""
    from journeyman.errors import UsageError

    if not word:
        raise UsageError("say which world to play, such as: journeyman foresee lake-6")
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.7)
    if near and not any(mark in word for mark in "-:./"):
        raise UsageError(f"there is no world and no subcommand '{word}'; did you mean '{near[0]}'?")
    return word


def document(result: Result, cost: float | None = None) -> dict[str, Any]:
    """A result as plain data. `cost`: of a call; None: the usual."""
    cost = _cost(cost)
    return {
        "run": result.run, "run_id": result.run.name, "world": result.world, "reason": result.reason or None,
        "episodes": len(result.episodes), "planned": result.planned,
        "spent": {"tokens": result.spent.tokens, "usd": result.spent.micro_usd / 1e6}, "call_cost": cost,
        "cells": [{"key": row.cell.key, **_fields(row)} for row in result.rows(cost)],
    }  # fmt: skip


def _cost(cost: float | None) -> float:
    from journeyman.foresee.evaluation.result import CALL_COST

    return CALL_COST if cost is None else cost


def _fields(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


def _followed(
    title: str, work: Callable[[Callable[[Progress], None]], Result], cost: float | None, *, quiet: bool, json: bool
) -> int:
    with users_prints_aside(), shown(title, quiet=quiet) as follow:
        result = work(follow)
        page = write_report_of(result.run)
    _say(result, cost, json=json, page=page)
    return 0


def _say(result: Result, cost: float | None, *, json: bool, page: Path | None) -> None:
    from journeyman.report.table import print_table

    if json:
        write_json(document(result, cost))
        return
    if result.episodes:
        print_table(result.table(_cost(cost)), stdout())
    ended = f"ended: {result.reason}; " if result.reason else ""
    played = len(result.episodes)
    some = "" if played == result.planned else f"{played} of {result.planned} episodes; "
    _line(f"{ended}{some}run: {result.run}")
    if page is not None:
        _line(f"page: {page}")
    _line(f"next: {_next(result)}")


_OPTIONS = {"tokens": "--max-tokens", "micro_usd": "--max-usd", "wall_s": "--max-wall"}
"""Kind of a budget -> the option that sets it."""


def _next(result: Result) -> str:
    """The command that goes on from here."""
    from journeyman.cli.foresee import subcommands
    from journeyman.cli.words import ref_of
    from journeyman.foresee.evaluation.calls import OVER

    ref = ref_of(result.run)
    if len(result.episodes) < result.planned:
        # A run that came to its cap goes on with a higher one alone.
        more = next((f" {_OPTIONS[kind]} MORE" for kind, why in OVER.items() if why == result.reason), "")
        return f"journeyman foresee --resume {ref}{more}"
    if "score" in subcommands():
        return f"journeyman foresee score {ref}"
    return f"journeyman run export {ref} --to jsonl"


def _say_forecast(found: Forecast) -> None:
    from journeyman.report.number import duration

    workers = "1 worker" if found.parallel == 1 else f"{found.parallel} workers"
    asked = [cell for cell in found.cells if cell.model]
    cells = "1 cell" if len(found.cells) == 1 else f"{len(found.cells)} cells"
    line = f"{found.world}: {cells}, {found.episodes} episodes, {duration(found.seconds)} on {workers}"
    if not asked:
        stdout().print(rich_text(f"{line}; no language model is asked, no tokens, no money."), soft_wrap=True)
        return
    usd = "money unknown" if found.usd is None else f"about {_usd(found.usd)}"
    stdout().print(
        rich_text(f"{line}; about {found.replies} replies of models, {found.tokens} tokens, {usd}."), soft_wrap=True
    )
    for cell in asked:
        price = "no price" if cell.usd is None else f"about {_usd(cell.usd)}"
        aside = "" if cell.set_aside_usd is None else f" and {_usd(cell.set_aside_usd)}"
        said = (
            f"{cell.cell}: about {cell.replies} replies (at most {cell.most_replies}), {cell.tokens} tokens, {price}; "
            f"{cell.set_aside_tokens} tokens{aside} are set aside for the first"
        )
        stdout().print(rich_text(one_line(said, limit=400)), soft_wrap=True)
    stdout().print(
        "Reckoned: one reply an action and one a call, 4 bytes a token, 200 tokens and 3 s a reply; a model that reasons "
        "takes more.",
        soft_wrap=True,
    )


def _usd(usd: float) -> str:
    return f"${usd:.2f}" if usd >= 1 else f"${usd:.2g}"


def _line(text: str) -> None:
    stderr().print(rich_text(one_line(text, limit=2000)), soft_wrap=True)
