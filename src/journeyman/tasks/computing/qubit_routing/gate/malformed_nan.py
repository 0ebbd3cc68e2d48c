# EVOLVE-BLOCK-START
"""An angle that is not a number: no comparison with it is ever true, so a careless check finds nothing wrong."""


def solve(instance):
    layout = list(range(instance["qubits"]))
    return {"initial_layout": layout, "gates": [["rz", 0, float("nan")]], "final_layout": layout}

# EVOLVE-BLOCK-END
