"""The loop with a fresh isolated process for each candidate, numpy loaded. No peer isolates; the peer's column is a bare
interpreter, started and ended, in the same run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import rows

COUNT = 300


def ours(level: str) -> float:
    """Median milliseconds a candidate."""
    import journeyman as jm
    from journeyman.optimize import Scripted

    times: list[float] = []
    seed = "import numpy as np\n\n\ndef solve(instance):\n    return float(np.sum(np.add(instance['a'], instance['b'])))\n"
    with tempfile.TemporaryDirectory() as runs:
        jm.optimize(
            Path(__file__).parent / "tasks" / "isolated", evaluations=COUNT, runs=runs, cache=False, level=level,
            proposer=Scripted(lambda request, _: f"{seed}# {request.index}\n"),
            on_progress=lambda _: times.append(time.perf_counter()),
        )  # fmt: skip
    return 1000 * statistics.median(b - a for a, b in pairwise(times))


def interpreter() -> float:
    """Median milliseconds to start and end `python -I -c pass`, and with numpy imported."""
    taken = []
    for _ in range(20):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-I", "-c", "import numpy"], check=True)
        taken.append(time.perf_counter() - began)
    return 1000 * statistics.median(taken)


def measure() -> list[rows.Row]:
    from journeyman.sandbox import Level, probe

    bare = interpreter()
    levels = [r.level.value for r in probe() if r.available and r.level is not Level.NONE]
    peer = "python -I, numpy, not isolated"
    return [
        rows.row(f"fresh isolated process, {level}", "ms", ours(level), bare, peer, "<= 20")
        for level in levels
    ]


if __name__ == "__main__":
    rows.main(measure)
