"""OpenEvolve's loop with a canned model and an evaluator that reads one number. Usage: run_openevolve.py N WORKERS SLEEP_MS"""

import asyncio
import json
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

EVALUATOR = """
import re, time
def evaluate(path):
    time.sleep({sleep})
    return {{"combined_score": float(re.search(r"VALUE = (\\S+)", open(path).read())[1])}}
"""


def main(count: int, workers: int, sleep_s: float) -> dict:
    import canned_openevolve
    from openevolve.config import Config, LLMModelConfig
    from openevolve.controller import OpenEvolve

    logging.disable(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp())
    os.environ["CANNED_LOG"] = str(folder / "asked")
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)
    (folder / "seed.py").write_text("VALUE = 0.5\n" + "# filler line of the seed\n" * 80)
    (folder / "evaluator.py").write_text(EVALUATOR.format(sleep=sleep_s))
    config = Config()
    config.max_iterations = count
    config.diff_based_evolution = False
    config.checkpoint_interval = 100
    config.evaluator.parallel_evaluations = workers
    config.evaluator.cascade_evaluation = False
    config.llm.models = [LLMModelConfig(name="canned", init_client=canned_openevolve.make, weight=1.0)]
    config.llm.evaluator_models = config.llm.models
    engine = OpenEvolve(str(folder / "seed.py"), str(folder / "evaluator.py"), config, str(folder / "out"))
    began = time.monotonic()
    asyncio.run(engine.run(iterations=count))
    wall = time.monotonic() - began
    asked = sorted(float(line) for line in (folder / "asked").read_text().split())
    return {"asked": len(asked), "wall_s": wall, **steps(asked)}


def steps(times: list) -> dict:
    """Mean milliseconds between proposals: over all, and at the first and last tenth (at least 50)."""
    part = max(50, len(times) // 10)
    mean = lambda t: 1000 * (t[-1] - t[0]) / (len(t) - 1)
    return {"average_ms": mean(times), "early_ms": mean(times[:part]), "late_ms": mean(times[-part:])}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000)))
