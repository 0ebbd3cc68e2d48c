"""The classical reference of the job shop: tabu search, then OR-Tools' CP-SAT from its schedule; one thread, a time limit.

    python -m journeyman.tasks.operations.job_shop.reference --seconds 120 --instances instances/held-out.jsonl

prints one JSON object for each instance (makespan, proven bound, proof, seconds). `--write` passes over instances whose
anchor is proven, and stores each result that beats the anchor in the file as that instance's `reference`. Anchors are
frozen that way, offline: no verdict ever runs this module. A wall-clock limit makes the result depend on the machine, so a
second run may differ by a few time units where optimality is not proven.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from journeyman.errors import MissingExtra
from journeyman.tasks.operations.job_shop.dispatch import spt_nondelay
from journeyman.tasks.operations.job_shop.schedule import Shop, first_fault, lower_bound, makespan
from journeyman.tasks.operations.job_shop.tabu import improve

# What an anchor found by this module is called in the hidden part of an instance line.
SEARCHED = "tabu search and CP-SAT"


@dataclass(frozen=True)
class Solution:
    """A feasible schedule `start[j][k]`, its makespan, the solver's lower bound and the seconds it took."""

    start: list[list[int]]
    makespan: int
    bound: int
    seconds: float

    @property
    def proven(self) -> bool:
        """Whether the makespan is proven to be the shortest possible."""
        return self.bound == self.makespan


def solve(public: dict[str, Any], seconds: float, *, seed: int = 0) -> Solution:
    """The best schedule of an instance's public part that two methods find within `seconds` of wall clock.

    The first half is tabu search from shortest-processing-time dispatch, which gives the better schedules; the second is
    CP-SAT from the tabu schedule, which gives bounds and proofs. Raises MissingExtra where OR-Tools is not installed.
    """
    began = time.monotonic()
    shop = Shop.of(public)
    start = improve(shop, spt_nondelay(shop), seconds=seconds / 2, target=lower_bound(shop), seed=seed)
    solution = cp_sat(public, seconds - (time.monotonic() - began), seed=seed, hint=start)
    return replace(solution, seconds=time.monotonic() - began)


def cp_sat(
    public: dict[str, Any], seconds: float, *, seed: int = 0, hint: list[list[int]] | None = None
) -> Solution:
    """The best schedule CP-SAT finds for an instance's public part within `seconds` of wall clock.

    The search starts from `hint`, a feasible schedule; by default from shortest-processing-time dispatch, so there is always
    a result. Raises MissingExtra where OR-Tools is not installed.
    """
    try:
        from ortools.sat.python import cp_model
    except ImportError:
        raise MissingExtra(
            "the job-shop reference needs OR-Tools, which is not installed: pip install 'journeyman[tasks]'"
        ) from None
    shop = Shop.of(public)
    hint = hint or spt_nondelay(shop)
    horizon = makespan(shop, hint)

    model = cp_model.CpModel()
    end = model.new_int_var(lower_bound(shop), horizon, "makespan")
    on_machine: list[list[Any]] = [[] for _ in range(shop.machines)]
    starts: list[list[Any]] = []
    for j, (machines, durations) in enumerate(zip(shop.machine, shop.duration, strict=True)):
        row: list[Any] = []
        for k, (m, p) in enumerate(zip(machines, durations, strict=True)):
            t = model.new_int_var(0, horizon - p, f"start_{j}_{k}")
            if row:
                model.add(t >= row[-1] + durations[k - 1])
            on_machine[m].append(model.new_fixed_size_interval_var(t, p, f"operation_{j}_{k}"))
            model.add_hint(t, hint[j][k])
            row.append(t)
        model.add(end >= row[-1] + durations[-1])
        starts.append(row)
    for intervals in on_machine:
        model.add_no_overlap(intervals)
    model.minimize(end)

    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.random_seed = seed
    solver.parameters.num_workers = 1
    status = solver.solve(model)
    start = hint
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        start = [[int(solver.value(t)) for t in row] for row in starts]
    fault = first_fault(shop, {"start": start})
    if fault is not None:
        raise ValueError(f"CP-SAT returned an infeasible schedule: {fault}")
    return Solution(start, makespan(shop, start), round(solver.best_objective_bound), solver.wall_time)


def anchored(line: dict[str, Any], solution: Solution) -> dict[str, Any]:
    """The instance line with what the solution adds: a first or better reference, a higher bound."""
    hidden, anchors = dict(line["hidden"]), dict(line["anchors"])
    anchors["bound"] = max(anchors["bound"], float(solution.bound))
    if hidden["reference_kind"] != SEARCHED or solution.makespan < anchors["reference"]:
        anchors["reference"] = float(solution.makespan)
        hidden |= {"reference_kind": SEARCHED, "seconds": round(solution.seconds, 1)}
    hidden["proven"] = anchors["reference"] == anchors["bound"]
    return {**line, "hidden": hidden, "anchors": anchors}


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Solve the instances of a file and print the results as JSON."
    )
    parser.add_argument("--seconds", type=float, default=60, help="wall-clock limit for each instance")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the solver")
    parser.add_argument(
        "--instances", type=Path, default=Path(__file__).parent / "instances" / "held-out.jsonl"
    )
    parser.add_argument("--write", action="store_true", help="store better results as anchors in the file")
    arguments = parser.parse_args()

    lines = [json.loads(text) for text in arguments.instances.read_text().splitlines()]
    for i, line in enumerate(lines):
        if line["hidden"].get("proven") and arguments.write:
            continue  # nothing left to find
        solution = solve(line["public"], arguments.seconds, seed=arguments.seed)
        result = {"instance": line["name"], "makespan": solution.makespan, "bound": solution.bound}
        print(
            json.dumps(result | {"proven": solution.proven, "seconds": round(solution.seconds, 1)}),
            flush=True,
        )
        if arguments.write:
            lines[i] = anchored(line, solution)
            text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
            arguments.instances.write_text(text)


if __name__ == "__main__":
    main()
