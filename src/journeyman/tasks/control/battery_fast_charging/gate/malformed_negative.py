# EVOLVE-BLOCK-START
"""A rest in the middle: the charge would never end."""


def solve(instance):
    return {"current_c": [0.2] * 14 + [0.0] + [0.2] * 14}


# EVOLVE-BLOCK-END
