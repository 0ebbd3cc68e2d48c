"""Fresh inspection sites: boxes on a jittered grid, points on their walls and roofs, wind, and obstacles across the legs.

    python -m journeyman.tasks.control.uav_inspection.generate --seeds 1 2 3 > instances.jsonl

The frozen instances were made by `site_of` from the seeds and sizes in `FROZEN`. A fresh instance is anchored by the seed
program (baseline) and by `quick_reference`, an energy that no flight of this site is likely to reach.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import runpy
from pathlib import Path
from typing import Any

import numpy as np

from journeyman.tasks.control.uav_inspection.rules import box_distance
from journeyman.tasks.control.uav_inspection.site import Box
from journeyman.tasks.control.uav_inspection.verifier import score
from journeyman.verify import Instance

# What a candidate may spend on one instance, as it is told; the same number as `cpu_s` in task.toml.
CPU_LIMIT_S = 5

# name: (seed, points, columns of boxes, rows of boxes, moving obstacles)
FROZEN = {
    "dev": {
        "depot-16": (11, 16, 3, 2, 4),
        "refinery-20": (12, 20, 3, 3, 5),
        "terminal-26": (13, 26, 4, 2, 5),
    },
    "held-out": {
        "works-15": (21, 15, 3, 2, 4),
        "brewery-18": (22, 18, 2, 3, 4),
        "sawmill-22": (23, 22, 4, 2, 5),
        "smelter-25": (24, 25, 3, 3, 6),
        "port-30": (25, 30, 4, 3, 6),
    },
}  # fmt: skip

ROOM_M = 2.6  # between a point and any box

# A small industrial quadrotor; the statement and task.toml say where the numbers come from.
DRONE = {
    "mass_kg": 3.77,
    "drag_area_m2": 0.08,
    "disk_area_m2": 0.518,
    "thrust_coefficient": 0.012,
    "solidity": 0.09,
    "blade_drag": 0.025,
    "induced_factor": 1.15,
    "efficiency": 0.72,
    "avionics_w": 25.0,
}

LIMITS = {
    "speed_m_s": 15.0,
    "climb_m_s": 5.0,
    "descent_m_s": 2.5,
    "thrust_min_n": 15.0,
    "thrust_max_n": 65.0,
    "tilt_deg": 30.0,
    "time_s": 900.0,
    "knots": 600,
}


def site_of(seed: int, points: int, columns: int, rows: int, obstacles: int) -> dict[str, Any]:
    """The public part of an instance; equal arguments give equal sites."""
    rng = random.Random(f"journeyman uav_inspection {seed}")
    boxes = _boxes(rng, columns, rows)
    width = max(box.high[0] for box in boxes) + 12
    depth = max(box.high[1] for box in boxes) + 12
    fence = Box((-20.0, -20.0, 1.0), (round(width + 8, 1), round(depth + 8, 1), 50.0))
    pad = (-10.0, -10.0, 2.0)
    at = _points(rng, boxes, points)
    moving = _obstacles(rng, boxes, [pad, *at], obstacles)
    return {
        "pad": pad,
        "fence": {"low": fence.low, "high": fence.high},
        "points": [{"at": p, "photo_speed_m_s": rng.choice((1.0, 1.5, 2.0, 3.0))} for p in at],
        "photo_radius_m": 1.2,
        "boxes": [{"low": box.low, "high": box.high} for box in boxes],
        "obstacles": moving,
        "wind": {
            "speed_10m_m_s": round(rng.uniform(3.0, 7.0), 2),
            "towards_deg": round(rng.uniform(0, 360), 1),
            "exponent": round(rng.uniform(0.12, 0.25), 3),
            "gusts": [
                {
                    "along": round(rng.uniform(0.05, 0.15), 3),
                    "across": round(rng.uniform(0.03, 0.1), 3),
                    "period_s": round(rng.uniform(low, high), 2),
                    "phase_rad": round(rng.uniform(0, 2 * math.pi), 3),
                }
                for low, high in ((5, 9), (12, 25), (30, 60))
            ],
        },
        "drone": DRONE,
        "limits": LIMITS,
        "air_density_kg_m3": 1.225,
        "gravity_m_s2": 9.81,
        "cpu_limit_s": CPU_LIMIT_S,
    }


def _boxes(rng: random.Random, columns: int, rows: int) -> list[Box]:
    boxes = []
    y = 0.0
    for _ in range(rows):
        x, deepest = 0.0, 0.0
        for _ in range(columns):
            a, b = rng.uniform(14, 34), rng.uniform(12, 26)
            height = rng.choice((rng.uniform(5, 12), rng.uniform(8, 20), rng.uniform(18, 36)))
            x0, y0 = x + rng.uniform(0, 4), y + rng.uniform(0, 4)
            boxes.append(
                Box((round(x0, 1), round(y0, 1), 0.0), (round(x0 + a, 1), round(y0 + b, 1), round(height, 1)))
            )
            x = x0 + a + rng.uniform(9, 16)
            deepest = max(deepest, y0 + b)
        y = deepest + rng.uniform(9, 16)
    return boxes


def _points(rng: random.Random, boxes: list[Box], count: int) -> list[tuple[float, float, float]]:
    """Points before walls and above roofs, at least ROOM_M from every box and 7 m from one another."""
    found: list[tuple[float, float, float]] = []
    while len(found) < count:
        box = boxes[len(found) % len(boxes)] if len(found) < len(boxes) else rng.choice(boxes)
        inside = [rng.uniform(low, high) for low, high in zip(box.low, box.high, strict=True)]
        off = rng.uniform(2.8, 4.5)
        face = rng.choice((0, 1, 2, 3, 3)) if len(found) % 5 else 4
        x, y, z = inside
        z = max(2.5, z)
        if face < 2:
            x = box.low[0] - off if face == 0 else box.high[0] + off
        elif face < 4:
            y = box.low[1] - off if face == 2 else box.high[1] + off
        else:
            z = box.high[2] + off
        place = (round(x, 2), round(y, 2), round(z, 2))
        clear = all(float(box_distance(b, np.array([place]))[0]) >= ROOM_M for b in boxes)
        if clear and all(math.dist(place, other) >= 7 for other in found):
            found.append(place)
    return found


def _obstacles(
    rng: random.Random, boxes: list[Box], places: list[tuple[float, float, float]], count: int
) -> list[dict[str, Any]]:
    """Spheres that swing across the middle of a free line between two places, and never come near a place or into a box."""
    made: list[dict[str, Any]] = []
    while len(made) < count:
        a, b = rng.sample(places, 2)
        length = math.dist(a[:2], b[:2])
        if not 16 <= length <= 60:
            continue
        middle = [round((p + q) / 2, 2) for p, q in zip(a, b, strict=True)]
        reach, radius = rng.uniform(6, 14), round(rng.uniform(2.0, 3.0), 2)
        across = [-(b[1] - a[1]) / length, (b[0] - a[0]) / length]
        swing = [round(reach * across[0], 2), round(reach * across[1], 2), round(rng.uniform(-1.5, 1.5), 2)]
        path = np.array(middle) + np.linspace(-1, 1, 41)[:, None] * np.array(swing)
        near = min(float(np.min(np.linalg.norm(path - np.array(p), axis=1))) for p in places)
        solid = min(float(np.min(box_distance(box, path))) for box in boxes)
        if near < radius + 2.5 or solid < 1.0 or float(np.min(path[:, 2])) < 1.0:
            continue
        made.append(
            {
                "centre": middle,
                "swing": swing,
                "period_s": round(rng.uniform(16, 36), 2),
                "phase_rad": round(rng.uniform(0, 2 * math.pi), 3),
                "radius_m": radius,
            }
        )
    return made


def baseline(public: dict[str, Any]) -> float:
    """Energy (kJ) of the seed program's flight: nearest neighbour, stop and go at 5 m/s."""
    program = runpy.run_path(str(Path(__file__).parent / "seed.py"))
    outcome = score(Instance("fresh", public=public), program["solve"](public))
    if outcome.objective is None:
        raise ValueError(f"the seed's flight breaks a rule: {outcome.feedback}")
    return outcome.objective


