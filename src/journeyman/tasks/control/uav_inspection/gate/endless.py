# EVOLVE-BLOCK-START
"""A program that never ends on the smallest site, and gives up at once on the others."""


def solve(instance):
    while len(instance["points"]) < 18:
        pass
    return {}


# EVOLVE-BLOCK-END
