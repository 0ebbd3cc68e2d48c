# EVOLVE-BLOCK-START
"""For each dev cell the constant current that passes a limit by one and a half times its tolerance, below a millivolt."""


def solve(instance):
    current = {10.0: 0.33691, 24.0: 0.60500, 35.0: 0.76762}
    return {"current_c": [current.get(instance["ambient_c"], 0.3)] * 29}


# EVOLVE-BLOCK-END
