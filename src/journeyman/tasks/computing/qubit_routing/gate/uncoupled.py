# EVOLVE-BLOCK-START
"""The given circuit as it stands, as if every pair of qubits were coupled."""


def solve(instance):
    layout = list(range(instance["qubits"]))
    return {"initial_layout": layout, "gates": instance["gates"], "final_layout": layout}

# EVOLVE-BLOCK-END
