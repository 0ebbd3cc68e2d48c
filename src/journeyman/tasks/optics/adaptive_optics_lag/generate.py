"""Draw an instance: seeing, wind, star and mirror of one night, with what the site monitor believes about them.

`generate(seed)` gives an instance line. Its `bound` is the fitting error of that very stretch of turbulence, which no
controller can pass; baseline and reference are measured, which takes about five seconds. Run as a program, this file
writes the frozen splits.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from journeyman.tasks.optics.adaptive_optics_lag.loop import conditions_of, fitting_error, open_loop
from journeyman.tasks.optics.adaptive_optics_lag.reference import anchors

Array = NDArray[np.float64]
Row = dict[str, float]

# Three layers as in common site models: ground, low troposphere, jet stream. (share of Cn2, m/s), each a range.
PROFILE = (((0.5, 0.7), (5.0, 9.0)), ((0.2, 0.35), (7.0, 12.0)), ((0.08, 0.2), (10.0, 15.0)))
FRAMES, SETTLE_FRAMES, SAMPLING_HZ = 240, 40, 500.0
STROKE_UM, SLEW_UM = 2.0, 0.3
OUTER_SCALE_M = 25.0
# Chosen for spread in wind direction, delay and noise, before any controller had run on them.
DEV_SEEDS = (101, 106, 113, 115)
HELD_OUT_SEEDS = (201, 202, 204, 206, 211, 215)


def draw(seed: int) -> tuple[dict[str, object], dict[str, object]]:
    """Public and hidden part of instance `seed` (an integer >= 0), without the measured numbers."""
    rng = np.random.default_rng([seed, 2])
    between = rng.uniform
    r0 = between(0.08, 0.13)
    shares = np.array([between(*share) for share, _ in PROFILE])
    speeds = np.array([between(*speed) for _, speed in PROFILE])
    directions = between(-180, 180) + np.array([0.0, between(-60, 60), between(-120, 120)])
    layers = rows(shares / shares.sum(), speeds, directions)
    # The monitor's errors: 5 % of r0, a tenth of the shares, 7 % of the speeds, 5 degrees.
    believed = shares * (1 + 0.1 * rng.standard_normal(3))
    public: dict[str, object] = {
        "frames": FRAMES,
        "settle_frames": SETTLE_FRAMES,
        "sampling_hz": SAMPLING_HZ,
        "delay_frames": int(rng.choice([1, 2, 2])),
        "lag": round(float(between(0.15, 0.4)), 3),
        "noise_urad": round(float(np.exp(between(np.log(0.2), np.log(0.6)))), 3),
        "stroke_um": STROKE_UM,
        "slew_um": SLEW_UM,
        "outer_scale_m": OUTER_SCALE_M,
        "r0_nominal_m": round(float(r0 * (1 + 0.05 * rng.standard_normal())), 4),
        "layers_nominal": rows(
            believed / believed.sum(),
            speeds * (1 + 0.07 * rng.standard_normal(3)),
            directions + 5 * rng.standard_normal(3),
        ),
    }
    return public, {"seed": seed, "r0_m": round(float(r0), 4), "layers": layers}


def rows(shares: Array, speeds: Array, directions: Array) -> list[Row]:
    """Layers as plain dicts; the first share takes what rounding leaves, so that they add up to 1."""
    shares = np.round(shares, 3)
    shares[0] = round(1 - float(shares[1:].sum()), 3)
    wrapped = (directions + 180) % 360 - 180
    return [
        {"share": float(a), "speed_m_s": round(float(b), 2), "direction_deg": round(float(c), 1)}
        for a, b, c in zip(shares, speeds, wrapped, strict=True)
    ]


def generate(seed: int, name: str | None = None) -> dict[str, object]:
    """An instance line: name, public, hidden, and anchors with a bound (rad^2 at 1.65 um)."""
    public, hidden = draw(seed)
    conditions = conditions_of(public, hidden)
    hidden["do_nothing"] = float(f"{open_loop(conditions):.6g}")
    # a little below, so that no rounding, here or on another machine, makes it a bound that can be passed
    bound = float(f"{fitting_error(conditions) * (1 - 1e-4):.6g}")
    return {
        "name": name or f"night-{seed}",
        "public": public,
        "hidden": hidden,
        "anchors": {**anchors(conditions), "bound": bound},
    }


def write_splits(folder: Path) -> None:
    """Write dev.jsonl and held-out.jsonl; minutes."""
    for split, seeds in (("dev", DEV_SEEDS), ("held-out", HELD_OUT_SEEDS)):
        lines = [json.dumps(generate(seed, f"{split}-{i}")) for i, seed in enumerate(seeds, start=1)]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    write_splits(Path(__file__).parent / "instances")
