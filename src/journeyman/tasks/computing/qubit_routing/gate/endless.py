# EVOLVE-BLOCK-START
"""A program that never ends on circuits with few one-qubit gates, and gives up at once on the others."""


def solve(instance):
    while sum(gate[0] == "x" or gate[0] == "sx" for gate in instance["gates"]) < 20:
        pass
    return {}

# EVOLVE-BLOCK-END
