"""The cells of the comparison of searches: one run each, kept on disk, taken up where it stands."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from journeyman.optimize import Progress, Result
    from journeyman.verify import Task


@dataclass(frozen=True, order=True)
class Cell:
    """One run of the comparison."""

    task: str
    proposer: str
    search: str
    seed: int

    def folder(self, runs: Path) -> Path:
        """Where its run lives."""
        return (
            runs / "cells" / self.task.replace("/", ".") / self.proposer / self.search / f"seed-{self.seed}"
        )

    def __str__(self) -> str:
        return f"{self.search} with {self.proposer} on {self.task}, seed {self.seed}"


@dataclass(frozen=True)
class Outcome:
    """What came of a cell. Scores are in the task's own unit and direction; None: the finalist has none on that split.

    `curve`: best dev score after 0, 1, ... evaluations. `cached`: verdicts that an earlier cell had already. `candidates`
    names the sequence of candidates: equal where two runs proposed the very same in the same order. `wall_s`: seconds of
    work.
    """

    cell: Cell
    maximize: bool
    unit: str
    seed_dev: float
    best_dev: float
    seed_held_out: float | None
    best_held_out: float | None
    curve: list[float]
    evaluations: int
    verified: int
    feasible: int
    repeated: int
    failed_proposals: int
    cached: int
    wall_s: float
    candidates: str
    reason: str
    run: str


@dataclass(frozen=True)
class Failure:
    """A cell that gave no result, and why."""

    cell: Cell
    message: str


def run_cell(
    cell: Cell, runs: Path, evaluations: int, follow: Callable[[Progress], None] | None = None
) -> Outcome | Failure:
    """The outcome of a cell: read if its run has ended, else the run is begun or resumed. RunInterrupted passes."""
    from journeyman.errors import JourneymanError, RunInterrupted

    try:
        return _run(cell, runs, evaluations, follow)
    except RunInterrupted:
        raise
    except JourneymanError as error:
        return Failure(cell, str(error))
    except Exception as error:  # noqa: BLE001  (a bug in one search is reported as such; the other cells go on)
        return Failure(cell, f"{type(error).__name__}: {error}")


def is_there(cell: Cell, runs: Path) -> bool:
    """Whether the cell's run has been begun."""
    from journeyman.runlog import list_runs

    return bool(list_runs(cell.folder(runs)))


def has_ended(cell: Cell, runs: Path) -> bool:
    """Whether the cell's run has come to its end."""
    from journeyman.optimize.result import has_ended as ended
    from journeyman.runlog import RunLog, list_runs

    for found in list_runs(cell.folder(runs)):
        if found.problem is None:
            with RunLog.open(found.folder) as log:
                return ended(log)
    return False


def _run(cell: Cell, runs: Path, evaluations: int, follow: Callable[[Progress], None] | None) -> Outcome:
    from journeyman.errors import RunError
    from journeyman.optimize import optimize, resume
    from journeyman.runlog import list_runs
    from journeyman.verify import load_task

    task = load_task(cell.task)
    folder = cell.folder(runs)
    found = list_runs(folder)
    if not found:
        result = optimize(
            task, search=cell.search, proposer=cell.proposer, evaluations=evaluations, seed=cell.seed, runs=folder,
            on_progress=follow,
        )  # fmt: skip
        return outcome_of(cell, result, evaluations)
    if len(found) > 1 or found[0].problem is not None:
        said = found[0].problem or f"it has {len(found)} runs"
        raise RunError(f"the cell in {folder} cannot be used: {said}; delete that folder")
    _check(found[0].header, task, cell, evaluations, folder)
    result = resume(found[0].folder, on_progress=follow)
    return outcome_of(cell, result, evaluations)


def _check(header: dict[str, Any], task: Task, cell: Cell, evaluations: int, folder: Path) -> None:
    from journeyman.errors import RunError

    wanted: dict[str, Any] = {"task": task.id, "task_digest": task.digest}
    known = {key: header.get(key) for key in wanted}
    wanted |= {
        "search": cell.search,
        "proposer": cell.proposer,
        "seed": cell.seed,
        "evaluations": evaluations,
    }
    known |= {"search": header["search"]["name"], "proposer": header["proposer"]["name"]}
    known |= {key: header["plan"][key] for key in ("seed", "evaluations")}
    for key, value in wanted.items():
        if known[key] != value:
            raise RunError(
                f"the run in {folder} was begun with {key} {known[key]}, not {value}; delete it or give another --runs"
            )


def outcome_of(cell: Cell, result: Result, evaluations: int) -> Outcome:
    """What the comparison needs of a run that has ended."""
    from journeyman.errors import RunError
    from journeyman.runlog import RunLog

    seed, best = result.seed.score, result.best.score
    if result.reason is None or seed is None or best is None:
        raise RunError(f"the run in {result.run} has not ended")
    cached, names = 0, hashlib.sha256()
    with RunLog.open(result.run) as log:
        for event in log.events():
            body, volatile = event.body or {}, event.volatile or {}
            if event.kind == "candidate":
                names.update(body["digest"].encode())
            elif event.kind == "verdict" and body["index"] > 0:
                cached += bool(volatile.get("cached"))
    held_out = result.best_held_out.score if result.best_held_out else None
    seed_held_out = result.seed_held_out.score if result.seed_held_out else None
    return Outcome(
        cell, result.maximize, result.unit, seed, best, seed_held_out, held_out, steps(seed, result.curve, evaluations),
        result.spent.evaluations, result.verified, result.feasible, result.repeated, result.failed_proposals, cached,
        result.elapsed_s, names.hexdigest()[:16], result.reason, str(result.run),
    )  # fmt: skip


def steps(seed: float, curve: tuple[tuple[int, float], ...], evaluations: int) -> list[float]:
    """The best score after 0 to `evaluations` evaluations, from the points where it changed."""
    best, found, left = seed, [], list(curve)
    for spent in range(evaluations + 1):
        while left and left[0][0] <= spent:
            best = left.pop(0)[1]
        found.append(best)
    return found
