# EVOLVE-BLOCK-START
"""Levels for one period too few."""


def solve(instance):
    s, S = [1000] * instance["periods"], [1000] * instance["periods"]
    s.pop()
    return {"s": s, "S": S}


# EVOLVE-BLOCK-END
