"""All searches against one another, with every proposer that needs no model, on every task, over several seeds.

    python benchmarks/search.py --runs ~/search-runs --write docs/search.md
    python benchmarks/search.py --runs /tmp/try --searches chains,islands --tasks job_shop --evaluations 10

Runs are kept under --runs: a cell that is there is read, one that was killed is resumed, so the same command goes on
where it was stopped and at last prints the same. Verdicts are shared among cells through a cache of their own in that
folder. Give a fresh folder after a change to a search or a proposer: what is there is not run again.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec
import rows
from search_cells import Cell, Failure, Outcome, has_ended, is_there, run_cell
from search_compare import HELD_OUT, Standing, curves, gains, pairs, same_runs, scores, standings
from search_figure import draw
from search_tables import overall_tables, sentences, task_tables

PROPOSERS = ("numeric", "random", "mixed")
BASELINE = "chains"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

SECONDS = {"computing/sha256": 2.0, "optics/adaptive_optics_lag": 0.35, "operations/job_shop": 0.13}
"""Wall seconds of one evaluation on a two-core machine, for the first estimate; another task is guessed at 1."""

AROUND = 8
"""Evaluations that a run makes besides its budget: preflight, seed, and held-out at the end."""

ENDLESS = {"random": 0.1, "mixed": 0.05}
"""Share of candidates that use up their time, for a first estimate: blind edits make a Python `while` endless."""


def main() -> int:
    """Run what is missing, then compare all of it. 1 if a cell failed."""
    options = parse()
    wanted = cells_of(options)
    runs: Path = options.runs
    cells = [cell for cell in wanted if has_ended(cell, runs)] if options.there else wanted
    # A cache of its own: what is cached was verified by another cell of this comparison, nowhere else.
    os.environ["JOURNEYMAN_CACHE"] = str(runs / "cache")
    there = [is_there(cell, runs) for cell in cells]
    progress = Progress(cells, options.evaluations, options.jobs)
    missing = sum(not t for t in there)
    rows.say(
        f"{len(cells)} cells, {sum(there)} of them begun; the {missing} others take about "
        f"{progress.estimate([c for c, t in zip(cells, there, strict=True) if not t])}"
    )
    if options.dry_run:
        return 0
    outcomes, failures = run_all(cells, options, progress)
    if not outcomes:
        rows.say("no cell gave a result")
        return 1
    report(outcomes, failures, [cell for cell in wanted if cell not in cells], options)
    return 1 if failures else 0


def parse() -> argparse.Namespace:
    """The command line."""
    from journeyman.optimize import SEARCHES

    def names(text: str) -> list[str]:
        return [part.strip() for part in text.split(",") if part.strip()]

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--searches", type=names, default=list(SEARCHES), help="names, separated by commas; all"
    )
    parser.add_argument("--proposers", type=names, default=list(PROPOSERS), help=f"{','.join(PROPOSERS)}")
    parser.add_argument("--tasks", type=names, help="names or folders; all built-in ones")
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0 on; 3")
    parser.add_argument("--evaluations", type=int, default=60, help="of each run; 60")
    parser.add_argument("--jobs", type=int, default=1, help="cells at a time, but one of a noisy verifier; 1")
    parser.add_argument(
        "--runs", type=Path, default=Path("runs") / "search", help="where runs are kept; runs/search"
    )
    parser.add_argument(
        "--write",
        type=Path,
        help="fill in the measured part of this Markdown file, with its figure beside it",
    )
    parser.add_argument("--figure", type=Path, help="where the figure goes; RUNS/search.svg")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--dry-run", action="store_true", help="say how long it would take")
    parser.add_argument(
        "--there", action="store_true", help="run nothing: compare what has ended, and say what has not"
    )
    options = parser.parse_args()
    if min(options.seeds, options.evaluations, options.jobs) < 1:
        parser.error("seeds, evaluations and jobs must be at least 1")
    if options.write is not None and (
        not options.write.is_file() or BEGIN not in options.write.read_text("utf-8")
    ):
        parser.error(f"{options.write} has no place to fill in, between {BEGIN} and {END}")
    options.runs = options.runs.expanduser().absolute()
    return options


def cells_of(options: argparse.Namespace) -> list[Cell]:
    """Every cell, cheap tasks first, so that something can be looked at early."""
    from journeyman.verify import load_task
    from journeyman.verify.task import list_tasks

    chosen = [load_task(ref) for ref in options.tasks] if options.tasks else list_tasks()
    # A task of one's own is named by its folder, which a cell must find again.
    built_in = {task.id for task in list_tasks()}
    tasks = sorted((t.id if t.id in built_in else str(t.folder) for t in chosen), key=seconds_of)
    combined = itertools.product(tasks, options.proposers, range(options.seeds), options.searches)
    return [Cell(task, proposer, search, seed) for task, proposer, seed, search in combined]


def run_all(
    cells: Sequence[Cell], options: argparse.Namespace, progress: Progress
) -> tuple[list[Outcome], list[Failure]]:
    """The outcome or the failure of every cell, in their order."""
    found: dict[Cell, Outcome | Failure] = {}
    for cell, came in _each(cells, options, progress):
        found[cell] = came
        progress.done(cell, came)
    ordered = [found[cell] for cell in cells]
    return [o for o in ordered if isinstance(o, Outcome)], [f for f in ordered if isinstance(f, Failure)]


def _each(
    cells: Sequence[Cell], options: argparse.Namespace, progress: Progress
) -> Iterator[tuple[Cell, Outcome | Failure]]:
    from journeyman.verify import load_task

    noisy = {task for task in {cell.task for cell in cells} if load_task(task).noisy}
    together = [cell for cell in cells if options.jobs > 1 and cell.task not in noisy]
    if together:
        with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
            work = {pool.submit(run_cell, cell, options.runs, options.evaluations): cell for cell in together}
            for done in as_completed(work):
                yield work[done], done.result()
    for cell in cells:
        # What measures time has the machine to itself.
        if options.jobs == 1 or cell.task in noisy:
            yield cell, run_cell(cell, options.runs, options.evaluations, progress.follow(cell))


class Progress:
    """Lines on standard error: what came of each cell, and how long the others will take."""

    def __init__(self, cells: Sequence[Cell], evaluations: int, jobs: int) -> None:
        self._left = dict.fromkeys(cells)
        self._count = len(cells)
        self._evaluations = evaluations
        self._jobs = jobs
        self._taken: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._begun: dict[Cell, float] = {}
        self._terminal = sys.stderr.isatty()

    def estimate(self, cells: Sequence[Cell]) -> str:
        """How long these cells take, from those of the same task that were run, else from a table."""
        from journeyman.report.number import duration

        kinds = Counter((cell.task, cell.proposer) for cell in cells)
        return duration(sum(n * self._seconds(*kind) / self._at_once(kind[0]) for kind, n in kinds.items()))

    def _at_once(self, task: str) -> int:
        """How many cells of the task are run at a time: what measures time has the machine to itself."""
        from journeyman.verify import load_task

        return 1 if load_task(task).noisy else self._jobs

    def _seconds(self, task: str, proposer: str) -> float:
        """Of one cell."""
        if self._taken[task, proposer]:
            return statistics.fmean(self._taken[task, proposer])
        one = seconds_of(task)
        return 2.0 + (self._evaluations + AROUND) * one + self._evaluations * endless_s(task, proposer)

    def follow(self, cell: Cell) -> Callable[[Any], None]:
        """Shows the best so far of a cell while it is run."""
        from journeyman.report.number import number

        def shown(step: Any) -> None:
            self._begun.setdefault(cell, time.perf_counter())
            if self._terminal:
                best = number(step.best.score) if step.best is not None else "–"
                text = f"{cell}: {best} after {step.spent.evaluations} of {self._evaluations}"
                print(f"\r\033[K  {text}", end="", file=sys.stderr, flush=True)

        return shown

    def done(self, cell: Cell, came: Outcome | Failure) -> None:
        """One line for a cell."""
        from journeyman.report.number import number

        del self._left[cell]
        begun = self._begun.pop(cell, None)
        if begun is not None:
            self._taken[cell.task, cell.proposer].append(time.perf_counter() - begun)
        elif isinstance(came, Outcome) and self._jobs > 1:
            self._taken[cell.task, cell.proposer].append(came.wall_s)
        if self._terminal:
            print("\r\033[K", end="", file=sys.stderr)
        if isinstance(came, Failure):
            said = f"FAILED: {came.message}"
        else:
            said = f"{number(came.seed_dev)} -> {number(came.best_dev)} in {came.wall_s:.1f} s"
        place = self._count - len(self._left)
        rows.say(f"[{place}/{self._count}] {cell}: {said}; left {self.estimate(list(self._left))}")


def seconds_of(task: str) -> float:
    """Wall seconds of an evaluation, before anything is measured."""
    return SECONDS.get(task, 1.0)


def endless_s(task: str, proposer: str) -> float:
    """Seconds that candidates which do not end add to an evaluation: half of the instances run into the limit."""
    from journeyman.verify import load_task

    loaded = load_task(task)
    limit = min(loaded.limits.wall_s, loaded.limits.cpu_s)
    loops = loaded.main.endswith(".py") and "while " in loaded.seed.text(loaded.main)
    share = ENDLESS.get(proposer, 0.0) if loops else 0.0
    return share * limit * len(loaded.instances("dev")) / 2


def report(
    found: Sequence[Outcome],
    failures: Sequence[Failure],
    missing: Sequence[Cell],
    options: argparse.Namespace,
) -> None:
    """Everything the comparison says, where it was asked for."""
    from journeyman.report.table import aligned, markdown

    searches = [s for s in options.searches if any(o.cell.search == s for o in found)]
    proposers = [p for p in options.proposers if any(o.cell.proposer == p for o in found)]
    baseline = BASELINE if BASELINE in searches else searches[0]
    ranked = standings(found, searches, proposers, baseline)
    by_task = scores(found)
    compared = pairs(found, searches)
    same = same_runs(found)
    said = sentences(found, failures, missing, ranked, compared, same, baseline)
    overall, each = overall_tables(ranked, baseline), task_tables(by_task)
    figure: Path = options.figure or (
        options.write.with_suffix(".svg") if options.write else options.runs / "search.svg"
    )
    figure.parent.mkdir(parents=True, exist_ok=True)
    figure.write_bytes(draw(curves(found), searches))
    page = "\n".join(
        [
            *(f"- {sentence}" for sentence in said), "",
            f"![Mean gain after each evaluation, one panel a proposer]({figure.name})", "",
            *(markdown(table) for table in [*overall, *each]),
        ]
    )  # fmt: skip
    (options.runs / "search.md").write_text(page, "utf-8")
    if options.write:
        fill_in(options.write, page)
    rows.say(f"wrote {options.write or options.runs / 'search.md'} and {figure}")
    if options.json:
        values = gains(found, HELD_OUT)
        document = {
            "rows": [asdict(row) for row in plain_rows(ranked, baseline)],
            "said": said,
            "standings": [plain(row) for row in ranked],
            "pairs": [plain(pair) for pair in compared],
            "same_runs": [plain(row) for row in same],
            "tasks": [plain(row) for row in by_task],
            "cells": [{**plain(outcome), "gain": values[outcome.cell]} for outcome in found],
            "failures": [plain(failure) for failure in failures],
        }  # fmt: skip
        print(json.dumps(document, indent=2))
        return
    print("\n".join([*said, "", *(aligned(table) for table in [*overall, *each])]))


def plain_rows(ranked: Sequence[Standing], baseline: str) -> list[rows.Row]:
    """What every benchmark here prints: ours and a peer's, here another search's and the baseline's."""
    base = {(row.proposer, row.measure): row.gain.mean for row in ranked if row.search == baseline}
    return [
        rows.row(f"{row.search} with {row.proposer}, {row.measure}", "of the largest gain", row.gain.mean,
                 base.get((row.proposer, row.measure)), baseline, more_is_better=True)
        for row in ranked
    ]  # fmt: skip


def plain(value: object) -> dict[str, Any]:
    """A record as plain data."""
    made: dict[str, Any] = msgspec.to_builtins(value)
    return made


def fill_in(document: Path, page: str) -> None:
    """Put the page between the marks of a document."""
    text = document.read_text("utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    document.write_text(f"{head}{BEGIN}\n\n{page}\n{END}{tail}", "utf-8")


if __name__ == "__main__":
    from journeyman.errors import JourneymanError

    try:
        with contextlib.suppress(BrokenPipeError):
            sys.exit(main())
    except JourneymanError as error:
        sys.exit(f"{error}")
