# EVOLVE-BLOCK-START
"""Circles too small to meet: valid, and worth nothing."""


def solve(instance):
    return {"circles": [[(k + 1) / (instance["n"] + 1), 0.5, 1e-300] for k in range(instance["n"])]}


# EVOLVE-BLOCK-END
