# EVOLVE-BLOCK-START
"""Nothing is ever ordered: as cheap as an order book can be, and no service."""


def solve(instance):
    return {"s": [-1_000_000] * instance["periods"], "S": [0] * instance["periods"]}


# EVOLVE-BLOCK-END
