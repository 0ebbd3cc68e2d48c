# EVOLVE-BLOCK-START
"""An order-up-to level of sixteen digits, which would fill any memory with positions."""


def solve(instance):
    s, S = [1000] * instance["periods"], [1000] * instance["periods"]
    S[0] = 10**15
    return {"s": s, "S": S}


# EVOLVE-BLOCK-END
