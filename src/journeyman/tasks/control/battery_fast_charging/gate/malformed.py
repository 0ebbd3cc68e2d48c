# EVOLVE-BLOCK-START
"""A number is missing."""


def solve(instance):
    return {"current_c": [0.2] * 28}


# EVOLVE-BLOCK-END
