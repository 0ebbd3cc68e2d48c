# EVOLVE-BLOCK-START
"""A truth value where a number belongs."""

size = 0
frame = 0


def reset(spec):
    global size
    size = len(spec["actuators_m"])


def act(slopes):
    global frame
    frame += 1
    command = [0.0] * size
    command[3] = False
    return command


# EVOLVE-BLOCK-END
