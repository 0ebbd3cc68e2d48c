"""The tank and its inflow. Everything random comes from the instance's hidden seed."""

import math
import random

AREA_M2 = 2.0
STEP_S = 1.0
NOISE_M = 0.002


def inflow(hidden, steps):
    """Inflow in m³/s at each step: a slow wave, steps now and then, never below zero."""
    rng = random.Random(hidden["seed"])
    level, flows = hidden["mean_m3_s"], []
    for step in range(steps):
        if rng.random() < 0.03:
            level = hidden["mean_m3_s"] * rng.uniform(0.6, 1.4)
        wave = 1 + 0.15 * math.sin(2 * math.pi * step / hidden["period_s"])
        flows.append(max(0.0, level * wave))
    return flows


def episode(public, hidden, act):
    """Levels in m over the episode, with `act(measured level)` at the valve."""
    rng = random.Random(hidden["seed"] + 1)
    level, levels = public["set_point_m"], []
    for flow in inflow(hidden, public["steps"]):
        valve = act(level + rng.gauss(0.0, NOISE_M))
        outflow = valve * public["capacity_m3_s"] * math.sqrt(max(level, 0.0))
        level += STEP_S * (flow - outflow) / AREA_M2
        levels.append(level)
    return levels


def rms_error(public, levels):
    """Root mean square of level minus set point, in m."""
    return math.sqrt(sum((level - public["set_point_m"]) ** 2 for level in levels) / len(levels))
