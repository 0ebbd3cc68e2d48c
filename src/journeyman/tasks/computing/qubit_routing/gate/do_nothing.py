# EVOLVE-BLOCK-START
"""The empty circuit: no gate, no error, and not what was asked for."""


def solve(instance):
    layout = list(range(instance["qubits"]))
    return {"initial_layout": layout, "gates": [], "final_layout": layout}

# EVOLVE-BLOCK-END
