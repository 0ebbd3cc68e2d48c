# EVOLVE-BLOCK-START
"""Stays on the pad for a second: cheap, and without a single photograph."""


def solve(instance):
    return {"knots": {"t": [0.0, 1.0], "x": [instance["pad"], instance["pad"]]}}


# EVOLVE-BLOCK-END
