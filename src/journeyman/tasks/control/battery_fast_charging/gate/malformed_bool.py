# EVOLVE-BLOCK-START
"""A feasible charge but for one current that is True, which Python would count as 1."""


def solve(instance):
    return {"current_c": [0.2] * 28 + [True]}


# EVOLVE-BLOCK-END