def generate(seed: int) -> dict[str, Any]:
    """One fresh instance line for any integer seed; equal seeds give equal lines."""
    rng = random.Random(f"journeyman uav_inspection size {seed}")
    public = site_of(seed, rng.randint(15, 30), rng.randint(3, 4), rng.randint(2, 3), rng.randint(3, 6))
    plain = baseline(public)
    return {
        "name": f"fresh-{seed}",
        "public": public,
        "hidden": {"source": f"generate.py, seed {seed}"},
        "anchors": {"baseline": plain, "reference": QUICK_SHARE * plain},
    }


# The long run reached 0.41 to 0.51 of the baselines of the frozen instances; this is a little lower.
QUICK_SHARE = 0.38


def frozen_lines(split: str) -> list[dict[str, Any]]:
    """The lines of a frozen split as they were before the reference's run: its anchor is a share of the baseline."""
    lines = []
    for name, arguments in FROZEN[split].items():
        public = json.loads(json.dumps(site_of(*arguments)))
        plain = baseline(public)
        source = f"generate.py, {name}: seed {arguments[0]}"
        anchors = {"baseline": plain, "reference": QUICK_SHARE * plain}
        lines.append({"name": name, "public": public, "hidden": {"source": source}, "anchors": anchors})
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description="Print fresh instance lines (JSON), anchored by the seed program.")
    parser.add_argument("--seeds", type=int, nargs="*", default=[], help="one instance for each of these integers")
    parser.add_argument("--frozen", choices=sorted(FROZEN), help="or the lines of a frozen split, without the long run")
    arguments = parser.parse_args()
    lines = frozen_lines(arguments.frozen) if arguments.frozen else map(generate, arguments.seeds)
    for line in lines:
        print(json.dumps(line, separators=(",", ":")))


if __name__ == "__main__":
    main()
