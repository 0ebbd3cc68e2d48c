# EVOLVE-BLOCK-START
"""A program that never ends on short horizons, and gives up at once on the others."""


def solve(instance):
    while instance["periods"] < 20:
        pass
    return {}


# EVOLVE-BLOCK-END
