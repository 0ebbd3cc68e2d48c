# EVOLVE-BLOCK-START
"""Thinks for ever in the fifth frame."""

size = 0
frame = 0


def reset(spec):
    global size
    size = len(spec["actuators_m"])


def act(slopes):
    global frame
    frame += 1
    command = [0.0] * size
    while frame == 5:
        pass
    return command


# EVOLVE-BLOCK-END
