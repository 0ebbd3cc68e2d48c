"""`journeyman foresee demo`: two agents and a fallible world model, with and without a governor."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from journeyman.cli.call import make_app
from journeyman.cli.out import Json, Runs, stdout, write_json
from journeyman.report.table import Table, print_table
from journeyman.report.terminal import Bar, bars, drawn_width, heading, is_ascii_only
from journeyman.report.text import rich_text

if TYPE_CHECKING:
    from rich.console import Console

    from journeyman.foresee.demo import Shown
    from journeyman.foresee.evaluation.result import Row

app = make_app()


@app.command()
def demo(runs: Runs = None, json: Json = False) -> int:
    """Play two agents with a world model that is wrong three times in ten: free, forced, and governed.

    Under a minute on two cores; no key, no GPU, no network. Exit status 1 unless the eager agent is hurt by its world model
    when it is left to itself, and the governor makes it pay.
    """
    begun = time.monotonic()
    shown = run_demo(runs)
    if json:
        write_json(demo_document(shown) | {"seconds": time.monotonic() - begun})
        return 0 if shown.as_expected else 1
    out = stdout()
    print_demo(shown, out)
    out.print(rich_text(f"page: {shown.page}"), soft_wrap=True)
    if shown.as_expected:
        seconds = f"{time.monotonic() - begun:.0f} s"
        said = f"✓ foresight hurt where it was left to itself, and paid where it was governed ({seconds})"
        out.print(rich_text(said, "green"), soft_wrap=True)
    else:
        out.print(rich_text("✗ not all of it came out so", "red"), soft_wrap=True)
    return 0 if shown.as_expected else 1


def run_demo(runs: str | None) -> Shown:
    """The demo with progress on stderr."""
    from journeyman.cli import foresee_attribute, foresee_progress
    from journeyman.foresee.demo import WORLD, explain, play

    with foresee_progress.shown(WORLD) as follow:
        result = play(runs=runs, on_progress=follow)
    with foresee_attribute.following() as follow_replays:
        return explain(result, on_progress=follow_replays)


def print_demo(shown: Shown, out: Console) -> None:
    """Success of each cell as a bar, the table, and what is to be seen in them."""
    rows = _rows(shown)
    out.print(heading(f"An agent and a world model that is wrong three times in ten: {shown.result.world}"), soft_wrap=True)
    n = rows[0][1].episodes
    drawn = [Bar(f"{name}, {row.calls:.1f} calls", round(row.success * n), _style(row, shown)) for name, row in rows]
    out.print(rich_text(f"solved, of {n}"), soft_wrap=True)
    for line in bars(drawn, width=min(100, drawn_width(out)), whole=n, ascii_only=is_ascii_only(out)):
        out.print(line, soft_wrap=True)
    out.print()
    print_table(_table(rows), out)
    for sentence, seen in shown.checks():
        out.print(rich_text(f"{'✓' if seen else '✗'} {sentence}", "green" if seen else "red"), soft_wrap=True)


def demo_document(shown: Shown) -> dict[str, Any]:
    """The demo as plain data."""
    return {
        "run": shown.result.run, "page": shown.page, "cells": [{"name": name, **vars(row)} for name, row in _rows(shown)],
        "checks": [{"said": sentence, "seen": seen} for sentence, seen in shown.checks()], "as_expected": shown.as_expected,
    }  # fmt: skip


def _rows(shown: Shown) -> list[tuple[str, Row]]:
    from journeyman.foresee.demo import EAGER, GOVERNOR, RELUCTANT

    found = []
    for name, agent in (("eager", EAGER), ("reluctant", RELUCTANT)):
        found.append((f"{name}, without", shown.row(agent, "invisible")))
        for mode, said in (("normal", "free"), ("force", "forced")):
            if (agent, mode) == (RELUCTANT, "force"):
                continue  # how often it would call by itself makes no difference there
            found.append((f"{name}, {said}", shown.row(agent, mode)))
            found.append((f"{name}, {said}, governed", shown.row(agent, mode, GOVERNOR)))
    return found


def _style(row: Row, shown: Shown) -> str:
    """Green above what the agent can do without the world model, red below."""
    without = shown.row(row.cell.agent, "invisible").success
    return "green" if row.success > without + 1e-9 else "red" if row.success < without - 1e-9 else "blue"


def _table(rows: list[tuple[str, Row]]) -> Table:
    columns = ("agent", "solved", "calls", "net", "helped", "hurt", "change")
    lines = [
        (name, f"{row.success:.3f}", f"{row.calls:.2f}", f"{row.net:.3f}",
         *("–" if value is None else f"{value:.3f}" for value in (row.helps, row.hurts)),
         "–" if row.gain is None else f"{row.gain:+.3f}")
        for name, row in rows
    ]  # fmt: skip
    note = "net: solved less 0.02 a call. helped, hurt: solved only with the world model, only without it."
    return Table(columns, lines, numbers=frozenset(columns[1:]), note=note)
