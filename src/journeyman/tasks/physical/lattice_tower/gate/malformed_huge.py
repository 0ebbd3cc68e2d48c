# EVOLVE-BLOCK-START
"""A list far longer than any tower has groups, with a number that no machine word holds."""


def solve(instance):
    return {"section": [0] * 100000 + [10**30]}


# EVOLVE-BLOCK-END
