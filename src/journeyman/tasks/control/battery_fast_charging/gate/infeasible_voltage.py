# EVOLVE-BLOCK-START
"""A constant current that no lithium plates at while the cell is warm, but that is over the voltage near 80 %."""


def solve(instance):
    return {"current_c": [0.95 if instance["ambient_c"] > 30 else 0.3] * 29}


# EVOLVE-BLOCK-END
