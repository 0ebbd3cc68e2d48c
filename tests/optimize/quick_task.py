"""A small real task and a verifier in this process: for tests whose subject is the engine, not isolation."""

from __future__ import annotations

import threading
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from journeyman.errors import ProposalFailed
from journeyman.optimize.propose.numeric import Numeric
from journeyman.optimize.trial import Proposal, Request, Trial
from journeyman.verify import Candidate, InstanceVerdict, Metric, Status, Task, Verdict, load_task

PARAMS = "# where the valley is\nx = 4.0\ny = -3.0\nn = 7\n"

TASK = """\
id = "test/valley"
title = "Find the valley"
exchange = "file"
direction = "minimize"
[candidate]
seed = "params.toml"
[verifier]
noise = {noise}
[parameters.x]
min = -10.0
max = 10.0
[parameters.y]
min = -10.0
max = 10.0
[parameters.n]
min = 0
max = 20
integer = true
"""

VERIFIER = """\
from journeyman.verify import feasible, infeasible


def score(instance, design):
    shift = instance.public["shift"]
    x, y, n = design["x"], design["y"], design["n"]
    if n > 15:
        return infeasible(f"n is {n}, at most 15 fit")
    value = (x - shift) ** 2 + (y - 1) ** 2 + (n - 3) ** 2 + 1
    return feasible(value, metrics={"n": n}, feedback=f"x lies {x - shift:.3g} off")
"""


def make_task(folder: Path, *, noise: float = 0.0, held_out: bool = True) -> Task:
    """The task as a folder on disk."""
    (folder / "instances").mkdir(parents=True)
    (folder / "task.toml").write_text(TASK.format(noise=noise))
    (folder / "statement.md").write_text("Move x, y and n to the bottom of the valley.\n")
    (folder / "params.toml").write_text(PARAMS)
    (folder / "verifier.py").write_text(VERIFIER)
    (folder / "instances" / "dev.jsonl").write_text(
        '{"name": "a", "public": {"shift": 0.0}}\n{"name": "b", "public": {"shift": 1.0}}\n'
    )
    if held_out:
        (folder / "instances" / "held-out.jsonl").write_text('{"name": "c", "public": {"shift": 0.4}}\n')
    return load_task(folder)


class Valley:
    """The task's verifier without processes. `seen` is what it was asked, in order; `takes_s` how long one takes.

    `meddle(candidate, split, repeat, verdict)` may give another verdict.
    """

    def __init__(
        self,
        takes_s: float = 0.0,
        meddle: Callable[[Candidate, str, int, Verdict], Verdict] | None = None,
    ) -> None:
        self.seen: list[tuple[str, str, int]] = []
        self.most_at_once = 0
        self._takes_s = takes_s
        self._meddle = meddle
        self._at_work = 0
        self._lock = threading.Lock()

    def evaluate(self, candidate: Candidate, *, split: str = "dev", repeat: int = 0) -> Verdict:
        with self._lock:
            self.seen.append((candidate.digest, split, repeat))
            self._at_work += 1
            self.most_at_once = max(self.most_at_once, self._at_work)
        if self._takes_s:
            time.sleep(self._takes_s)
        verdict = valley(candidate, split, repeat)
        if self._meddle is not None:
            verdict = self._meddle(candidate, split, repeat, verdict)
        with self._lock:
            self._at_work -= 1
        return verdict

    def dev(self) -> list[str]:
        """Digests verified on dev, in order."""
        return [digest for digest, split, _ in self.seen if split == "dev"]


def valley(candidate: Candidate, split: str, repeat: int = 0) -> Verdict:
    try:
        design = tomllib.loads(candidate.text("params.toml"))
        x, y, n = float(design["x"]), float(design["y"]), design["n"]
    except (ValueError, KeyError, TypeError) as error:
        return verdict(Status.CANDIDATE_ERROR, split, feedback=f"no design: {error}", repeat=repeat)
    if n > 15:
        return verdict(Status.INFEASIBLE, split, feedback=f"n is {n}, at most 15 fit", repeat=repeat)
    shifts = {"dev": (("a", 0.0), ("b", 1.0)), "held-out": (("c", 0.4),)}[split]
    instances = []
    for name, shift in shifts:
        value = (x - shift) ** 2 + (y - 1) ** 2 + (n - 3) ** 2 + 1
        instances.append(
            InstanceVerdict(
                name, Status.OK, value, value, {"n": Metric(n)}, f"x lies {x - shift:.3g} off", 0.001
            )
        )
    score = sum(i.score or 0.0 for i in instances) / len(instances)
    return verdict(Status.OK, split, score, tuple(instances), repeat=repeat, feedback=instances[0].feedback)


def verdict(
    status: Status,
    split: str = "dev",
    score: float | None = None,
    instances: Sequence[InstanceVerdict] = (),
    *,
    feedback: str = "",
    repeat: int = 0,
) -> Verdict:
    drawn = {"note.txt": b"drawn"} if score else {}
    return Verdict(
        status, score, split, tuple(instances), {"size": Metric(1.5, "m")}, feedback, drawn, "plain data", repeat,
        wall_s=0.002,
    )  # fmt: skip


def params(x: float, y: float = -3.0, n: int = 7) -> str:
    return f"x = {x!r}\ny = {y!r}\nn = {n}\n"


class Rough:
    """The numeric proposer on a bad day: one answer in ten is none, one in ten is the seed again."""

    name = "rough"

    def __init__(self, task: Task, *, waits: bool = False) -> None:
        self.waits = waits
        self._numeric = Numeric.for_task(task)
        self._seed = task.seed
        # In threads, the calls into the one strategy are kept apart here.
        self._lock = threading.Lock()

    def propose(self, request: Request, rng: np.random.Generator) -> Proposal:
        fate = rng.random()
        if fate < 0.1:
            raise ProposalFailed("malformed", f"nothing usable for {request.index}")
        if fate < 0.2:
            return Proposal(self._seed)
        with self._lock:
            made = self._numeric.propose(request, rng)
        return Proposal(made.candidate, made.note, {"rough": made.data["numeric"]})

    def observe(self, trial: Trial) -> None:
        if trial.index == 0 or "rough" in trial.data:
            with self._lock:
                self._numeric.observe(
                    replace(trial, data={"numeric": trial.data.get("rough")} if trial.data else {})
                )
