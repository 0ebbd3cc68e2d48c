# EVOLVE-BLOCK-START
"""The lightest tube everywhere: as light as can be, and far too weak."""


def solve(instance):
    return {"section": [0] * len(instance["groups"])}


# EVOLVE-BLOCK-END
