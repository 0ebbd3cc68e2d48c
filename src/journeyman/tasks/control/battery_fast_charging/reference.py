"""The reference of the fast charge: sequential linear programming on the 29 currents, with the verifier's own model.

    python -m journeyman.tasks.control.battery_fast_charging.reference --instances instances/dev.jsonl

prints one JSON object for each instance (minutes, baseline, CPU seconds, simulations). The baseline is the best constant
current, found by bisection. From currents that fall with the state of charge, each round simulates the charge once for each
knot with a slightly larger current there, which gives the slope of voltage, anode potential and temperature at every sample.
A linear program then asks for the currents that shorten the charge most while the linearised limits hold, within a box (the
trust region); it is asked again with the limits as the step really left them (a second-order correction), and the step is
taken if time plus a penalty for the worst violation falls, else tried in a smaller box (R. Fletcher, E. Sainz de la Maza:
Nonlinear programming and nonsmooth optimization by successive linear programming. Mathematical Programming 43 (1989)
235-256). At the end all currents are lowered by the little that makes every limit hold without its tolerance.

`--write` stores anchors in the file, `--designs FILE` the designs. Anchors are frozen so, offline: no verdict runs this.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from journeyman.tasks.control.battery_fast_charging.cell import SOC_FIRST, SOC_LAST, Array, Cell
from journeyman.tasks.control.battery_fast_charging.limits import Limits, nearest, rooms
from journeyman.tasks.control.battery_fast_charging.profile import KNOTS, profile_of
from journeyman.tasks.control.battery_fast_charging.spme import Discretised, Trace, discretise, model, solve

# What an anchor found by this module is called in the hidden part of an instance line.
SEARCHED = "sequential linear programming"

# Scales of the three limits: what counts as equally large a violation.
SCALES = (1e-3, 1e-3, 0.1)  # V, V, K
NUDGE = 0.004  # relative step of the difference quotients
BOX, LEAST_BOX = 0.25, 0.002  # of the trust region: relative change of a current
PENALTY = 0.02  # share of the time that one scaled unit past a limit counts for
ROUNDS = 30
COARSE = (10, 20, 1e-5, 1e-6)  # mesh and tolerances for the slopes
DIGITS = 5  # of a design's C-rates


@dataclass
class Charger:
    """One instance as a function of the C-rates, and how often it was simulated."""

    cell: Cell
    limits: Limits
    bounds: tuple[float, float]
    simulations: int = field(default=0)

    @classmethod
    def of(cls, public: dict[str, Any]) -> Charger:
        """From an instance's public part."""
        return cls(Cell.of(public), Limits.of(public), (public["current_min_c"], public["current_max_c"]))

    def minutes(self, current_c: Array) -> float:
        """Length of the charge."""
        return profile_of(current_c, self.cell.capacity_ah).minutes

    def trace(self, current_c: Array, *, coarse: bool = False) -> Trace | None:
        """The complete simulated charge, on a coarse mesh if asked for; None where the cell breaks down."""
        self.simulations += 1
        profile = profile_of(current_c, self.cell.capacity_ah)
        found = solve(coarse_model() if coarse else model(), self.cell, profile)
        return found if found is not None and found.complete else None

    def room(self, current_c: Array) -> float:
        """The least room to any limit, scaled; negative past a limit, minus infinity where the cell breaks down."""
        trace = self.trace(current_c)
        if trace is None:
            return -math.inf
        return min(low.room / scale for low, scale in zip(nearest(self.limits, trace), SCALES, strict=True))

    def samples(self, current_c: Array, *, coarse: bool = False) -> Array | None:
        """Scaled room to the three limits at every sample, one after another; None where the cell breaks down."""
        trace = self.trace(current_c, coarse=coarse)
        if trace is None:
            return None
        return np.concatenate(
            [room / scale for room, scale in zip(rooms(self.limits, trace), SCALES, strict=True)]
        )


@functools.cache
def coarse_model() -> Discretised:
    """The same model on a coarse mesh: three times as quick, and its slopes are good enough."""
    return discretise("SPMe", *COARSE)


def constant_current(charger: Charger) -> Array:
    """The largest constant C-rate that keeps every limit, by bisection, down to 0.0001 C; (29,)."""
    low, high = charger.bounds
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if charger.room(np.full(KNOTS, middle)) >= 0 else (low, middle)
    return np.full(KNOTS, math.floor(low * 1e4) / 1e4)


def eased(charger: Charger, current_c: Array) -> Array:
    """The currents, all lowered by the smallest common share (of up to half) that makes them keep every limit."""
    if charger.room(current_c) >= 0:
        return current_c
    low, high = 0.0, 0.5  # shares taken off: `high` is enough
    while high - low > 2e-6:
        middle = min((low + high) / 2, 8 * low + 1e-4)
        low, high = (low, middle) if charger.room(current_c * (1 - middle)) >= 0 else (middle, high)
    return np.asarray(current_c * (1 - high))


def slopes(charger: Charger, current_c: Array) -> Array:
    """(samples, 29): change of the scaled rooms with the logarithm of each current, by difference quotients."""
    base = charger.samples(current_c, coarse=True)
    columns = []
    for k in range(KNOTS):
        nudged = current_c.copy()
        nudged[k] *= 1 + NUDGE
        found = charger.samples(nudged, coarse=True)
        if found is None or base is None:
            raise ValueError(f"the cell breaks down at a current of {nudged[k]:g} C at knot {k}")
        columns.append((found - base) / math.log1p(NUDGE))
    return np.array(columns).T


