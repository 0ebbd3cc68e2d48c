# EVOLVE-BLOCK-START
"""A number that is none, in the tenth frame."""

size = 0
frame = 0


def reset(spec):
    global size
    size = len(spec["actuators_m"])


def act(slopes):
    global frame
    frame += 1
    command = [0.0] * size
    if frame == 10:
        command[3] = float("nan")
    return command


# EVOLVE-BLOCK-END
