"""Fresh instances and their anchors, from a seed."""

import random

from plant import AREA_M2, STEP_S, episode, rms_error


def controller(public, gain, integral, slope, bias=0.5):
    """A PID valve controller around the set point, as a function of the measured level."""
    total, last = 0.0, public["set_point_m"]

    def act(level):
        nonlocal total, last
        error = level - public["set_point_m"]
        total, change, last = total + error, level - last, level
        return min(1.0, max(0.0, bias + gain * error + integral * total + slope * change))

    return act


def generate(seed: int) -> dict:
    """One line of instances/*.jsonl."""
    rng = random.Random(seed)
    public = {"set_point_m": 1.5, "capacity_m3_s": 0.12, "area_m2": AREA_M2, "step_s": STEP_S, "steps": 300}
    hidden = {"seed": seed, "mean_m3_s": round(rng.uniform(0.04, 0.08), 4), "period_s": rng.randint(60, 150)}

    def reached(*gains):
        return rms_error(public, episode(public, hidden, controller(public, *gains)))

    grid = [(g, i, s) for g in (2, 5, 10, 15) for i in (0.05, 0.2, 0.5) for s in (0.0, 2.0, 5.0)]
    anchors = {
        "baseline": round(reached(1.0, 0.0, 0.0), 6),
        "reference": round(min(reached(*g) for g in grid), 6),
    }
    return {"name": f"tank-{seed}", "public": public, "hidden": hidden, "anchors": anchors}
