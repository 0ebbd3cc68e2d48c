"""The verdict on a choice of depots. Nothing here trusts the candidate: its data is decoded strictly, then recomputed."""

import math
from itertools import combinations

import msgspec

from journeyman.verify import Instance, Metric, Outcome, as_design, feasible, infeasible

TOLERANCE_KM = 1e-9


class Design(msgspec.Struct, forbid_unknown_fields=True):
    """What a candidate returns."""

    depots: list[tuple[float, float]]


def score(instance: Instance, design: object) -> Outcome:
    """Mean distance from customer to nearest depot, in km."""
    depots = as_design(design, Design).depots
    k, side, apart = (instance.public[name] for name in ("k", "side_km", "separation_km"))
    if len(depots) != k:
        return infeasible(f"there are {len(depots)} depots, there must be {k}")
    for number, depot in enumerate(depots):
        if not all(0 <= value <= side for value in depot):
            return infeasible(f"depot {number} at {depot} km is outside the region of {side} km")
    closest = min((math.dist(a, b) for a, b in combinations(depots, 2)), default=math.inf)
    if closest < apart - TOLERANCE_KM:
        return infeasible(f"two depots are {closest:.6g} km apart, must be at least {apart} km")
    distances = [
        min(math.dist(customer, depot) for depot in depots) for customer in instance.public["customers"]
    ]
    mean = sum(distances) / len(distances)
    farthest = max(distances)
    said = f"mean {mean:.3f} km, farthest customer {farthest:.2f} km"
    return feasible(mean, metrics={"farthest": Metric(farthest, "km")}, feedback=said)
