# EVOLVE-BLOCK-START
"""Feasible levels, but one of them is a float, and whole."""


def solve(instance):
    s, S = [1000] * instance["periods"], [1000] * instance["periods"]
    S[1] = 1000.0
    return {"s": s, "S": S}


# EVOLVE-BLOCK-END
