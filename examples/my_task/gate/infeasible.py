import math

# EVOLVE-BLOCK-START
def place(customers, k, side):
    return [[2 * side, 2 * side + 10 * i] for i in range(k)]


# EVOLVE-BLOCK-END


def solve(instance):
    return {"depots": place(instance["customers"], instance["k"], instance["side_km"])}
