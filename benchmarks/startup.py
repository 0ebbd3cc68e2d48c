"""`import journeyman` and `journeyman --help`: median over fresh interpreters, a bare interpreter's time subtracted."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import rows

TIMES = 15


def median_ms(command: list[str]) -> float:
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - began)
    return 1000 * statistics.median(taken)


def measure() -> list[rows.Row]:
    bare = median_ms([sys.executable, "-c", "pass"])
    rows.peer("run_optuna.py", 1)
    python = str(rows.PEERS / "bin" / "python")
    theirs = {
        n: median_ms([python, "-c", f"import {n}"]) - median_ms([python, "-c", "pass"])
        for n in ("gepa", "openevolve")
    }
    ours = median_ms([sys.executable, "-c", "import journeyman"]) - bare
    ours_help = median_ms([str(Path(sys.executable).parent / "journeyman"), "--help"]) - bare
    their_help = median_ms([python, str(rows.PEERS / "bin" / "openevolve-run"), "--help"]) - bare
    return [
        rows.row("import journeyman", "ms", ours, theirs["gepa"], "GEPA", "<= 80"),
        rows.row("import journeyman", "ms", ours, theirs["openevolve"], "OpenEvolve", "<= 80"),
        rows.row("journeyman --help", "ms", ours_help, their_help, "openevolve-run --help", "<= 200"),
    ]


if __name__ == "__main__":
    rows.main(measure)
