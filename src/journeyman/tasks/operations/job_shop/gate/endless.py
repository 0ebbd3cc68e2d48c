# EVOLVE-BLOCK-START
"""A program that never ends on small shops, and gives up at once on the others."""


def solve(instance):
    while instance["jobs"] < 10:
        pass
    return {}


# EVOLVE-BLOCK-END
