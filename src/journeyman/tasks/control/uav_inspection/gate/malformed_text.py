# EVOLVE-BLOCK-START
"""A text among the coordinates."""


def solve(instance):
    t = [0.0, 2.0, 4.0, 6.0]
    return {"knots": {"t": t, "x": [["0.0", 0.0, 2.0] for _ in t]}}


# EVOLVE-BLOCK-END
