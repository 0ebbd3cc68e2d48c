"""Resume of a run of 10,000 candidates: from opening the log to the next proposal, with no repeated evaluation."""

from __future__ import annotations

import contextlib
import tempfile
import time
from pathlib import Path

import rows

COUNT = 10_000


class Counting:
    """An in-process verifier that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def evaluate(self, candidate, *, split="dev", repeat=0):
        from journeyman.verify import InstanceVerdict, Status, Verdict

        self.asked += 1
        score = float(candidate.text("seed.txt").split()[0])
        return Verdict(
            Status.OK, score, split, (InstanceVerdict("design", Status.OK, score, score),), level="plain data"
        )


def measure() -> list[rows.Row]:
    import journeyman as jm
    from journeyman.errors import RunInterrupted
    from journeyman.optimize import Scripted

    filler = "x" * 2380
    task = Path(__file__).parent / "tasks" / "noop"
    verifier, proposed = Counting(), []

    def make(request, rng) -> str:
        text = f"{rng.random()} {filler}"
        proposed.append((time.perf_counter(), request.index, text))
        if stop_at and request.index > stop_at:
            raise KeyboardInterrupt
        return text

    with tempfile.TemporaryDirectory() as folder:
        runs, stop_at = Path(folder), COUNT
        with contextlib.suppress(RunInterrupted, KeyboardInterrupt):
            jm.optimize(task, proposer=Scripted(make), evaluations=COUNT + 10, runs=runs, verifier=verifier)
        interrupted, asked = proposed[-1], verifier.asked
        run = next(runs.iterdir())
        taken = []
        for _ in range(3):
            # Each is interrupted again at its first proposal, so the next finds the same run.
            began = time.perf_counter()
            with contextlib.suppress(RunInterrupted, KeyboardInterrupt):
                jm.resume(run, proposer=Scripted(make), verifier=verifier)
            taken.append(proposed[-1][0] - began)
            assert proposed[-1][1:] == interrupted[1:], "another proposal than the interrupted one"
        assert verifier.asked == asked, "an evaluation was repeated"
        stop_at = 0
        result = jm.resume(run, proposer=Scripted(make), verifier=verifier)
        assert result.spent.evaluations == COUNT + 10
        path = Path(folder) / "journal.log"
        rows.peer("run_optuna.py", COUNT, path)
        peer = rows.peer("run_optuna.py", "open", path)
    ours = sorted(taken)[1]
    return [rows.row("resume of a 10,000-candidate run", "s", ours, peer["resume_s"], "Optuna journal", "<= 0.4"),
            rows.row("evaluations repeated by the resume", "", 0.0)]  # fmt: skip


if __name__ == "__main__":
    rows.main(measure)
