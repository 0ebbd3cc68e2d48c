# EVOLVE-BLOCK-START
"""A truth value among the coordinates, which Python would count as 1."""


def solve(instance):
    t = [0.0, 2.0, 4.0, 6.0]
    return {"knots": {"t": t, "x": [[True, 1.0, 2.0] for _ in t]}}


# EVOLVE-BLOCK-END
