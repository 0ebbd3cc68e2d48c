# EVOLVE-BLOCK-START
GAIN = 10.0  # tune: 0.1 .. 20.0
INTEGRAL = 0.2  # tune: 0.0 .. 1.0
SLOPE = 0.0  # tune: 0.0 .. 40.0
BIAS = 0.5  # tune: 0.0 .. 1.0

state = {}


def reset(spec):
    state.update(spec, total=0.0, last=spec["set_point_m"])
    return


def act(level_m):
    error = level_m - state["set_point_m"]
    state["total"] += error * state["step_s"]
    slope = (level_m - state["last"]) / state["step_s"]
    state["last"] = level_m
    command = BIAS + GAIN * error + INTEGRAL * state["total"] + SLOPE * slope
    return min(1.0, max(0.0, command))


# EVOLVE-BLOCK-END
