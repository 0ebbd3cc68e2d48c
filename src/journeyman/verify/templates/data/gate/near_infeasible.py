import math

# EVOLVE-BLOCK-START
def place(customers, k, side):
    # All depots are well apart but for the last two, which miss the separation of 5 km by a millimetre.
    depots = [[side * (i + 1) / (k + 1), side / 2] for i in range(k)]
    depots[-1] = [depots[-2][0], depots[-2][1] + 5.0 - 1e-6]
    return depots


# EVOLVE-BLOCK-END


def solve(instance):
    return {"depots": place(instance["customers"], instance["k"], instance["side_km"])}
