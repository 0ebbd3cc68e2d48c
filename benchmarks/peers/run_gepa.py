"""GEPA's loop with a run folder and a canned proposer; every second proposal is better. Usage: run_gepa.py N"""

import json
import random
import sys
import tempfile
import time


def main(count: int) -> dict:
    import gepa
    from gepa.core.adapter import EvaluationBatch

    rng = random.Random(1)
    times: list = []
    filler = "x" * 2300

    class Adapter:
        def evaluate(self, batch, candidate, capture_traces=False):
            value = float(candidate["text"].split()[0])
            return EvaluationBatch(
                [None] * len(batch), [value] * len(batch), [{}] * len(batch) if capture_traces else None
            )

        def make_reflective_dataset(self, candidate, batch, components):
            return {name: [{"note": "none"}] for name in components}

        def propose_new_texts(self, candidate, dataset, components):
            times.append(time.monotonic())
            return {name: f"{rng.random() * len(times)} {filler}" for name in components}

    class Quiet:
        def log(self, _message):
            pass

    stop = lambda state: len(times) > count
    gepa.optimize(
        {"text": f"0.0 {filler}"}, trainset=[0], valset=[0], adapter=Adapter(), run_dir=tempfile.mkdtemp(), logger=Quiet(),
        stop_callbacks=stop, skip_perfect_score=False, reflection_minibatch_size=1,
    )  # fmt: skip
    part = max(50, len(times) // 10)
    mean = lambda t: 1000 * (t[-1] - t[0]) / (len(t) - 1)
    return {
        "asked": len(times),
        "average_ms": mean(times),
        "early_ms": mean(times[:part]),
        "late_ms": mean(times[-part:]),
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
