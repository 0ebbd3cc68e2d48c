"""The classical reference of the inspection flight: a tour by local search, then its trajectory by gradients.

    python -m journeyman.tasks.control.uav_inspection.reference --instances instances/dev.jsonl

prints one JSON object for each instance (energy, CPU seconds). Steps:

1. Energies of all legs are estimated, and an iterated local search (Or-opt, 2-opt, double bridge) gives a few good orders.
2. The seed program's own functions make a first flight of each order, at a brisk pace.
3. Its knots and times are optimised together: energy plus weighted squared excesses over all limits, L-BFGS with exact
   gradients of the whole model, the weight raised in rounds. The best order after a short run gets the long one.
4. Where the verifier's own rules still find a fault, the margins are widened and the last round is repeated.

`--write` stores a result that beats the anchor as `reference`, and for the dev split the flight itself in designs/.
"""

from __future__ import annotations

import argparse
import json
import runpy
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize

from journeyman.errors import MissingExtra
from journeyman.tasks.control.uav_inspection.flight import fly
from journeyman.tasks.control.uav_inspection.order import good_orders, leg_costs
from journeyman.tasks.control.uav_inspection.rules import Knots, flight_fault, knot_fault
from journeyman.tasks.control.uav_inspection.site import Site
from journeyman.tasks.control.uav_inspection.spline import Array

if TYPE_CHECKING:
    from journeyman.tasks.control.uav_inspection.smooth import Course, Margins

FOLDER = Path(__file__).parent

# The seed program's numbers for the first flight of an order.
BRISK = {
    "CRUISE": 7.0, "WITH_WIND": 0.4, "ACCELERATION": 2.5, "TURNING": 2.5, "PASSING": 0.8, "ROUNDING": 4.0, "CLEARANCE": 1.6,
}  # fmt: skip


@dataclass(frozen=True)
class Solution:
    """A feasible flight, its energy (kJ), its order of points and the CPU seconds it took to find."""

    t: Array
    x: Array
    energy_kj: float
    order: list[int]
    cpu_s: float

    @property
    def design(self) -> dict[str, Any]:
        """The flight as a candidate would return it, rounded to what decides."""
        return {"knots": {"t": np.round(self.t, 6).tolist(), "x": np.round(self.x, 5).tolist()}}


def seed_program(**numbers: float) -> dict[str, Any]:
    """The functions of seed.py, with other numbers in place of its own."""
    program = runpy.run_path(str(FOLDER / "seed.py"))
    program["solve"].__globals__.update(numbers)
    functions: dict[str, Any] = program["solve"].__globals__
    return functions


def solve(
    public: dict[str, Any],
    *,
    orders: int = 3,
    short: int = 100,
    long: int = 350,
    seed: int = 0,
    say: Callable[[str], None] | None = None,
) -> Solution:
    """The best flight found for an instance's public part. Raises MissingExtra where PyTorch is not installed.

    `orders` are tried with `short` iterations a round each; the best one gets `long` iterations a round.
    """
    try:
        import torch  # noqa: F401
    except ImportError:
        raise MissingExtra(
            "the inspection flight's reference needs PyTorch, which is not installed: pip install 'journeyman[distill]'"
        ) from None
    from journeyman.tasks.control.uav_inspection.smooth import Margins

    began = time.process_time()
    site, program = Site.of(public), seed_program(**BRISK)
    costs = leg_costs(site, lambda a, b: program["leg"](public, a, b))
    nearest = [i + 1 for i in program["visiting_order"](public)]
    tried: list[tuple[float, Course, Array, list[int]]] = []
    for tour in good_orders(costs, nearest, rounds=60, keep=orders, seed=seed):
        order = [i - 1 for i in tour]
        course = first_course(site, public, program, order)
        if course is None:
            continue
        z = descend(course, course.start, Margins(), (1.0, 10.0), short)
        tried.append((course.loss(z, 10.0, Margins())[0], course, z, order))
        if say:
            say(f"order {order}: {tried[-1][0]:.3f} kJ with penalties")
    if not tried:
        raise ValueError("no order of the points gave a first flight")
    _, course, z, order = min(tried, key=lambda entry: entry[0])
    margins = Margins()
    z = descend(course, z, margins, (10.0, 100.0), long)
    for _ in range(10):
        z = descend(course, z, margins, (1000.0,), long)
        t, x = course.decode(z)
        t, x = np.round(t, 6), np.round(x, 5)
        fault = knot_fault(site, Knots(t.tolist(), x.tolist())) or flight_fault(site, fly(site, t, x))
        if fault is None:
            return Solution(t, x, fly(site, t, x).energy_kj, order, time.process_time() - began)
        if say:
            say(fault)
        margins = margins.wider(1.5)
    raise ValueError(f"no feasible flight was found; the last one: {fault}")


