# EVOLVE-BLOCK-START
"""A layout with one qubit too few."""


def solve(instance):
    layout = list(range(instance["qubits"] - 1))
    return {"initial_layout": layout, "gates": [], "final_layout": layout}

# EVOLVE-BLOCK-END
