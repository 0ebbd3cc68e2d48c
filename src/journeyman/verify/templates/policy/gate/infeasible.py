# EVOLVE-BLOCK-START
GAIN = 1.0  # tune: 0.1 .. 20.0
INTEGRAL = 0.0  # tune: 0.0 .. 1.0
SLOPE = 0.0  # tune: 0.0 .. 40.0
BIAS = 0.5  # tune: 0.0 .. 1.0

state = {}


def reset(spec):
    state.update(spec, total=0.0, last=spec["set_point_m"])
    return


def act(level_m):
    return 0.0  # the tank overflows


# EVOLVE-BLOCK-END