def first_course(site: Site, public: dict[str, Any], program: dict[str, Any], order: list[int]) -> Course | None:
    """The seed program's flight in a given order, with a knot at each photograph and about one a second between."""
    from journeyman.tasks.control.uav_inspection.smooth import Course

    table = program["flight_plan"](public, order, 1.0)
    if table is None:
        return None
    path, marks, timing = table
    stops = np.concatenate([[0.0], timing[0][marks], [timing[0][-1]]])
    times, visits = [0.0], [0] * len(order)
    for k, (a, b) in enumerate(pairwise(stops.tolist())):
        inner = max(2, round((b - a) / SPACING_S))
        times += np.linspace(a, b, inner + 1)[1:].tolist()
        if k < len(order):
            visits[order[k]] = len(times) - 1
    t = np.array(times)
    return Course(site, t, program["positions"](path, timing, t), visits)


SPACING_S = 1.0


def descend(course: Course, z: Array, margins: Margins, weights: tuple[float, ...], iterations: int) -> Array:
    """L-BFGS with each penalty weight in turn."""
    for weight in weights:
        found = minimize(
            course.loss, z, args=(weight, margins), jac=True, method="L-BFGS-B",
            options={"maxiter": iterations, "maxfun": 2 * iterations, "maxcor": 30, "ftol": 1e-9},
        )  # fmt: skip
        z = found.x
    return z


def main() -> None:
    parser = argparse.ArgumentParser(description="Solve the instances of a file and print the results as JSON.")
    parser.add_argument("--instances", type=Path, default=FOLDER / "instances" / "dev.jsonl")
    parser.add_argument("--only", nargs="*", default=[], help="names of instances; default: all of the file")
    parser.add_argument("--orders", type=int, default=3, help="orders of the points that get a trajectory")
    parser.add_argument("--iterations", type=int, default=350, help="L-BFGS iterations a round, for the best order")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the search for orders")
    parser.add_argument("--write", action="store_true", help="store better results as anchors in the file")
    parser.add_argument("--verbose", action="store_true", help="print the steps")
    arguments = parser.parse_args()

    lines = [json.loads(text) for text in arguments.instances.read_text().splitlines()]
    for line in lines:
        if arguments.only and line["name"] not in arguments.only:
            continue
        solution = solve(
            line["public"], orders=arguments.orders, long=arguments.iterations, seed=arguments.seed,
            say=print if arguments.verbose else None,
        )  # fmt: skip
        result = {"instance": line["name"], "energy_kj": solution.energy_kj, "order": solution.order}
        print(json.dumps(result | {"cpu_s": round(solution.cpu_s, 1)}), flush=True)
        first = "reference_cpu_s" not in line["hidden"]
        if arguments.write and (first or solution.energy_kj < line["anchors"]["reference"]):
            line["anchors"]["reference"] = solution.energy_kj
            line["hidden"]["reference_cpu_s"] = round(solution.cpu_s, 1)
            text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
            arguments.instances.write_text(text)
            if arguments.instances.name == "dev.jsonl":
                store(line["name"], solution.design)


def store(name: str, design: dict[str, Any]) -> None:
    """Put a design into designs/dev.jsonl, in place of an older one of the same instance."""
    path = FOLDER / "designs" / "dev.jsonl"
    old = [json.loads(text) for text in path.read_text().splitlines()] if path.is_file() else []
    kept = [entry for entry in old if entry["instance"] != name] + [{"instance": name, "design": design}]
    kept.sort(key=lambda entry: str(entry["instance"]))
    path.write_text("".join(json.dumps(entry, separators=(",", ":")) + "\n" for entry in kept))


if __name__ == "__main__":
    main()
