"""Runs optimizations that are killed at random instants and resumed, until enough kills have struck.

    python kill_driver.py FOLDER PARALLEL NOISE KILLS SEED

It forks the working process from itself, because to start an interpreter two hundred times would take longer than all
the work. In FOLDER it leaves the finished runs, and for each a journal: what was verified and what was told, in order.
The last line it prints is the number of kills and of runs.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import cmaes  # noqa: F401  (loaded once here, not in every child)
from quick_task import Rough, Valley, make_task

from journeyman.optimize.progress import Progress
from journeyman.optimize.run import optimize, resume
from journeyman.runlog.runs import list_runs
from journeyman.verify import Candidate, Task, Verdict

EVALUATIONS = 60


def work(task: Task, folder: Path, parallel: int, steps: int) -> None:
    """Begin the run in `folder`, or go on with it; a byte into the pipe `steps` for every line of the journal."""
    journal = os.open(folder / "journal", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(line: str) -> None:
        os.write(journal, line.encode())
        os.write(steps, b".")

    class Journalled(Valley):
        def evaluate(self, candidate: Candidate, *, split: str = "dev", repeat: int = 0) -> Verdict:
            if split == "dev":
                write(f"verify {candidate.digest} {repeat}\n")
            return super().evaluate(candidate, split=split, repeat=repeat)

    def told(progress: Progress) -> None:
        if progress.last is not None and progress.last.same_as is None:
            write(f"told {progress.last.digest}\n")

    verifier = Journalled(takes_s=0.003)
    proposer = Rough(task, waits=parallel > 1)
    found = list_runs(folder / "runs")
    if found:
        resume(found[0].folder, proposer=proposer, verifier=verifier, on_progress=told, task=task)
    else:
        optimize(
            task, proposer=proposer, evaluations=EVALUATIONS, parallel=parallel, seed=5,
            search_options={"width": 2}, verifier=verifier, runs=folder / "runs", on_progress=told,
        )  # fmt: skip


def main(folder: Path, parallel: int, noise: float, kills: int, seed: int) -> None:
    """Kill and resume until `kills` have struck, then let the run at hand come to its end."""
    task = make_task(folder / "task", noise=noise)
    rng = random.Random(seed)
    struck = number = 0
    finished = False
    while struck < kills or not finished:
        place = folder / f"run-{number}"
        place.mkdir(exist_ok=True)
        seen, steps = os.pipe()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                work(task, place, parallel, steps)
                status = 0
            finally:
                os._exit(status)
        os.close(steps)
        if struck < kills:
            # After some steps and a moment; one in eight while it still opens the log and replays it.
            if rng.random() < 0.125:
                time.sleep(rng.uniform(0.0, 0.04))
            else:
                for _ in range(rng.randrange(1, 8)):
                    os.read(seen, 1)
                time.sleep(rng.uniform(0.0, 0.008))
            os.kill(child, signal.SIGKILL)
        os.close(seen)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            struck += 1
            finished = False
        elif os.WEXITSTATUS(status) != 0:
            raise SystemExit(f"the working process failed in {place}")
        else:
            finished = True
            number += 1
    print(struck, number)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
