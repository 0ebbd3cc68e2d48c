# task: optics/adaptive_optics_lag
# attack: commands beyond the stroke, as numbers so large that squares overflow
# contained-at: namespaces restricted none
# expect: not-ok
# says: 1e\+300|command|stroke|limit|beyond
count = 0


def reset(spec):
    global count
    count = len(spec["actuators_m"])


def act(slopes):
    return [1e300] * count
