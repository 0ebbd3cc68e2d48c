# EVOLVE-BLOCK-START
"""Times that run backwards."""


def solve(instance):
    return {"knots": {"t": [0.0, 4.0, 3.0, 6.0], "x": [instance["pad"]] * 4}}


# EVOLVE-BLOCK-END
