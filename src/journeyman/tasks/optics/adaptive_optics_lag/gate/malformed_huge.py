# EVOLVE-BLOCK-START
"""A whole number too long for any mirror."""

size = 0
frame = 0


def reset(spec):
    global size
    size = len(spec["actuators_m"])


def act(slopes):
    global frame
    frame += 1
    command = [0.0] * size
    command[3] = 10**400
    return command


# EVOLVE-BLOCK-END
