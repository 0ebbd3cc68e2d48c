# EVOLVE-BLOCK-START
"""A reorder level above the order-up-to level, by one unit: an order of a negative quantity."""


def solve(instance):
    s, S = [1000] * instance["periods"], [1000] * instance["periods"]
    S[2] = 999
    return {"s": s, "S": S}


# EVOLVE-BLOCK-END
