# EVOLVE-BLOCK-START
"""A gate that the device does not have and that would do a SWAP at once."""


def solve(instance):
    layout = list(range(instance["qubits"]))
    return {"initial_layout": layout, "gates": [["swap", 0, 1]], "final_layout": layout}

# EVOLVE-BLOCK-END
