# EVOLVE-BLOCK-START
"""Numbers written as text."""


def solve(instance):
    return {"current_c": ["0.2"] * 29}


# EVOLVE-BLOCK-END
