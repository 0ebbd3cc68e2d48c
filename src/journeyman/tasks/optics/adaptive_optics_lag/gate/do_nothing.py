# EVOLVE-BLOCK-START
"""A flat mirror: breaks no limit, corrects nothing."""

size = 0


def reset(spec):
    global size
    size = len(spec["actuators_m"])


def act(slopes):
    return [0.0] * size


# EVOLVE-BLOCK-END
