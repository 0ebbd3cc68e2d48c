"""The classical reference: a search over families of flights, each refined by CMA-ES around shooting.

    python -m journeyman.tasks.physical.lunar_landing.reference --split dev --seconds 40 --out designs.jsonl

prints one JSON object for each instance (payload in kg, CPU seconds, the family). A family is the sense of the lunar orbit
and the number of turns on a first, lower ellipse about the Earth, which the launcher reaches more cheaply and from whose
perigee the ship's engine goes on to the Moon. For each family a grid of launch energies gives a start. CMA-ES then varies
the way home (energy, angle of entry, one burn in mid-course), and the way out (launch energy, place and direction of the
perigee burn, energy, one burn in mid-course) for that way home; the two meet in the lunar orbit only, which lies at the
upper edge of its band, where capture and leaving are cheapest. In each trial the phase at the Earth is found by the secant
method, so that the perilune is met. The time is shared in three rounds: all families first, then the best third, again.

N. Hansen, A. Ostermeier: Completely derandomized self-adaptation in evolution strategies. Evolutionary Computation 9 (2001)
159-195. Anchors were frozen this way, offline: no verdict ever runs this module.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass
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

# Kept from the edges, so that a design stays feasible where rounding differs: a share of altitude band and corridor, and
# days of stay and of the whole mission.
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


HOMEWARD = (
    Axis("home_above", -12.0, 40.0, 1.0),  # m/s over the slowest ellipse to the Moon
    Axis("home_wait", 0.1, 5.0, 0.5),  # days from the perigee to the burn in mid-course, on the mirror image
    Axis("home_along", -150.0, 150.0, 3.0),  # m/s along the velocity
    Axis("home_across", -150.0, 150.0, 3.0),
    Axis("entry", EDGE, 1 - EDGE, 0.2),  # share of the corridor
)
OUTBOUND = (
    Axis("c3", -14.0, -1.0, 0.5),  # km^2/s^2
    Axis("early", -0.05, 0.05, 0.002),  # the perigee burn before (-) or after the perigee, in turns of the ellipse
    Axis("left", -200.0, 200.0, 5.0),  # m/s across the velocity at the perigee burn
    Axis("above", -12.0, 40.0, 1.0),
    Axis("wait", 0.1, 5.0, 0.5),
    Axis("along", -150.0, 150.0, 3.0),
    Axis("across", -150.0, 150.0, 3.0),
)
START = {"home_wait": 1.5, "home_along": 0.0, "home_across": 0.0, "entry": 0.5, "c3": 0.0, "early": 0.0, "left": 0.0,
         "above": 0.0, "wait": 1.5, "along": 0.0, "across": 0.0}  # fmt: skip
SLOWEST = (0.0, 1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Shot:
    """A flight, and by how much its phase differs from the two-body guess: where to look for its neighbours."""

    flight: Flight
    offset: float


@dataclass(frozen=True)
class Trial:
    """A mission of the search: its family, the numbers it was made from, its two flights and its payload in kg."""

    family: Family
    point: dict[str, float]
    out: Shot
    home: Shot
    payload: float


def orbit_km(plan: Plan) -> float:
    """Radius of the lunar orbit: just below the upper edge of the band."""
    low, high = plan.lunar_altitude_km
    return MOON_RADIUS_KM + high - EDGE * (high - low)


def design_of(plan: Plan, trial: Trial) -> Design:
    """The design of a trial. It asks for a little less than the stay that was counted, so that no rounding adds a turn."""
    return assemble(trial.out.flight, trial.home.flight, plan.stay_days[0] + STAY_EDGE_DAYS / 2)


def weighed(plan: Plan, family: Family, point: dict[str, float], out: Shot | None, home: Shot | None) -> Trial | None:
    """The trial of two flights; None if they make no mission. Each day beyond the limit costs 1000 kg."""
    if out is None or home is None:
        return None
    counted = fly(plan, assemble(out.flight, home.flight, plan.stay_days[0] + STAY_EDGE_DAYS))
    if not isinstance(counted, Mission):
        return None
    late = max(0.0, counted.days + LAST_DAYS - plan.mission_days)
    return Trial(family, point, out, home, counted.budget.payload - 1000 * late)


def outbound(plan: Plan, family: Family, point: dict[str, float], like: Shot | None) -> Shot | None:
    """The flight out of a point."""
    radius = plan.parking_radius_km
    start = speed = slowest_m_s(radius) + point["above"]
    turns: list[Turn] = []
    if family.turns:
        c3 = point["c3"]
        start = 1e3 * math.sqrt(c3 + 2 * MU_EARTH / radius)
        period = 2 * math.pi * math.sqrt((-MU_EARTH / c3) ** 3 / MU_EARTH) / 86400
        turns.append(((family.turns + point["early"]) * period, speed - start, point["left"]))
    centre = guess(radius, speed) + sum(days for days, _, _ in turns) / DAYS
    turns += mid_course(point["wait"], point["along"], point["across"])
    return shot(radius, start, orbit_km(plan), family.sense, turns, centre, like)


def homeward(plan: Plan, sense: int, point: dict[str, float], like: Shot | None) -> Shot | None:
    """The mirror image of the flight home of a point."""
    low, high = plan.entry_angle_deg
    angle = low + point["entry"] * (high - low)
    radius = entry_perigee_km(angle, plan.interface_altitude_km, point["home_above"])
    speed = slowest_m_s(radius) + point["home_above"]
    turns = mid_course(point["home_wait"], point["home_along"], point["home_across"])
    return shot(radius, speed, orbit_km(plan), sense, turns, guess(radius, speed), like)


def mid_course(wait: float, along: float, across: float) -> list[Turn]:
    """A burn on the way, left out where it is next to nothing."""
    return [(wait, along, across)] if math.hypot(along, across) > 0.05 else []


def shot(
    radius: float, speed: float, orbit: float, sense: int, turns: list[Turn], centre: float, like: Shot | None
) -> Shot | None:
    """A flight near the one that it is like, or else wherever there is one."""
    near = None if like is None else centre + like.offset
    flight = shoot(radius, speed, orbit, sense, turns=turns, near=near)
    return None if flight is None else Shot(flight, flight.phase - centre)


def direct(plan: Plan, sense: int) -> Trial | None:
    """The best mission of two direct flights on a small grid of speeds."""
    tries = []
    for above in SLOWEST:
        point = START | {"above": above, "home_above": above}
        family = Family(sense, 0)
        tries.append(
            weighed(plan, family, point, outbound(plan, family, point, None), homeward(plan, sense, point, None))
        )
    return max((t for t in tries if t is not None), key=lambda t: t.payload, default=None)


def families(plan: Plan, base: Trial) -> list[Trial]:
    """One start for each number of turns, of the sense of `base` and with its way home."""
    starts = [base]
    for turns in (1, 2):
        family = Family(base.family.sense, turns)
        tries = []
        for c3 in np.arange(-4.0, plan.c3_range[0], -1.0):
            for above in SLOWEST:
                point = base.point | {"above": above, "c3": float(c3)}
                trial = weighed(plan, family, point, outbound(plan, family, point, None), base.home)
                if trial is not None:
                    tries.append(trial)
                    break
            if len(tries) > 2 and tries[-1].payload < max(t.payload for t in tries) - 1000:
                break
        if tries:
            starts.append(max(tries, key=lambda t: t.payload))
    return starts


def refine(plan: Plan, start: Trial, home: bool, seconds: float, seed: int) -> Trial:
    """CMA-ES around a trial, on its way home or on its way out, for so many CPU seconds."""
    began = time.process_time()
    axes = HOMEWARD if home else OUTBOUND if start.family.turns else OUTBOUND[3:]
    scale = np.array([axis.width for axis in axes])
    mean = np.array([start.point[axis.name] for axis in axes]) / scale
    bounds = np.array([[axis.low, axis.high] for axis in axes]) / scale[:, None]
    strategy = cmaes.CMA(mean=mean, sigma=0.5, bounds=bounds, seed=seed)
    best = start
    while time.process_time() - began < seconds and not strategy.should_stop():
        told = []
        for _ in range(strategy.population_size):
            x = strategy.ask()
            named = zip((axis.name for axis in axes), (x * scale).tolist(), strict=True)
            point = best.point | dict(named)
            if home:
                back = homeward(plan, start.family.sense, point, best.home)
                trial = weighed(plan, start.family, point, best.out, back)
            else:
                trial = weighed(plan, start.family, point, outbound(plan, start.family, point, best.out), best.home)
            told.append((x, -(NONE_FOUND if trial is None else trial.payload)))
            if trial is not None and trial.payload > best.payload:
                best = trial
        strategy.tell(told)
    return best


def solve(public: dict[str, Any], seconds: float, *, seed: int = 0) -> tuple[Trial, Mission]:
    """The best mission that is found for an instance's public part within about `seconds` of CPU time."""
    plan = Plan.of(public)
    bases = [trial for sense in (1, -1) if (trial := direct(plan, sense)) is not None]
    bases = [refine(plan, base, True, 0.12 * seconds, seed) for base in bases]
    alive = [start for base in bases for start in families(plan, base)]
    for k in range(3):
        alive = [refine(plan, trial, False, 0.2 * seconds / len(alive), seed + k) for trial in alive]
        alive.sort(key=lambda trial: -trial.payload)
        alive = alive[: max(1, len(alive) // 3)]
    best = refine(plan, alive[0], True, 0.08 * seconds, seed + 9)
    mission = fly(plan, design_of(plan, best))
    if not isinstance(mission, Mission):
        raise ValueError(f"the reference's own design is refused: {mission.reason}")
    return best, mission


def main() -> None:
    parser = argparse.ArgumentParser(description="Search the missions of a split and print the results as JSON.")
    parser.add_argument("--split", choices=("dev", "held-out"), default="dev")
    parser.add_argument("--instances", nargs="*", help="names; all of the split by default")
    parser.add_argument("--seconds", type=float, default=40, help="CPU seconds for each instance")
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
            stored = {"instance": line["name"], "design": msgspec.to_builtins(design_of(Plan.of(line["public"]), trial))}
            with arguments.out.open("a") as file:
                file.write(json.dumps(stored) + "\n")


if __name__ == "__main__":
    main()
