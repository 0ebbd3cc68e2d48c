# EVOLVE-BLOCK-START
"""Feasible levels, but one of them is False, which Python would count as 0."""


def solve(instance):
    s, S = [1000] * instance["periods"], [1000] * instance["periods"]
    s[-1] = False
    return {"s": s, "S": S}


# EVOLVE-BLOCK-END
