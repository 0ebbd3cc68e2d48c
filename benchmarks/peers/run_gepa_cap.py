"""How many evaluator calls GEPA makes under `max_metric_calls`. Usage: run_gepa_cap.py CAP"""

import json
import random
import sys


def main(cap: int) -> dict:
    import gepa
    from gepa.core.adapter import EvaluationBatch

    ran = [0]

    class Adapter:
        def evaluate(self, batch, candidate, capture_traces=False):
            ran[0] += len(batch)
            return EvaluationBatch([None] * len(batch), [random.random() for _ in batch], [{}] * len(batch))

        def make_reflective_dataset(self, candidate, batch, components):
            return {name: [{"note": "none"}] for name in components}

        def propose_new_texts(self, candidate, dataset, components):
            return {name: str(random.random()) for name in components}

    class Quiet:
        def log(self, _message):
            pass

    data = list(range(3))
    gepa.optimize(
        {"text": "0"}, trainset=data, valset=data[:1], adapter=Adapter(), max_metric_calls=cap, logger=Quiet()
    )
    return {"ran": ran[0]}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
