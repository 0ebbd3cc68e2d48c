# EVOLVE-BLOCK-START
"""The grid blown up by a slack of 1e-9, as checkers with a tolerance would let pass."""

from math import sqrt


def grid():
    """A 5 x 5 grid and one circle in a gap, a hair smaller than it could be."""
    small = 1 - 1e-12
    at = [0.1, 0.3, 0.5, 0.7, 0.9]
    return [[x, y, 0.1 * small] for x in at for y in at] + [[0.2, 0.2, 0.1 * (sqrt(2) - 1) * small]]


def solve(instance):
    slack = 1e-9
    return {"circles": [[(1 + slack) * c - slack / 2 for c in (x, y)] + [(1 + slack) * r + slack / 2] for x, y, r in grid()]}


# EVOLVE-BLOCK-END
