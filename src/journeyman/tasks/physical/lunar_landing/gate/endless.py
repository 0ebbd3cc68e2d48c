# EVOLVE-BLOCK-START
"""A program that never ends where the mission is short, and gives up at once otherwise."""


def solve(instance):
    while instance["mission_days"] < 20:
        pass
    return {}


# EVOLVE-BLOCK-END
