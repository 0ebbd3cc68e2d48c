# EVOLVE-BLOCK-START
"""Raises in the middle of the run."""

size = 0
frame = 0


def reset(spec):
    global size
    size = len(spec["actuators_m"])


def act(slopes):
    global frame
    frame += 1
    command = [0.0] * size
    if frame == 20:
        raise RuntimeError("the mirror has come loose")
    return command


# EVOLVE-BLOCK-END