def best_step(charger: Charger, current_c: Array, room: Array, matrix: Array, box: float) -> Array:
    """The step of the logarithms within `box` that the linearised problem asks for.

    `room` (samples,) is what is left where the step is zero. A common slack lets limits be passed at the price `PENALTY`.
    """
    from scipy.optimize import linprog

    minutes = charger.minutes(current_c)
    unit = np.eye(KNOTS)
    gradient = np.array(
        [(charger.minutes(current_c * np.exp(1e-5 * row)) - minutes) / 1e-5 for row in unit]
    )
    low = np.maximum(-box, np.log(charger.bounds[0] / current_c))
    high = np.minimum(box, np.log(charger.bounds[1] / current_c))
    near = room < 1.2 * box * np.abs(matrix).sum(axis=1)
    rows = np.column_stack([-matrix[near], -np.ones(int(near.sum()))])
    program = linprog(
        np.append(gradient, PENALTY * minutes),
        A_ub=rows,
        b_ub=room[near],
        bounds=[*zip(low, high, strict=True), (0.0, None)],
        method="highs",
    )
    if program.x is None:
        raise ValueError(f"the linear program has no solution: {program.message}")
    return np.asarray(program.x[:-1])


def merit(charger: Charger, current_c: Array, room: Array) -> float:
    """Minutes, raised by `PENALTY` for each unit by which the worst limit is passed."""
    return charger.minutes(current_c) * (1 + PENALTY * max(0.0, -float(room.min())))


def improve(charger: Charger, current_c: Array, *, rounds: int = ROUNDS) -> Array:
    """The currents after sequential linear programming from `current_c`; they keep every limit."""
    box = BOX
    room = charger.samples(current_c)
    assert room is not None
    for _ in range(rounds):
        matrix = slopes(charger, current_c)
        before = merit(charger, current_c, room)
        moved = False
        while box >= LEAST_BOX and not moved:
            step = best_step(charger, current_c, room, matrix, box)
            found = charger.samples(current_c * np.exp(step))
            if found is not None:  # once more, with the limits as they are at the end of the step
                step = best_step(charger, current_c, found - matrix @ step, matrix, box)
                found = charger.samples(current_c * np.exp(step))
            moved = found is not None and merit(charger, current_c * np.exp(step), found) < before
            if moved and found is not None:
                current_c, room = current_c * np.exp(step), found
            else:
                box /= 2
        if not moved or before - merit(charger, current_c, room) < 2e-5 * before:
            break
    return eased(charger, current_c)


@dataclass(frozen=True)
class Solution:
    """The best profile found, its minutes and those of the best constant current, and what both cost."""

    current_c: list[float]
    minutes: float
    baseline_minutes: float
    seconds: float
    simulations: int


def search(public: dict[str, Any]) -> Solution:
    """The reference of one instance; `seconds` are of the process's CPU time. Raises MissingExtra without PyBaMM."""
    began = time.process_time()
    charger = Charger.of(public)
    constant = constant_current(charger)
    falling = np.linspace(2.0, 0.7, KNOTS) * constant[0]
    best = improve(charger, eased(charger, falling))
    rounded = np.floor(best * 10**DIGITS) / 10**DIGITS
    if charger.room(rounded) < 0:
        rounded = np.floor(best * (1 - 1e-5) * 10**DIGITS) / 10**DIGITS
    if charger.room(rounded) < 0:
        raise ValueError("the rounded profile breaks a limit")
    return Solution(
        rounded.tolist(),
        charger.minutes(rounded),
        charger.minutes(constant),
        time.process_time() - began,
        charger.simulations,
    )


def anchored(line: dict[str, Any], solution: Solution) -> dict[str, Any]:
    """The instance line with the two anchors and the bound."""
    anchors = {
        "baseline": solution.baseline_minutes,
        "reference": solution.minutes,
        "bound": bound_minutes(line["public"]),
    }
    hidden = {**line["hidden"], "reference_kind": SEARCHED, "seconds": round(solution.seconds, 1)}
    return {**line, "hidden": hidden, "anchors": anchors}


def bound_minutes(public: dict[str, Any]) -> float:
    """70 % of the capacity at the largest current that may be asked for: no profile is shorter."""
    return 60 * (SOC_LAST - SOC_FIRST) / float(public["current_max_c"])


def main() -> None:
    parser = argparse.ArgumentParser(description="Optimise the charge of a file's instances and print the results as JSON.")
    folder = Path(__file__).parent / "instances"
    parser.add_argument("--instances", type=Path, default=folder / "dev.jsonl")
    parser.add_argument("--only", help="name of one instance")
    parser.add_argument("--write", action="store_true", help="store the results as anchors in the file")
    parser.add_argument("--designs", type=Path, help="store the designs in this file")
    arguments = parser.parse_args()

    lines = [json.loads(text) for text in arguments.instances.read_text().splitlines()]
    designs = []
    for i, line in enumerate(lines):
        if arguments.only not in (None, line["name"]):
            continue
        solution = search(line["public"])
        result = {"instance": line["name"], "minutes": solution.minutes, "baseline": solution.baseline_minutes}
        print(
            json.dumps(result | {"cpu_s": round(solution.seconds, 1), "simulations": solution.simulations}), flush=True
        )
        lines[i] = anchored(line, solution)
        designs.append({"instance": line["name"], "design": {"current_c": solution.current_c}})
    if arguments.write:
        arguments.instances.write_text(json_lines(lines))
    if arguments.designs:
        arguments.designs.write_text(json_lines(designs))


def json_lines(rows: list[dict[str, Any]]) -> str:
    """One compact JSON object a line."""
    return "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)


if __name__ == "__main__":
    main()
