# EVOLVE-BLOCK-START
"""Section numbers that are whole, and floats."""


def solve(instance):
    return {"section": [float(len(instance["sections_mm"]) - 1)] * len(instance["groups"])}


# EVOLVE-BLOCK-END
