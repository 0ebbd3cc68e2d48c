"""Runs a training that is killed at random instants and resumed, until enough kills have struck.

    python train_driver.py SPEC_AS_JSON RUNS KILLS SEED

It forks the working process from itself, because to load torch anew for each would take longer than all the work. The last
line it prints is the number of kills that struck.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import torch
import transformers.models.qwen3.modeling_qwen3  # noqa: F401  (loaded once here, not in every child)

from journeyman.distill import checkpoint, events
from journeyman.distill.train import resume, train
from journeyman.distill.train_spec import from_plain
from journeyman.runlog import list_runs


def work(plain: dict[str, Any], runs: Path, steps: int) -> None:
    """Begin the run, or go on with it; a byte into the pipe `steps` before each event and each file of a checkpoint."""
    write, save, sync = events.Journal.write, checkpoint.save, checkpoint._sync_folder

    def told(first: Any) -> Any:
        def before(*given: Any) -> Any:
            os.write(steps, b".")
            return first(*given)

        return before

    events.Journal.write = told(write)  # type: ignore[method-assign]
    checkpoint.save = told(save)
    checkpoint._sync_folder = told(sync)
    found = list_runs(runs)
    if found:
        resume(found[0].folder)
    else:
        train(from_plain(plain), runs=runs)


def main(plain: dict[str, Any], runs: Path, kills: int, seed: int) -> None:
    """Kill and resume until `kills` have struck, then let the run come to its end."""
    torch.set_num_threads(1)
    rng = random.Random(seed)
    struck = 0
    while True:
        seen, steps = os.pipe()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                work(plain, runs, steps)
                status = 0
            finally:
                os._exit(status)
        os.close(steps)
        if struck < kills:
            for _ in range(rng.randrange(1, 9)):
                os.read(seen, 1)
            time.sleep(rng.uniform(0.0, 0.02))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.close(seen)
        if os.WIFSIGNALED(status):
            struck += 1
        elif os.WEXITSTATUS(status) != 0:
            raise SystemExit("the working process failed")
        else:
            break
    print(struck)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
