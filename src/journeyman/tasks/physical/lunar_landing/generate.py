"""The instances: seven missions written down by hand, and fresh ones drawn from a seed.

    python -m journeyman.tasks.physical.lunar_landing.generate --seeds 1 2 3 > instances.jsonl

The baseline of every instance is `baseline`: direct flights of about three days each way, as Apollo's were, by shooting
from a two-body guess. The reference of a fresh instance is the best of a grid of direct flights, so that a score there is
higher than the same mission would get against the long search of `reference.py`.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

from journeyman.tasks.physical.lunar_landing.mission import Mission, Plan, fly
from journeyman.tasks.physical.lunar_landing.shooting import direct

# What a candidate may spend on one instance, as it is told; the same number as `cpu_s` in task.toml.
CPU_LIMIT_S = 5

# Speed above the slowest ellipse, m/s, that makes a flight of about three days.
THREE_DAYS = 18.0

COLUMNS = (
    "launch_kg", "launch_slope", "c3_range", "parking_altitude_km", "isp_s", "dry_kg", "tank_kg", "consumables_kg_day",
    "lunar_altitude_km", "stay_days", "hold_m_s_day", "interface_altitude_km", "entry_angle_deg", "mission_days",
    "earth_floor_km", "moon_floor_km", "farthest_km",
)  # fmt: skip

# fmt: off
DEV = {
    "sortie": (36500.0, 1300.0, (-20.0, 1.0), 185.0, 314.0, 15000.0, 17800.0, 24.0,
               (105.0, 115.0), (3.0, 4.5), 0.5, 122.0, (5.8, 6.8), 17.0, 150.0, 30.0, 600000.0),
    "survey": (25000.0, 1000.0, (-20.0, 1.0), 400.0, 306.0, 10000.0, 12600.0, 26.0,
               (95.0, 105.0), (6.0, 8.0), 0.6, 120.0, (5.5, 6.5), 26.0, 160.0, 30.0, 600000.0),
    "outpost": (28500.0, 900.0, (-16.0, 1.0), 250.0, 326.0, 11500.0, 12400.0, 30.0,
                (55.0, 65.0), (10.0, 12.0), 1.2, 122.0, (6.0, 7.0), 24.0, 150.0, 25.0, 600000.0),
}
HELD_OUT = {
    "relay": (31000.0, 1100.0, (-20.0, 1.0), 300.0, 316.0, 12500.0, 14900.0, 22.0,
              (145.0, 155.0), (4.0, 5.5), 0.3, 122.0, (5.7, 6.7), 20.0, 160.0, 30.0, 600000.0),
    "descent": (24000.0, 850.0, (-18.0, 1.0), 200.0, 330.0, 9500.0, 10600.0, 20.0,
                (75.0, 85.0), (7.0, 9.0), 0.8, 120.0, (5.9, 6.9), 22.0, 150.0, 25.0, 600000.0),
    "quick": (40500.0, 1500.0, (-20.0, 1.0), 185.0, 311.0, 17000.0, 19500.0, 34.0,
              (95.0, 105.0), (2.0, 3.5), 0.5, 122.0, (6.2, 7.0), 13.0, 150.0, 30.0, 500000.0),
    "long": (27000.0, 1050.0, (-14.0, 1.0), 450.0, 342.0, 11000.0, 11200.0, 18.0,
             (115.0, 125.0), (13.0, 15.0), 0.4, 120.0, (5.6, 6.4), 32.0, 170.0, 30.0, 700000.0),
}
# fmt: on


def public(values: tuple[Any, ...]) -> dict[str, Any]:
    """The public part of an instance from its numbers in the order of COLUMNS."""
    named = {k: list(v) if isinstance(v, tuple) else v for k, v in zip(COLUMNS, values, strict=True)}
    return named | {"cpu_limit_s": CPU_LIMIT_S}


def payload(plan: Plan, out_above: float, home_above: float, sense: int) -> float | None:
    """Payload (kg) of a mission of two direct flights; None if there is no such mission."""
    design = direct(plan, out_above, home_above, sense)
    mission = None if design is None else fly(plan, design)
    return mission.budget.payload if isinstance(mission, Mission) else None


def baseline(plan: Plan) -> float:
    """Payload (kg) of three-day flights to a clockwise orbit and back."""
    found = payload(plan, THREE_DAYS, THREE_DAYS, -1)
    if found is None:
        raise ValueError("there is no three-day mission in this instance")
    return found


def best_direct(plan: Plan) -> float:
    """Payload (kg) of the best mission of two direct flights on a grid of speeds, in both senses."""
    tries = [payload(plan, above, above, sense) for above in (0.0, 0.5, 1.0, 2.0, 4.0, 8.0) for sense in (1, -1)]
    return max(found for found in tries if found is not None)


def generate(seed: int) -> dict[str, Any]:
    """One fresh instance line for any integer seed; equal seeds give equal lines.

    The tank holds about a quarter more than a direct flight would need.
    """
    rng = np.random.default_rng(abs(seed) * 2 + (seed < 0))
    dry = float(np.round(rng.uniform(9000, 17000), -2))
    isp = float(np.round(rng.uniform(305, 345)))
    altitude = float(np.round(rng.uniform(60, 180)))
    stay = float(np.round(rng.uniform(2, 14)))
    entry = float(np.round(rng.uniform(5.5, 6.2), 1))
    parking = float(np.round(rng.uniform(185, 450)))
    launch = float(np.round(2.45 * dry, -2))
    line = public((
        launch, float(np.round(launch * rng.uniform(0.03, 0.042), -1)), (-20.0, 1.0), parking, isp,
        dry, float(np.round(dry * (310 / isp) ** 1.5 * rng.uniform(1.1, 1.25), -2)),
        float(np.round(rng.uniform(18, 32))), (altitude - 5, altitude + 5), (stay, stay + 1.5),
        float(np.round(rng.uniform(0.3, 1.2), 1)), 122.0, (entry, entry + 1.0), stay + 15.0,
        150.0, 25.0, 600000.0,
    ))  # fmt: skip
    plan = Plan.of(line)
    anchors = {"baseline": baseline(plan), "reference": best_direct(plan)}
    return {
        "name": f"fresh-{seed}",
        "public": line,
        "hidden": {"reference_kind": "best of a grid of direct flights"},
        "anchors": anchors,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Print fresh instance lines (JSON).")
    parser.add_argument(
        "--seeds", type=int, nargs="+", required=True, help="one instance for each of these integers"
    )
    for seed in parser.parse_args().seeds:
        print(json.dumps(generate(seed), separators=(",", ":")))


if __name__ == "__main__":
    main()
