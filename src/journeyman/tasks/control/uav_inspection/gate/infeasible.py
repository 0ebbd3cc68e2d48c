# EVOLVE-BLOCK-START
"""Straight from point to point, whatever stands in between, stopping nowhere."""

import itertools
import math


def solve(instance):
    stops = [instance["pad"]] + [point["at"] for point in instance["points"]] + [instance["pad"]]
    t = [0.0]
    for a, b in itertools.pairwise(stops):
        t.append(t[-1] + math.dist(a, b) / 6 + 1)
    return {"knots": {"t": t, "x": stops}}


# EVOLVE-BLOCK-END
