# EVOLVE-BLOCK-START
"""One actuator, one frame, one step that is longer than the slew limit by twice the tolerance."""

spec = {}
frame = 0


def reset(given):
    spec.update(given)


def act(slopes):
    global frame
    command = [0.0] * len(spec["actuators_m"])
    if frame == 50:
        command[7] = spec["slew_um"] + 2e-6
    frame += 1
    return command


# EVOLVE-BLOCK-END
