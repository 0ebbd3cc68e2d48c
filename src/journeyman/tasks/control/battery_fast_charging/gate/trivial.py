# EVOLVE-BLOCK-START
"""Crawl at a fifth of the capacity an hour: feasible everywhere, and far below the baseline."""


def solve(instance):
    return {"current_c": [0.2] * 29}


# EVOLVE-BLOCK-END
