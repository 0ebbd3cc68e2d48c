# EVOLVE-BLOCK-START
"""One group is missing."""


def solve(instance):
    return {"section": [len(instance["sections_mm"]) - 1] * (len(instance["groups"]) - 1)}


# EVOLVE-BLOCK-END
