# EVOLVE-BLOCK-START
"""A command that is one number short."""

size = 0


def reset(spec):
    global size
    size = len(spec["actuators_m"])


def act(slopes):
    return [0.0] * (size - 1)


# EVOLVE-BLOCK-END
