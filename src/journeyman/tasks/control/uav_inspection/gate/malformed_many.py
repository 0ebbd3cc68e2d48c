# EVOLVE-BLOCK-START
"""A knot more than may be."""


def solve(instance):
    n = instance["limits"]["knots"] + 1
    return {"knots": {"t": [0.5 * k for k in range(n)], "x": [instance["pad"]] * n}}


# EVOLVE-BLOCK-END
