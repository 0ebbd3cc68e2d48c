import math

# EVOLVE-BLOCK-START
def place(customers, k, side):
    return [[True, "50"] for _ in range(k)]


# EVOLVE-BLOCK-END


def solve(instance):
    return {"depots": place(instance["customers"], instance["k"], instance["side_km"])}
