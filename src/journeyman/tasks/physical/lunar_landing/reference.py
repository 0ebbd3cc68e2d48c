"""The classical reference: a search over families of flights, each refined by CMA-ES around shooting.

    python -m journeyman.tasks.physical.lunar_landing.reference --split dev --seconds 80 --out designs.jsonl

prints one JSON object for each instance (payload in kg, CPU seconds, the family). A family is the sense of the lunar orbit
and the number of turns on a first, lower ellipse about the Earth, which the launcher reaches more cheaply and from whose
perigee the ship's engine goes on to the Moon. For each family a grid of launch energies gives a start; CMA-ES then varies
launch energy, place and direction of the perigee burn, one burn in mid-course on each way, the energies of both ways, the
altitude of the lunar orbit and the angle of entry. In each trial the phase at the Earth is found by the secant method,
so that both perilunes are met. The time is shared by successive halving: all families first, the better half again.

N. Hansen, A. Ostermeier: Completely derandomized self-adaptation in evolution strategies. Evolutionary Computation 9 (2001)
159-195. Anchors were frozen this way, offline: no verdict ever runs this module.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cmaes
import msgspec
import numpy as np

from journeyman.tasks.physical.lunar_landing.mission import Design, Mission, Plan, fly
from journeyman.tasks.physical.lunar_landing.shooting import (
    Flight,
    Turn,
    assemble,
    entry_perigee_km,
    guess,
    shoot,
    slowest_m_s,
)
from journeyman.tasks.physical.lunar_landing.system import DAYS, MOON_RADIUS_KM, MU_EARTH

FOLDER = Path(__file__).parent

# Kept from the edges of bands, so that a design stays feasible where rounding differs: shares of altitude band and
# corridor, and days of stay and of the whole mission.
EDGE = 0.01
STAY_EDGE_DAYS = 0.002
LAST_DAYS = 0.01

# What a trial without a mission costs, in kg of payload.
NONE_FOUND = -1e5


@dataclass(frozen=True)
class Family:
    """Sense of the lunar orbit (1, -1) and turns on the first ellipse."""

    sense: int
    turns: int


@dataclass(frozen=True)
class Axis:
    """One number of the search: its range and the width with which it begins."""

    name: str
    low: float
    high: float
    width: float


AXES = (
    Axis("c3", -14.0, -1.0, 0.5),  # km^2/s^2
    Axis("early", -0.05, 0.05, 0.002),  # the perigee burn before (-) or after the perigee, in turns of the ellipse
    Axis("left", -200.0, 200.0, 5.0),  # m/s across the velocity at the perigee burn
    Axis("above", -12.0, 40.0, 1.0),  # m/s over the slowest ellipse to the Moon
    Axis("wait", 0.1, 5.0, 0.5),  # days to the burn in mid-course
    Axis("along", -150.0, 150.0, 3.0),  # m/s
    Axis("across", -150.0, 150.0, 3.0),
    Axis("altitude", EDGE, 1 - EDGE, 0.1),  # share of the band
    Axis("home_above", -12.0, 40.0, 1.0),
    Axis("home_wait", 0.1, 5.0, 0.5),
    Axis("home_along", -150.0, 150.0, 3.0),
    Axis("home_across", -150.0, 150.0, 3.0),
    Axis("entry", EDGE, 1 - EDGE, 0.1),
)


@dataclass
class Trial:
    """The best point of a family so far, with where its phases lay against the two-body guess."""

    family: Family
    point: dict[str, float]
    payload: float = NONE_FOUND
    design: Design | None = None
    offsets: tuple[float | None, float | None] = field(default=(None, None))


def families(plan: Plan) -> Iterator[Trial]:
    """The starts: for each family the best launch energy of a grid."""
    for sense in (1, -1):
        for turns in (0, 1, 2):
            best: Trial | None = None
            for c3 in (0.0,) if turns == 0 else np.arange(-3.5, plan.c3_range[0], -0.5):
                for above in (0.0, 2.0, 5.0):
                    point = {axis.name: 0.0 for axis in AXES} | {
                        "c3": float(c3), "above": above, "home_above": above, "wait": 1.5, "home_wait": 1.5,
                        "altitude": 0.5, "entry": 0.5,
                    }  # fmt: skip
                    trial = attempt(plan, Trial(Family(sense, turns), point), point)
                    if trial is not None and (best is None or trial.payload > best.payload):
                        best = trial
                    if best is not None and trial is not None and trial.payload < best.payload - 1500:
                        break
            if best is not None:
                yield best


def attempt(plan: Plan, parent: Trial, point: dict[str, float]) -> Trial | None:
    """Fly a point of the search; None if it gives no mission."""
    family = parent.family
    low, high = plan.lunar_altitude_km
    orbit = MOON_RADIUS_KM + low + point["altitude"] * (high - low)
    out = outbound(plan, family, point, orbit, parent.offsets[0])
    if out is None:
        return None
    home = homeward(plan, family, point, orbit, parent.offsets[1])
    if home is None:
        return None
    # Asked for a little earlier than counted, so that no rounding makes it a turn later.
    counted = fly(plan, assemble(out[0], home[0], plan.stay_days[0] + STAY_EDGE_DAYS))
    if not isinstance(counted, Mission):
        return None
    design = assemble(out[0], home[0], plan.stay_days[0] + STAY_EDGE_DAYS / 2)
    late = max(0.0, counted.days + LAST_DAYS - plan.mission_days)
    return Trial(family, point, counted.budget.payload - 1000 * late, design, (out[1], home[1]))


def outbound(
    plan: Plan, family: Family, point: dict[str, float], orbit: float, offset: float | None
) -> tuple[Flight, float] | None:
    """The flight out of a point, and by how much its phase differs from the two-body guess."""
    radius = plan.parking_radius_km
    speed = slowest_m_s(radius) + point["above"]
    turns: list[Turn] = []
    shift = 0.0
    start = speed
    if family.turns:
        c3 = point["c3"]
        start = 1e3 * math.sqrt(c3 + 2 * MU_EARTH / radius)
        period = 2 * math.pi * math.sqrt((-MU_EARTH / c3) ** 3 / MU_EARTH) / 86400
        wait = (family.turns + point["early"]) * period
        turns.append((wait, speed - start, point["left"]))
        shift = wait / DAYS
    if math.hypot(point["along"], point["across"]) > 0.05:
        turns.append((point["wait"], point["along"], point["across"]))
    centre = guess(radius, speed) + shift
    return _shot(radius, start, orbit, family.sense, turns, centre, offset, plan)


def homeward(
    plan: Plan, family: Family, point: dict[str, float], orbit: float, offset: float | None
) -> tuple[Flight, float] | None:
    """The mirror image of the flight home of a point, and its phase against the two-body guess."""
    low, high = plan.entry_angle_deg
    angle = low + point["entry"] * (high - low)
    radius = entry_perigee_km(angle, plan.interface_altitude_km, point["home_above"])
    speed = slowest_m_s(radius) + point["home_above"]
    turns: list[Turn] = []
    if math.hypot(point["home_along"], point["home_across"]) > 0.05:
        turns.append((point["home_wait"], point["home_along"], point["home_across"]))
    return _shot(radius, speed, orbit, family.sense, turns, guess(radius, speed), offset, None)


def _shot(
    radius: float, speed: float, orbit: float, sense: int, turns: list[Turn], centre: float, offset: float | None,
    plan: Plan | None,
) -> tuple[Flight, float] | None:  # fmt: skip
    near = None if offset is None else centre + offset
    flight = shoot(radius, speed, orbit, sense, turns=turns, near=near)
    return None if flight is None else (flight, flight.phase - centre)


def refine(plan: Plan, start: Trial, seconds: float, seed: int) -> Trial:
    """CMA-ES around a trial for so many CPU seconds."""
    began = time.process_time()
    names = [axis.name for axis in AXES if start.family.turns or axis.name not in ("c3", "early", "left")]
    axes = [axis for axis in AXES if axis.name in names]
    scale = np.array([axis.width for axis in axes])
    mean = np.array([start.point[axis.name] for axis in axes]) / scale
    bounds = np.array([[axis.low, axis.high] for axis in axes]) / scale[:, None]
    strategy = cmaes.CMA(mean=mean, sigma=0.5, bounds=bounds, seed=seed, n_max_resampling=20)
    best = start
    while time.process_time() - began < seconds and not strategy.should_stop():
        told = []
        for _ in range(strategy.population_size):
            x = strategy.ask()
            point = start.point | dict(zip(names, (x * scale).tolist(), strict=True))
            trial = attempt(plan, best, point)
            told.append((x, -(NONE_FOUND if trial is None else trial.payload)))
            if trial is not None and trial.payload > best.payload:
                best = trial
        strategy.tell(told)
    return best


def solve(public: dict[str, Any], seconds: float, *, seed: int = 0) -> tuple[Trial, Mission]:
    """The best mission that is found for an instance's public part within about `seconds` of CPU time."""
    plan = Plan.of(public)
    began = time.process_time()
    alive = list(families(plan))
    rounds = max(1, math.ceil(math.log2(len(alive))) + 1)
    share = max(1.0, seconds - (time.process_time() - began)) / rounds
    for k in range(rounds):
        alive = [refine(plan, trial, share / len(alive), seed + k) for trial in alive]
        alive.sort(key=lambda trial: -trial.payload)
        alive = alive[: max(1, (len(alive) + 1) // 2)]
    best = alive[0]
    assert best.design is not None
    mission = fly(plan, best.design)
    if not isinstance(mission, Mission):
        raise ValueError(f"the reference's own design is refused: {mission.reason}")
    return best, mission


def main() -> None:
    parser = argparse.ArgumentParser(description="Search the missions of a split and print the results as JSON.")
    parser.add_argument("--split", choices=("dev", "held-out"), default="dev")
    parser.add_argument("--instances", nargs="*", help="names; all of the split by default")
    parser.add_argument("--seconds", type=float, default=60, help="CPU seconds for each instance")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="append designs to this file, one JSON object a line")
    arguments = parser.parse_args()
    for text in (FOLDER / "instances" / f"{arguments.split}.jsonl").read_text().splitlines():
        line = json.loads(text)
        if arguments.instances and line["name"] not in arguments.instances:
            continue
        began = time.process_time()
        trial, mission = solve(line["public"], arguments.seconds, seed=arguments.seed)
        used = time.process_time() - began
        print(
            json.dumps({
                "instance": line["name"], "payload": mission.budget.payload, "cpu_s": round(used, 1),
                "sense": trial.family.sense, "turns": trial.family.turns, "days": round(mission.days, 3),
                "point": {k: round(v, 5) for k, v in trial.point.items()},
            }),
            flush=True,
        )  # fmt: skip
        if arguments.out:
            stored = {"instance": line["name"], "design": msgspec.to_builtins(trial.design)}
            with arguments.out.open("a") as file:
                file.write(json.dumps(stored) + "\n")


if __name__ == "__main__":
    main()
