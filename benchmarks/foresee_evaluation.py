"""How long a whole evaluation takes: 400 paired lakes, invisible, force, and normal under each of seven governors.

Everything a user's run does is in it: two worker processes, the exact digest beside each prediction, every decision in the
durable log. The gate of the governor `uplift` is learned before, from another run, which is not timed. The report page is
timed apart.

    python benchmarks/foresee_evaluation.py [--json] [--instances 400] [--parallel 2]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import rows

from journeyman.foresee import evaluate
from journeyman.foresee.governors.lesson import learn_from
from journeyman.foresee.score.scores import score

AGENT, MODEL = "scripted:perception=0.15", "exact+transition=0.2"


def option(name: str, usual: int) -> int:
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else usual


def measure() -> list[rows.Row]:
    instances, parallel = option("--instances", 400), option("--parallel", 2)
    with tempfile.TemporaryDirectory() as folder:
        what = {"agents": AGENT, "world_models": MODEL, "parallel": parallel, "runs": folder}
        tossed = evaluate("lake-6", modes="normal", governors="encourage:0.3", split="train", instances=300, **what)  # type: ignore[arg-type]
        gate = Path(folder) / "gate.json"
        learn_from(tossed.episodes, uplift=gate)
        governors = ["never", "always", "random:0.3", "confidence:0.1", "voi", f"uplift:{gate}", "oracle"]
        begun = time.perf_counter()
        plain = evaluate("lake-6", modes=["invisible", "force"], instances=instances, **what)  # type: ignore[arg-type]
        governed = evaluate("lake-6", modes="normal", governors=governors, instances=instances, **what)  # type: ignore[arg-type]
        seconds = time.perf_counter() - begun
        episodes = [*plain.episodes, *governed.episodes]
        begun = time.perf_counter()
        score(episodes)
        scoring = time.perf_counter() - begun
    calls = sum(episode.calls for episode in episodes)
    name = f"{len(episodes)} episodes of lake-6 with {calls} calls, {parallel} workers"
    return [
        rows.row(name, "s", seconds, target="180"),
        rows.row("an episode, of one worker", "ms", 1000 * parallel * seconds / len(episodes)),
        rows.row("every metric of them, with intervals", "s", scoring),
    ]


if __name__ == "__main__":
    rows.main(measure)
