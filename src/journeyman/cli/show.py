"""A run in the terminal: what its page shows, top to bottom."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from journeyman.cli.course import Against, plot_of
from journeyman.cli.result import result_table
from journeyman.cli.words import FAILURES, count, headline, money, outcome_words, ref_of
from journeyman.report.number import NONE, duration, number, signed
from journeyman.report.table import Table, print_table
from journeyman.report.terminal import Bar, bars, diff_lines, drawn_width, heading, is_ascii_only
from journeyman.report.terminal_plot import draw_plot
from journeyman.report.text import one_line, rich_text

if TYPE_CHECKING:
    from rich.console import Console

    from journeyman.optimize import Result
    from journeyman.optimize.story import Call, Step, Story
    from journeyman.optimize.tally import Tally

DIFF_LINES = 60
DESCENT = 12
PLOT_HEIGHT, PLOT_WIDTH = 16, 120
WIDE = 110  # columns from which the plot also says which way is better

_VERDICT_STYLES = {"ok": "green", "infeasible": "yellow", "tampering": "bold red"}


def print_run(
    story: Story, out: Console, *, against: Against, full: bool = False, writer: int | None = None
) -> None:
    """Print all of it. `full`: nothing is cut. `writer`: the process that works on the run now."""
    from journeyman.optimize.tally import tally_of

    result = story.result
    settled = [story.step(index) for index in story.course]
    out.print(heading(headline(result)), soft_wrap=True)
    out.print(rich_text(_about(story, writer)), soft_wrap=True)
    out.print()
    print_table(result_table([result]), out)
    _print_plot(settled, result, out, against)
    _print_tally(tally_of(settled), out)
    _print_table(models_table(story.calls), out)
    _print_table(_descent_table(story, full), out)
    _print_table(_metrics_table(result), out)
    if result.best.index != 0:
        shown = difference(story, 0, result.best.index)
        print_diff(
            "The best design against the seed", shown, out, full, f"run show {ref_of(result.run)} --full"
        )
    out.print()
    _print_where(story, out, writer)


def print_diff(title: str, diff: str, out: Console, full: bool, command: str) -> None:
    """A difference under its title, cut unless `full`, with the command that shows all of it."""
    lines, hidden = diff_lines(diff, most=None if full else DIFF_LINES)
    if not lines:
        return
    out.print()
    out.print(heading(title))
    for line in lines:
        out.print(line, soft_wrap=True)
    if hidden:
        out.print(rich_text(f"… {hidden} more lines: journeyman {command}", "dim"), soft_wrap=True)


def difference(story: Story, old: int, new: int) -> str:
    """What changed from trial `old` to trial `new`, in the unified format."""
    from journeyman.optimize.best import diff

    return diff(story.candidate(old), story.candidate(new))


def descent(story: Story, index: int) -> list[Step]:
    """From the seed to `index`, each step made from the one before it."""
    line = [story.step(index)]
    while line[-1].parents and line[-1].parents[0] in story:
        line.append(story.step(line[-1].parents[0]))
    return line[::-1]


def models_table(calls: Sequence[Call]) -> Table:
    """A row for each model that was asked."""
    by_model: dict[str, list[Call]] = {}
    for call in calls:
        by_model.setdefault(call.model, []).append(call)
    columns = ("model", "replies", "tokens in", "tokens out", "money", "latency", "how they ended")
    rows = []
    for model, made in sorted(by_model.items()):
        known = [call.micro_usd for call in made if call.micro_usd is not None]
        cost = money(sum(known)) + ("" if len(known) == len(made) else " + unknown") if known else "unknown"
        waits = [call.latency_s for call in made if call.latency_s is not None]
        ends: dict[str, int] = {}
        for call in made:
            ends[call.outcome] = ends.get(call.outcome, 0) + 1
        said = ", ".join(
            f"{name.replace('_', ' ')} {n}" for name, n in sorted(ends.items(), key=lambda e: (-e[1], e[0]))
        )
        rows.append((
            model, str(len(made)), count(sum(call.input or 0 for call in made)),
            count(sum(call.output or 0 for call in made)), cost, duration(median(waits)) if waits else NONE, said,
        ))  # fmt: skip
    note = "latency: the median" if rows else ""
    return Table(columns, rows, title="Models", numbers=frozenset(columns[1:6]), note=note)


def parts_document(story: Story) -> dict[str, Any]:
    """What `run show --json` adds to the result."""
    from journeyman.optimize.tally import tally_of

    result = story.result
    tally = tally_of(story.steps)
    best = result.best.index
    return {
        "created": story.created,
        "sittings": story.sittings,
        "ended_as": {"verdicts": tally.verdicts, "failures": tally.failures, "repeated": tally.repeated},
        "course": [
            {
                "index": step.index, "kind": step.kind, "status": step.status, "score": step.score, "best": step.best_so_far,
                "improved": step.improved, "proposer": step.proposer, "parents": step.parents,
                "evaluations": step.evaluations_so_far, "tokens": step.tokens_so_far, "usd": step.usd_so_far,
                "seconds": step.at_s,
            }
            for step in (story.step(index) for index in story.course)
        ],
        "models": _models_document(story.calls),
        "descent": [
            {"index": step.index, "score": step.score, "proposer": step.proposer, "note": step.note}
            for step in descent(story, best)
        ],
        "metrics": {"seed": result.seed.verdict.metrics, "best": result.best.verdict.metrics},
        "diff": difference(story, 0, best) if best else "",
    }  # fmt: skip


def _models_document(calls: Sequence[Call]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for call in calls:
        row = found.setdefault(
            call.model,
            {
                "model": call.model,
                "calls": 0,
                "input": 0,
                "output": 0,
                "usd": 0.0,
                "unpriced": 0,
                "outcomes": {},
            },
        )
        row["calls"] += 1
        row["input"] += call.input or 0
        row["output"] += call.output or 0
        row["usd"] += (call.micro_usd or 0) / 1e6
        row["unpriced"] += call.micro_usd is None
        row["outcomes"][call.outcome] = row["outcomes"].get(call.outcome, 0) + 1
    return [found[model] for model in sorted(found)]


def _about(story: Story, writer: int | None) -> str:
    begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(story.created))
    sittings = f", {story.sittings} sittings" if story.sittings > 1 else ""
    at_work = f", process {writer} works on it" if writer is not None else ""
    return f"run {story.result.run_id}, begun {begun}{sittings}{at_work}"


def _print_plot(settled: Sequence[Step], result: Result, out: Console, against: Against) -> None:
    width = min(PLOT_WIDTH, drawn_width(out))
    better = result.maximize if width >= WIDE else None
    plot = plot_of(settled, against, unit=result.unit, maximize=better)
    if not plot.best:
        return
    out.print()
    for line in draw_plot(plot, width=width, height=PLOT_HEIGHT, ascii_only=is_ascii_only(out)):
        out.print(line, soft_wrap=True)


def _print_tally(tally: Tally, out: Console) -> None:
    if not tally.proposals:
        return
    rows = [
        Bar(str(status), n, _VERDICT_STYLES.get(status, "red"))
        for status, n in tally.verdicts.most_common()
        if n
    ]
    rows += [
        Bar(FAILURES.get(kind, f"no candidate: {kind}"), n, "magenta")
        for kind, n in tally.failures.most_common()
    ]
    if tally.repeated:
        rows.append(Bar("an earlier candidate again", tally.repeated, "blue"))
    feasible = f"; {tally.feasible} of {tally.verified} verified are feasible" if tally.verified else ""
    out.print()
    out.print(heading(f"What became of {tally.proposals} proposals{feasible}"), soft_wrap=True)
    for line in bars(rows, width=drawn_width(out), ascii_only=is_ascii_only(out)):
        out.print(line, soft_wrap=True)


def _print_table(table: Table, out: Console) -> None:
    if table.rows:
        out.print()
        print_table(table, out)


def _descent_table(story: Story, full: bool) -> Table:
    line = descent(story, story.result.best.index)
    sign = 1.0 if story.result.maximize else -1.0
    columns = ("number", "score", "gain", "by", "note")
    rows = []
    for before, step in zip([None, *line], line, strict=False):
        known = before is not None and before.score is not None and step.score is not None
        gain = sign * (step.score - before.score) if known else None  # type: ignore[operator,union-attr]
        score = number(step.score) if step.score is not None else outcome_words(step)
        rows.append(
            (f"#{step.index}" if step.index else "seed", score, signed(gain), step.proposer, step.note)
        )
    hidden = len(rows) - DESCENT
    if not full and hidden > 0:
        rows = [rows[0], (f"… {hidden + 1} more", "", "", "", ""), *rows[hidden + 2 :]]
    if len(line) < 2:
        rows = []
    return Table(columns, rows, title="From the seed to the best", numbers=frozenset({"score", "gain"}))


def _metrics_table(result: Result) -> Table:
    seed, best = result.seed.verdict.metrics, result.best.verdict.metrics
    rows = []
    for name in dict.fromkeys([*best, *seed]):
        unit = (best.get(name) or seed[name]).unit
        values = [number(metrics[name].value) if name in metrics else NONE for metrics in (seed, best)]
        rows.append((name, *values, unit))
    return Table(
        ("metric", "seed", "best", "unit"), rows, title="Metrics on dev", numbers=frozenset({"seed", "best"})
    )


def _print_where(story: Story, out: Console, writer: int | None) -> None:
    result, ref = story.result, ref_of(story.result.run)
    best = (
        "the seed itself"
        if result.best.index == 0
        else f"proposal {result.best.index} by {result.best.proposer}"
    )
    note = f" ({one_line(result.best.note)})" if result.best.note else ""
    out.print(rich_text(f"best: {best}{note}, in {result.run / 'best'}"), soft_wrap=True)
    spent = [f"{count(result.spent.tokens)} tokens"] if result.spent.tokens else []
    spent += [money(result.spent.micro_usd)] if result.spent.micro_usd else []
    if spent:
        out.print(rich_text(f"spent: {', '.join(spent)}"), soft_wrap=True)
    if result.reason is not None:
        ended = f"ended: {result.reason}"
    elif writer is not None:
        ended = f"not ended; follow it with 'journeyman run watch {ref}'"
    else:
        ended = f"not ended; go on with 'journeyman run resume {ref}'"
    out.print(rich_text(ended), soft_wrap=True)
    page = result.run / "report.html"
    where = str(page) if page.is_file() else f"journeyman run show {ref} --html FILE"
    out.print(rich_text(f"page: {where}"), soft_wrap=True)
    one = result.best.index or 1
    if one in story:
        out.print(rich_text(f"one candidate: journeyman run show {ref} --trial {one}"), soft_wrap=True)
