"""The reference anchor: Weiszfeld's iteration from many random starts. Run: python reference.py"""

import json
import math
import random
from pathlib import Path


def mean_distance(customers, depots):
    return sum(min(math.dist(c, d) for d in depots) for c in customers) / len(customers)


def circle(instance, radius=0.25):
    """The baseline anchor: depots evenly on a circle around the middle."""
    side, k = instance["side_km"], instance["k"]
    angles = [2 * math.pi * i / k for i in range(k)]
    return [[side / 2 + radius * side * math.cos(a), side / 2 + radius * side * math.sin(a)] for a in angles]


def descend(customers, depots, steps=60):
    for _ in range(steps):
        groups = [[] for _ in depots]
        for c in customers:
            groups[min(range(len(depots)), key=lambda i: math.dist(c, depots[i]))].append(c)
        for depot, group in zip(depots, groups, strict=True):
            weights = [1 / max(math.dist(c, depot), 1e-9) for c in group]
            if group:
                depot[:] = [
                    sum(w * c[axis] for w, c in zip(weights, group, strict=True)) / sum(weights)
                    for axis in (0, 1)
                ]
    return depots


def best_of(instance, starts=200, seed=1):
    rng = random.Random(seed)
    customers, k = instance["customers"], instance["k"]

    def far_enough(depots):
        return all(
            math.dist(a, b) >= instance["separation_km"] for i, a in enumerate(depots) for b in depots[:i]
        )

    found = (descend(customers, [list(c) for c in rng.sample(customers, k)]) for _ in range(starts))
    return min(filter(far_enough, found), key=lambda depots: mean_distance(customers, depots))


if __name__ == "__main__":
    for split in ("dev", "held-out"):
        path = Path(__file__).parent / "instances" / f"{split}.jsonl"
        for line in path.read_text().splitlines():
            instance = json.loads(line)["public"]
            values = [mean_distance(instance["customers"], d) for d in (circle(instance), best_of(instance))]
            print(split, json.loads(line)["name"], "baseline {:.6f} km, reference {:.6f} km".format(*values))
