# EVOLVE-BLOCK-START
"""More times than positions."""


def solve(instance):
    t = [0.0, 2.0, 4.0, 6.0]
    return {"knots": {"t": t, "x": [instance["pad"]]}}


# EVOLVE-BLOCK-END
