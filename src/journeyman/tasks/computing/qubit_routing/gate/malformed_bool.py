# EVOLVE-BLOCK-START
"""A layout in which physical qubit 1 is called True, which Python would count as 1."""


def solve(instance):
    layout = list(range(instance["qubits"]))
    layout[1] = True
    return {"initial_layout": layout, "gates": [], "final_layout": layout}

# EVOLVE-BLOCK-END
