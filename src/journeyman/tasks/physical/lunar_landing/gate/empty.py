# EVOLVE-BLOCK-START
"""No mission at all."""


def solve(instance):
    return {}


# EVOLVE-BLOCK-END
