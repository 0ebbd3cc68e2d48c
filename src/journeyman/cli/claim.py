"""`journeyman claim list|run|report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from journeyman.cli.call import make_app
from journeyman.cli.out import Json, stderr, stdout, write_json

if TYPE_CHECKING:
    from journeyman.claims.claim import Claim
    from journeyman.claims.page import Stored

app = make_app("Test the papers' claims again: list them, run one, show what came out.")

Id = Annotated[str, typer.Argument(metavar="CLAIM", help="An id such as E0; 'claim list' shows which there are.")]
To = Annotated[str, typer.Option("--to", metavar="DIR", help="Where results are kept.")]
_TO = "docs/claims"


@app.command("list")
def list_(to: To = _TO, json: Json = False) -> int:
    """List the claims, and what came of those that were run."""
    from journeyman.claims.index import stored_in
    from journeyman.claims.registry import claim_ids, find_claim
    from journeyman.report.table import Table, print_table

    claims = [find_claim(name) for name in claim_ids()]
    stored = {claim.id: stored_in(claim, Path(to)) for claim in claims}
    if json:
        write_json([{**_about(claim), "result": _result(stored[claim.id])} for claim in claims])
        return 0
    rows = []
    for claim in claims:
        found = stored[claim.id]
        said = ("not run here", "", "") if found is None else (found.verdict.words, found.kind, found.measured_on)
        minutes = claim.minutes * claim.seeds * len(claim.arms)
        rows.append((claim.id, claim.title, *said, f"{minutes:.2g}" if minutes < 10 else f"{minutes:.0f}"))
    columns = ("claim", "about", "verdict", "tested as", "on", "minutes")
    note = "minutes: of all arms and seeds, one after the other, with stand-ins"
    print_table(Table(columns, rows, numbers=frozenset({"minutes"}), note=note), stdout())
    return 0


@app.command("run")
def run(
    claim: Id,
    seeds: Annotated[
        int | None, typer.Option("--seeds", min=1, metavar="N", help="Seeds 0 .. N-1 [as many as the claim asks for].")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", metavar="ROLE=NAME", help="A real model for a role; all roles or none."),
    ] = None,
    effort: Annotated[
        float, typer.Option("--effort", metavar="SHARE", help="Share of the work; below 1 there is no verdict.")
    ] = 1.0,
    parallel: Annotated[int, typer.Option("--parallel", "-p", min=1, metavar="N", help="Arms at once, a process each.")] = 1,
    to: To = _TO,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be run and how long it takes.")] = False,
    json: Json = False,
) -> int:
    """Run a claim's arms, judge them by the criterion that was fixed beforehand, and write result, figure and page.

    Finished arms are kept, so a claim that was stopped goes on. Exit status 0 whatever the verdict says.
    """
    from journeyman.claims.cells import Done, cells_of, run_cells
    from journeyman.claims.index import write_index
    from journeyman.claims.page import store, write
    from journeyman.claims.registry import find_claim
    from journeyman.report.number import duration

    found = find_claim(claim)
    models = _models(model or ())
    cells = cells_of(found, range(found.seeds if seeds is None else seeds), models, effort)
    if dry_run:
        return _say_plan(found, len(cells), effort, parallel, json)
    err = stderr()

    def say(done: Done) -> None:
        took = "kept from before" if done.kept else duration(done.seconds)
        err.print(f"{found.id}: {done.arm}, seed {done.seed}: {took} ({done.finished} of {done.of})", soft_wrap=True)

    measured = run_cells(found, cells, parallel=parallel, on_done=say)
    command = f"journeyman claim run {found.id}" + "".join(f" --model {role}={name}" for role, name in models.items())
    if effort != 1:
        command += f" --effort {effort:g}"
    stored = store(found, measured, models=models, effort=effort, command=command)
    files = [*write(found, stored, Path(to)), write_index(Path(to))]
    if json:
        write_json({**_about(found), "result": _result(stored), "files": files})
        return 0
    _show(found, stored)
    err.print(f"page: {files[-2]}", soft_wrap=True)
    return 0


@app.command()
def report(claim: Id, to: To = _TO, json: Json = False) -> int:
    """Show what came of a claim, and write its figure and page anew. Nothing is run."""
    from journeyman.claims.index import write_index
    from journeyman.claims.page import read, write
    from journeyman.claims.registry import find_claim

    found = find_claim(claim)
    stored = read(found, Path(to))
    files = [*write(found, stored, Path(to)), write_index(Path(to))]
    if json:
        write_json({**_about(found), "result": _result(stored), "files": files})
        return 0
    _show(found, stored)
    stderr().print(f"page: {files[-2]}", soft_wrap=True)
    return 0


def _models(given: list[str] | tuple[str, ...]) -> dict[str, str]:
    from journeyman.errors import UsageError

    models = {}
    for each in given:
        role, equals, name = each.partition("=")
        if not (role and equals and name):
            raise UsageError(f"--model takes ROLE=NAME, not {each!r}")
        models[role] = name
    return models


def _say_plan(claim: Claim, cells: int, effort: float, parallel: int, json: bool) -> int:
    minutes = claim.minutes * cells * effort / min(parallel, cells)
    if json:
        arms = [arm.name for arm in claim.arms]
        write_json({"claim": claim.id, "arms": arms, "cells": cells, "minutes": minutes, "usd": 0.0})
        return 0
    said = f"{len(claim.arms)} arms, {cells} processes in all, about {minutes:.2g} minutes with stand-ins, no money"
    stdout().print(f"{claim.id}: {said}. Nothing was run.", soft_wrap=True)
    return 0


def _show(claim: Claim, stored: Stored) -> None:
    from journeyman.claims.page import table
    from journeyman.report.table import print_table
    from journeyman.report.terminal import heading, print_hanging
    from journeyman.report.text import rich_text

    out = stdout()
    colours = {"holds in mechanism": "green", "holds": "green", "undecided": "yellow"}
    out.print(heading(f"{claim.id}: {claim.title}"), soft_wrap=True)
    said = "the paper" if claim.stated == "The paper says" else "the claim"
    print_hanging(out, rich_text(f"{said}  ", "dim"), rich_text(f"{claim.statement} ({claim.source})"))
    print_hanging(out, rich_text("criterion  ", "dim"), rich_text(f"fixed beforehand: {claim.criterion}"))
    out.print()
    print_table(table(stored, claim.tabled), out)
    out.print()
    words = stored.verdict.words
    line = rich_text(f"{words[0].upper()}{words[1:]}. ", f"bold {colours.get(words, 'red')}")
    print_hanging(out, rich_text(""), line.append_text(rich_text(stored.verdict.sentence)))


def _about(claim: Claim) -> dict[str, object]:
    return {
        "claim": claim.id, "title": claim.title, "statement": claim.statement, "source": claim.source,
        "setting": claim.setting, "criterion": claim.criterion, "arms": [arm.name for arm in claim.arms],
        "seeds": claim.seeds, "roles": list(claim.roles),
    }  # fmt: skip


def _result(stored: Stored | None) -> dict[str, object] | None:
    if stored is None:
        return None
    return {
        "verdict": stored.verdict.words, "sentence": stored.verdict.sentence, "figures": dict(stored.verdict.figures),
        "kind": stored.kind, "models": dict(stored.models), "effort": stored.effort, "seeds": stored.measured.seeds,
        "measured_on": stored.measured_on, "measured": stored.measured.cells,
    }  # fmt: skip
