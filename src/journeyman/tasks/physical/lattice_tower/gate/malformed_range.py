# EVOLVE-BLOCK-START
"""Number -1 and a number past the catalogue's end: a careless look-up would take the last tube for the first of them."""


def solve(instance):
    section = [len(instance["sections_mm"]) - 1] * len(instance["groups"])
    section[0] = -1
    section[1] = len(instance["sections_mm"])
    return {"section": section}


# EVOLVE-BLOCK-END
