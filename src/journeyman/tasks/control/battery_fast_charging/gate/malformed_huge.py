# EVOLVE-BLOCK-START
"""A current far beyond the bounds, as large as a float can be."""


def solve(instance):
    return {"current_c": [0.2] * 28 + [1.7e308]}


# EVOLVE-BLOCK-END
