# EVOLVE-BLOCK-START
"""Predicts the wavefront at the command's arrival from the last frames, with the site monitor's statistics."""

import math

import numpy as np

HISTORY = 8
WAVES = 700
BATCHES = 2
state = {}


def waves(spec, share, rng):
    """Frequencies (cycles/m) and powers (um^2) of a von Karman layer, one wave a ring."""
    r0 = spec["r0_nominal_m"] * share ** (-3 / 5)
    knee = spec["outer_scale_m"] ** -2
    edges = np.concatenate([[0.0], np.geomspace(2e-3, 15.0, WAVES)])
    scale = 0.0229 * r0 ** (-5 / 3) * 6 * math.pi / 5 * (0.5 / (2 * math.pi)) ** 2
    power = scale * -np.diff((edges**2 + knee) ** (-5 / 6))
    radius = edges[:-1] + np.diff(edges) * rng.random(WAVES)
    angle = 2 * math.pi * rng.random() + math.pi * (3 - math.sqrt(5)) * np.arange(WAVES)
    return radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]), power


def instrument(spec):
    """The mirror's best shape for a wavefront on a pixel grid of our own, and the pixels."""
    step = spec["pitch_m"] / 3
    line = (np.arange(24) - 11.5) * step
    points = np.array([(x, y) for y in line for x in line])
    points = points[np.hypot(*points.T) <= spec["diameter_m"] / 2]
    actuators = np.array(spec["actuators_m"])
    distance = np.linalg.norm(points[:, None] - actuators[None], axis=2)
    influence = spec["coupling"] ** ((distance / spec["pitch_m"]) ** 2)
    return points, np.linalg.pinv(influence - influence.mean(axis=0), rcond=1e-4)


def reset(spec):
    interaction = np.array(spec["interaction"])
    points, projection = instrument(spec)
    centres = np.array(spec["subapertures_m"])
    count, pitch = len(interaction), spec["pitch_m"]
    among = np.zeros((HISTORY, count, count))
    ahead = np.zeros((HISTORY, len(projection), count))
    rng = np.random.default_rng(0)
    for layer in spec["layers_nominal"]:
        angle = math.radians(layer["direction_deg"])
        wind = layer["speed_m_s"] * np.array([math.cos(angle), math.sin(angle)])
        for _ in range(BATCHES):
            frequency, power = waves(spec, layer["share"], rng)
            weight = np.sqrt(power / BATCHES)
            blur = np.sinc(frequency[:, 0] * pitch) * np.sinc(frequency[:, 1] * pitch)
            local = np.exp(2j * math.pi * centres @ frequency.T) * blur * weight
            seen = np.concatenate([2j * math.pi * frequency[:, axis] * local for axis in (0, 1)])
            best = projection @ (np.exp(2j * math.pi * points @ frequency.T) * weight)
            turn = -2 * math.pi * (frequency @ wind) / spec["sampling_hz"]
            for age in range(HISTORY):
                late = seen * np.exp(1j * turn * age)
                among[age] += late.real @ seen.real.T + late.imag @ seen.imag.T
                later = best * np.exp(1j * turn * (age + spec["delay_frames"]))
                ahead[age] += later.real @ seen.real.T + later.imag @ seen.imag.T
    blocks = [[among[j - i] if j >= i else among[i - j].T for j in range(HISTORY)] for i in range(HISTORY)]
    matrix = np.block(blocks) + spec["noise_urad"] ** 2 * np.eye(HISTORY * count)
    right = ahead.transpose(0, 2, 1).reshape(HISTORY * count, -1)
    zero = np.zeros(len(projection))
    state.update(
        spec=spec,
        interaction=interaction,
        predictor=np.linalg.solve(matrix, right).T,
        measured=np.zeros((HISTORY, count)),
        pending=[zero] * spec["delay_frames"],
        position=zero,
        command=zero,
    )


def act(slopes):
    spec, lag = state["spec"], state["spec"]["lag"]
    position = state["position"] = lag * state["position"] + (1 - lag) * state["pending"].pop(0)
    measured = state["measured"] = np.roll(state["measured"], 1, axis=0)
    measured[0] = np.array(slopes) + state["interaction"] @ position
    for command in state["pending"]:
        position = lag * position + (1 - lag) * command
    wanted = (state["predictor"] @ measured.ravel() - lag * position) / (1 - lag)
    step = np.clip(wanted - state["command"], -spec["slew_um"], spec["slew_um"])
    state["command"] = np.clip(state["command"] + step, -spec["stroke_um"], spec["stroke_um"])
    state["pending"].append(state["command"])
    return state["command"].tolist()


# EVOLVE-BLOCK-END
