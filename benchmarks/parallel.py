"""Two verification workers against one, 50 ms a verdict."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import rows

COUNT = 200


def ours(parallel: int) -> float:
    """Candidates a second."""
    import journeyman as jm
    from journeyman.optimize import Scripted

    times: list[float] = []
    with tempfile.TemporaryDirectory() as runs:
        jm.optimize(
            Path(__file__).parent / "tasks" / "noop", proposer=Scripted(lambda request, rng: f"{rng.random()} 50ms"),
            evaluations=COUNT, parallel=parallel, runs=runs, cache=False,
            on_progress=lambda _: times.append(time.perf_counter()),
        )  # fmt: skip
    # From the tenth on, when every worker has started.
    return 1000 / rows.mean_step_ms(times[10:])


def measure() -> list[rows.Row]:
    theirs = [rows.peer("run_openevolve.py", 60, workers, 50) for workers in (1, 2)]
    gain = theirs[0]["average_ms"] / theirs[1]["average_ms"]
    return [rows.row("two workers against one, 50 ms verifier", "x", ours(2) / ours(1), gain, "OpenEvolve", ">= 1.9",
                     more_is_better=True)]  # fmt: skip


if __name__ == "__main__":
    rows.main(measure)
