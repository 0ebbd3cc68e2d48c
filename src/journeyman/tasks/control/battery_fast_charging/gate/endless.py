# EVOLVE-BLOCK-START
"""A program that never ends in the cold, and gives up at once elsewhere."""


def solve(instance):
    while instance["ambient_c"] < 15:
        pass
    return {}


# EVOLVE-BLOCK-END
