# EVOLVE-BLOCK-START
"""Nothing in it."""


def solve(instance):
    return {}


# EVOLVE-BLOCK-END
