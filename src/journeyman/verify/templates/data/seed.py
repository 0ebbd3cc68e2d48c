import math

# EVOLVE-BLOCK-START
RADIUS = 0.25  # tune: 0.05 .. 0.6
TURN = 0.0  # tune: 0.0 .. 6.3
PULL = 0.0  # tune: 0.0 .. 1.0


def place(customers, k, side):
    """Depots evenly on a circle around the middle, each pulled towards the customers nearest to it."""
    middle = side / 2
    angles = [TURN + 2 * math.pi * i / k for i in range(k)]
    depots = [[middle + RADIUS * side * math.cos(a), middle + RADIUS * side * math.sin(a)] for a in angles]
    groups = [[] for _ in depots]
    for c in customers:
        groups[min(range(k), key=lambda i: math.dist(c, depots[i]))].append(c)
    for depot, group in zip(depots, groups, strict=True):
        for axis in (0, 1):
            if group:
                centre = sum(c[axis] for c in group) / len(group)
                depot[axis] += PULL * (centre - depot[axis])
    return depots


# EVOLVE-BLOCK-END


def solve(instance):
    return {"depots": place(instance["customers"], instance["k"], instance["side_km"])}
