# EVOLVE-BLOCK-START
"""A constant current at which no lithium plates in the warm cell, but the voltage is too high near 80 %."""


def solve(instance):
    return {"current_c": [0.8 if instance["ambient_c"] > 30 else 0.3] * 29}


# EVOLVE-BLOCK-END
