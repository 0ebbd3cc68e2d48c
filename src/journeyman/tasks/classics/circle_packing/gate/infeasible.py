# EVOLVE-BLOCK-START
"""Twenty-six equal circles that overlap widely."""

from math import sqrt


def grid():
    """A 5 x 5 grid and one circle in a gap, a hair smaller than it could be."""
    small = 1 - 1e-12
    at = [0.1, 0.3, 0.5, 0.7, 0.9]
    return [[x, y, 0.1 * small] for x in at for y in at] + [[0.2, 0.2, 0.1 * (sqrt(2) - 1) * small]]


def solve(instance):
    return {"circles": [[x, y, 0.15] for x, y, _ in grid()]}


# EVOLVE-BLOCK-END
