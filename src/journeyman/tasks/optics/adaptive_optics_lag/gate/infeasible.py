# EVOLVE-BLOCK-START
"""Walks within the slew limit until the stroke is exceeded."""

spec = {}
level = 0.0


def reset(given):
    spec.update(given)


def act(slopes):
    global level
    level += spec["slew_um"]
    return [level] * len(spec["actuators_m"])


# EVOLVE-BLOCK-END
