"""What the runner of `foresee` costs by itself: CPU of a decision with a world, model and agent that cost nothing.

The agent says "simulate" and "act" in turns, the world counts. What remains is asking, ruling, showing, hashing, checking
that the real state was left alone, and the record. Reading the reply (the grammar) is timed apart. The log is timed on the
same episodes: their events in commits of their own, as an evaluation writes them.

    python benchmarks/foresee_runner.py [--json]
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import rows

from journeyman.foresee.agents.grammar import parse
from journeyman.foresee.draws import Draws
from journeyman.foresee.governors.governor import ALLOW, Checked, Point, Ruling
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.protocol.episode import play
from journeyman.foresee.protocol.scene import Scene
from journeyman.foresee.world_models.model import Asked, Prediction
from journeyman.foresee.worlds.world import About, Instance, Observation
from journeyman.runlog import RunLog

ROUNDS, EPISODES, CAP = 7, 60, 24
SEEN = Observation("You stand on ice.", "\n".join(["P_O___"] * 6))
ABOUT = About("counter", "You count.", "Count to the end.", {"P": "you"}, ("Left", "Right"), formats=("symbols",))
TEXTS = ("<confidence>0.8</confidence>\n<simulate>Right</simulate>", "<confidence>0.8</confidence>\n<act>Right</act>")


class Counter:
    """A world that counts."""

    about = ABOUT

    def __init__(self) -> None:
        self.at = 0

    def instances(self, n: int | None = None, split: str = "test") -> list[Instance]:
        return [Instance(f"counter/{i}", CAP) for i in range(n or 1)]

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[None, dict[str, Any]]:
        self.at = 0
        return None, {}

    def step(self, action: int) -> tuple[None, float, bool, bool, dict[str, Any]]:
        self.at += 1
        return None, 0.0, False, False, {}

    def snapshot(self) -> bytes:
        return b"%d" % self.at

    def restore(self, snapshot: bytes) -> None:
        self.at = int(snapshot)

    def digest(self) -> dict[str, Any]:
        return {"at": [0, self.at], "terminal": False, "success": False}

    def observe(self, format: str = "symbols") -> Observation:
        return SEEN


class Foretells:
    """A world model that adds one."""

    name = "free"

    def predict(self, snapshot: bytes, actions: Any, asked: Asked) -> Prediction:
        at = int(snapshot) + 1
        return Prediction(SEEN, {"at": [0, at], "terminal": False, "success": False}, b"%d" % at, 1)


class Says:
    """An agent that has nothing to think about."""

    def begin(self, brief: Any) -> None:
        self.next = 0

    def reply(self, turn: Any) -> str:
        self.next += 1
        return TEXTS[(self.next - 1) % 2]


class Allows:
    """A governor that lets everything pass."""

    name, learns = "allows", False

    def begin(self, brief: Any) -> None: ...

    def rule(self, point: Point) -> Ruling:
        return ALLOW

    def learn(self, checked: Checked) -> None: ...

    def ended(self, success: bool) -> None: ...


def cpu_us(work: Callable[[], int]) -> float:
    """CPU microseconds of one of what `work` counts: the median of the rounds."""
    times = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        count = work()
        times.append(1e6 * (time.process_time() - begun) / count)
    return statistics.median(times)


def measure() -> list[rows.Row]:
    world, model = Counter(), Foretells()
    scene = Scene(world, model, exact=model, cell="free", governor=Allows())
    instances = world.instances(EPISODES)
    episodes: list[Episode] = []

    def played() -> int:
        episodes[:] = [play(scene, instance, Says(), Draws(0)) for instance in instances]
        return sum(len(episode.decisions) for episode in episodes)

    def read() -> int:
        for text in TEXTS * 500:
            parse(text, ABOUT, "normal")
        return 1000

    whole, grammar = cpu_us(played), cpu_us(read)
    with tempfile.TemporaryDirectory() as folder, RunLog.create(Path(folder) / "run", verb="benchmark", header={}) as log:

        def logged() -> int:
            for episode in episodes:
                with log.commit(durable=False):
                    log.append("episode", episode.instance, msgspec.to_builtins(episode), {"wall_s": 0.1})
            return sum(len(episode.decisions) for episode in episodes)

        writing = cpu_us(logged)
    return [
        rows.row("the runner's own CPU of a decision", "us", whole - grammar, target="200"),
        rows.row("reading a reply", "us", grammar),
        rows.row("writing a decision into the log", "us", writing),
    ]


if __name__ == "__main__":
    rows.main(measure)
