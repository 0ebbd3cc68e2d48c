"""Overhead of the loop per candidate: durable log, no-op verifier in a warm worker, canned proposer.

At 100 and at 10,000 candidates of 2.4 kB, and whether a late step costs more than an early one. Peers do the same with a
canned model: OpenEvolve at 1,000 (its step grows, so 10,000 would take an hour), GEPA with a run folder, Optuna's journal.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import rows

COUNT = 10_000
FILLER = "x" * 2380


def ours(count: int) -> list[float]:
    """Moments, in seconds, at which each candidate was told."""
    import journeyman as jm
    from journeyman.optimize import Scripted

    def make(request, rng) -> str:
        # Mostly worse than the best, as in a real search; the best still moves a few times.
        return f"{rng.random() * 0.5 + 0.4999 * request.index / count} {FILLER}"

    times: list[float] = []
    with tempfile.TemporaryDirectory() as runs:
        jm.optimize(
            Path(__file__).parent / "tasks" / "noop", proposer=Scripted(make), evaluations=count, runs=runs, cache=False,
            on_progress=lambda _: times.append(time.perf_counter()),
        )  # fmt: skip
    return times


def median_step_ms(times: Sequence[float]) -> float:
    return 1000 * statistics.median(b - a for a, b in pairwise(times))


def measure() -> list[rows.Row]:
    times = ours(COUNT)
    early, late = rows.mean_step_ms(times[1:1001]), rows.mean_step_ms(times[-1000:])
    openevolve = rows.peer("run_openevolve.py", 1000, 1, 0)
    gepa = rows.peer("run_gepa.py", 1000)
    optuna = rows.peer("run_optuna.py", COUNT)
    at_100 = rows.mean_step_ms(times[50:150])
    at_end = rows.mean_step_ms(times[-100:])
    return [
        rows.row("loop overhead at candidate 100", "ms", at_100, openevolve["early_ms"], "OpenEvolve", "<= 1"),
        rows.row("loop overhead at candidate 10,000", "ms", at_end, openevolve["late_ms"], "OpenEvolve at 1,000", "<= 1"),
        rows.row("late / early, 10,000 candidates", "", late / early, openevolve["late_ms"] / openevolve["early_ms"],
                 "OpenEvolve, 1,000", "<= 1.1"),
        rows.row("loop overhead, mean of 10,000", "ms", rows.mean_step_ms(times), gepa["average_ms"], "GEPA, 1,000", "<= 1"),
        rows.row("loop overhead, mean of 10,000", "ms", rows.mean_step_ms(times), optuna["average_ms"], "Optuna journal"),
        rows.row("loop overhead, median of 10,000", "ms", median_step_ms(times)),
    ]  # fmt: skip


if __name__ == "__main__":
    rows.main(measure)
