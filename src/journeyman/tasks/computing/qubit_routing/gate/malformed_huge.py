# EVOLVE-BLOCK-START
"""Twenty thousand gates that undo one another."""


def solve(instance):
    layout = list(range(instance["qubits"]))
    return {"initial_layout": layout, "gates": [["x", 0]] * 20_000, "final_layout": layout}

# EVOLVE-BLOCK-END
