"""What classical search alone reaches on every task: seed, `numeric` at 100 evaluations, the long run that is the reference.

    python benchmarks/classical.py --runs ~/classical-runs --write benchmarks/classical.md
    python benchmarks/classical.py --runs /tmp/try --tasks job_shop --seeds 1 --evaluations 20

Runs are kept under --runs: a cell that is there is read, one that was killed is resumed. One cell at a time, since the
seconds of an evaluation are measured on the way. With --write the numbers go into a .json beside the page as well, from
which the pages of the tasks are made (tools/task_pages.py).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import rows
from classical_page import draw, page
from classical_standing import Line, Numeric
from search_cells import Cell, Failure, Outcome, run_cell

from journeyman.errors import JourneymanError, TaskError
from journeyman.runlog import RunLog
from journeyman.verify import DEV, HELD_OUT, Task, Verifier, list_tasks, load_task
from journeyman.verify.designs import has_designs, reference_candidate
from journeyman.verify.gate import control_candidate

SEARCH, PROPOSER = "chains", "numeric"


def main() -> int:
    """Run what is missing, then print or write the table. 1 if a cell failed."""
    options = parse()
    os.environ["JOURNEYMAN_CACHE"] = str(options.runs / "cache")
    tasks = [load_task(ref) for ref in options.tasks] if options.tasks else list_tasks()
    found: list[Line] = []
    failures: list[Failure] = []
    for task in tasks:
        outcomes: list[Outcome] = []
        for cell in cells_of(task, options.seeds):
            came = run_cell(cell, options.runs, options.evaluations)
            if isinstance(came, Failure):
                failures.append(came)
                rows.say(f"{cell}: FAILED: {came.message}")
            else:
                outcomes.append(came)
                rows.say(f"{cell}: {came.seed_dev:.4g} -> {came.best_dev:.4g} on dev in {came.wall_s:.0f} s")
        if outcomes:
            found.append(line_of(task, outcomes))
    if not found:
        return 1
    text = page(found, options.evaluations)
    if options.write:
        options.write.write_text(text, "utf-8")
        options.write.with_suffix(".json").write_bytes(
            msgspec.json.format(msgspec.json.encode(found, order="deterministic"), indent=1) + b"\n"
        )
        options.write.with_suffix(".svg").write_bytes(draw(found))
        rows.say(f"wrote {options.write}, its .json and its .svg")
    if options.json:
        print(json.dumps([msgspec.to_builtins(line) for line in found], indent=2))
    else:
        print(text)
    return 1 if failures else 0


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=lambda text: text.split(","), help="names or folders; all built-in ones")
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0 on; 3")
    parser.add_argument("--evaluations", type=int, default=100, help="of each run; 100")
    parser.add_argument("--runs", type=Path, default=Path("runs") / "classical", help="where runs are kept")
    parser.add_argument("--write", type=Path, help="write the page here, numbers (.json) and figure (.svg) beside")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    options = parser.parse_args()
    if min(options.seeds, options.evaluations) < 1:
        parser.error("seeds and evaluations must be at least 1")
    options.runs = options.runs.expanduser().absolute()
    return options


def cells_of(task: Task, seeds: int) -> list[Cell]:
    """The runs of one task. One of the user's own is named by its folder, which a cell must find again."""
    name = task.id if task.id in {t.id for t in list_tasks()} else str(task.folder)
    return [Cell(name, PROPOSER, SEARCH, seed) for seed in range(seeds)]


def line_of(task: Task, outcomes: list[Outcome]) -> Line:
    """Everything the table says of a task; the gate's oracle and the stored designs are verified here."""
    split = HELD_OUT if task.has_held_out else DEV
    seconds = sorted(s for outcome in outcomes for s in evaluation_seconds(Path(outcome.run)))
    first = outcomes[0]
    seed = first.seed_held_out if split == HELD_OUT and first.seed_held_out is not None else first.seed_dev
    reference = None
    with Verifier(task) as verifier:
        program = _oracle(task, verifier, split)
        if has_designs(task):
            reference = verifier.evaluate(reference_candidate(task), anywhere=True).score
    return Line(
        task=task.id, title=task.title, category=task.file.category, split=split, unit=task.score_unit,
        maximize=task.score_direction == "maximize",
        seed=seed, seed_dev=first.seed_dev,
        numeric=[Numeric(o.cell.seed, o.best_dev, o.best_held_out if split == HELD_OUT else o.best_dev) for o in outcomes],
        program=program if program is not None and task.better(program, seed) else None,
        reference_dev=reference, reference_s=task.file.reference.seconds,
        baseline_is=task.file.reference.baseline, reference_is=task.file.reference.method,
        evaluation_s=statistics.median(seconds), slowest_s=seconds[-1], digest=task.digest,
    )  # fmt: skip


def evaluation_seconds(run: Path) -> Iterator[float]:
    """Wall seconds of each verdict of a run that was measured and not taken from the cache."""
    with RunLog.open(run) as log:
        for event in log.events("verdict"):
            volatile = event.volatile or {}
            if not volatile.get("cached") and "wall_s" in volatile:
                yield volatile["wall_s"]


def _oracle(task: Task, verifier: Verifier, split: str) -> float | None:
    try:
        return verifier.evaluate(control_candidate(task, "oracle"), split=split).score
    except TaskError:
        return None


if __name__ == "__main__":
    try:
        sys.exit(main())
    except JourneymanError as error:
        sys.exit(f"{error}")
