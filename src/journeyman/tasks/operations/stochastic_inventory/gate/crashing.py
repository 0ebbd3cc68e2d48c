# EVOLVE-BLOCK-START
"""A program that fails while it runs."""


def solve(instance):
    return {"s": instance["no such key"], "S": []}


# EVOLVE-BLOCK-END
