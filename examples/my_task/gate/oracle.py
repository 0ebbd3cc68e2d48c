import math

# EVOLVE-BLOCK-START
def place(customers, k, side):
    """Weiszfeld's iteration from farthest-point starts."""
    best = None
    for first in range(0, len(customers), 4):
        depots = [list(customers[first])]
        while len(depots) < k:
            depots.append(list(max(customers, key=lambda c: min(math.dist(c, d) for d in depots))))
        for _ in range(30):
            groups = [[] for _ in depots]
            for c in customers:
                groups[min(range(k), key=lambda i: math.dist(c, depots[i]))].append(c)
            for depot, group in zip(depots, groups, strict=True):
                weights = [1 / max(math.dist(c, depot), 1e-9) for c in group]
                if group:
                    depot[:] = [
                        sum(w * c[a] for w, c in zip(weights, group, strict=True)) / sum(weights)
                        for a in (0, 1)
                    ]
        value = sum(min(math.dist(c, d) for d in depots) for c in customers)
        apart = all(math.dist(a, b) >= 5.0 for i, a in enumerate(depots) for b in depots[:i])
        if apart and (best is None or value < best[0]):
            best = (value, depots)
    return best[1]


# EVOLVE-BLOCK-END


def solve(instance):
    return {"depots": place(instance["customers"], instance["k"], instance["side_km"])}
