"""Fresh instances: customers in a few towns of a square region, from a seed."""

import random

from reference import best_of, circle, mean_distance


def generate(seed: int) -> dict:
    """One line of instances/*.jsonl. The seed decides everything."""
    rng = random.Random(seed)
    side, k = 100.0, rng.choice([3, 4, 5])
    towns = [(rng.uniform(10, 90), rng.uniform(10, 90), rng.uniform(3, 12)) for _ in range(rng.randint(4, 7))]
    customers = []
    while len(customers) < 40:
        x, y, spread = rng.choice(towns)
        point = [round(rng.gauss(x, spread), 2), round(rng.gauss(y, spread), 2)]
        if all(0 <= value <= side for value in point):
            customers.append(point)
    public = {"customers": customers, "k": k, "side_km": side, "separation_km": 5.0}
    baseline, reference = (mean_distance(customers, depots) for depots in (circle(public), best_of(public)))
    anchors = {"baseline": baseline, "reference": reference}
    return {"name": f"region-{seed}", "public": public, "hidden": {}, "anchors": anchors}
