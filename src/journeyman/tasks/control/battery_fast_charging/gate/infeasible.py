# EVOLVE-BLOCK-START
"""Twice the current that the cells can take: lithium plates, or the electrolyte is drained."""


def solve(instance):
    return {"current_c": [1.6] * 29}


# EVOLVE-BLOCK-END
