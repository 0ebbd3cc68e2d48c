# EVOLVE-BLOCK-START
"""A program that never ends on triangular towers, and gives up at once on the others."""


def solve(instance):
    while len(instance["top"]) == 3:
        pass
    return {}


# EVOLVE-BLOCK-END
