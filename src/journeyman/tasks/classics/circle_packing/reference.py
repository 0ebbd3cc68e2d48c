"""The classical reference: SLSQP from many random starts, then from the best packing with some circles moved elsewhere.

    python -m journeyman.tasks.classics.circle_packing.reference --starts 30 --moves 400 --seed 1

prints one JSON object: sum of radii, contacts, CPU seconds; `--write FILE` stores the packing as a design line. It goes in
three steps.

1. `locally_best`: from given circles, SLSQP over all 3n numbers at once, with every wall and every pair as a smooth
   constraint. It takes a tenth of a second, and ends in one of very many local optima.
2. `search`: many starts at random; then the best packing so far with a few circles taken out and put elsewhere, again and
   again, each followed by step 1. The small circles in the wrong holes are what keeps a local optimum from a better one.
3. `exactly_valid`: SLSQP ends within about 1e-12 of the constraints, on either side. Newton's method on those that hold with
   equality brings all of them to a rounding error, and then the radii shrink by multiples of 1e-16 until the exact check of
   `packing` finds nothing.

No verdict runs this module: its result is stored in `designs/` and its sum frozen as the anchor.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from journeyman.tasks.classics.circle_packing.packing import (
    Circle,
    first_fault,
    total_radius,
    touching_pairs,
    touching_walls,
)

Array = NDArray[np.float64]

# Sign of the centre's coordinate and its index in each wall's constraint: x - r, 1 - x - r, y - r, 1 - y - r >= 0.
WALLS = ((0, 1.0, 0.0), (0, -1.0, 1.0), (1, 1.0, 0.0), (1, -1.0, 1.0))
FIRST_RADIUS = 0.03  # of a circle that is put somewhere new
SMALLEST_RADIUS = 1e-3
SLACK_OF_SLSQP = 1e-7  # a result further outside than this is none


def gaps(circles: Array, pairs: tuple[NDArray[np.intp], NDArray[np.intp]]) -> Array:
    """All constraints, feasible where >= 0: distance minus radii for each of `pairs`, then the four walls; side lengths."""
    i, j = pairs
    x, y, r = circles.T
    between = np.hypot(x[i] - x[j], y[i] - y[j]) - r[i] - r[j]
    return np.concatenate([between, *(sign * circles[:, axis] + at - r for axis, sign, at in WALLS)])


def slopes(circles: Array, pairs: tuple[NDArray[np.intp], NDArray[np.intp]]) -> Array:
    """The derivatives of `gaps`, one row a constraint, columns (x0, y0, r0, x1, ...)."""
    i, j = pairs
    n, count = len(circles), len(i)
    rows, every = np.arange(count), np.arange(n)
    matrix = np.zeros((count + 4 * n, n, 3))
    apart = circles[i, :2] - circles[j, :2]
    towards = apart / np.maximum(np.hypot(apart[:, 0], apart[:, 1]), 1e-12)[:, None]
    matrix[rows, i, :2] = towards
    matrix[rows, j, :2] = -towards
    matrix[rows, i, 2] = matrix[rows, j, 2] = -1
    for number, (axis, sign, _) in enumerate(WALLS):
        at = count + number * n + every
        matrix[at, every, axis] = sign
        matrix[at, every, 2] = -1
    return matrix.reshape(-1, 3 * n)


def locally_best(circles: Array) -> Array | None:
    """The packing SLSQP reaches from `circles` (n, 3), feasible to about 1e-12; None where it ends outside the rules."""
    from scipy.optimize import minimize

    n = len(circles)
    pairs = np.triu_indices(n, 1)
    uphill = np.tile([0.0, 0.0, -1.0], n)
    found = minimize(
        lambda z: uphill @ z,
        circles.ravel(),
        jac=lambda z: uphill,
        bounds=[(0, 1), (0, 1), (SMALLEST_RADIUS, 0.5)] * n,
        constraints={
            "type": "ineq",
            "fun": lambda z: gaps(z.reshape(n, 3), pairs),
            "jac": lambda z: slopes(z.reshape(n, 3), pairs),
        },
        method="SLSQP",
        options={"maxiter": 200, "ftol": 1e-12},
    )
    packed: Array = found.x.reshape(n, 3)
    return packed if gaps(packed, pairs).min() > -SLACK_OF_SLSQP else None


def moved(circles: Array, rng: np.random.Generator) -> Array:
    """A copy with one to three circles, rather small ones than large ones, put elsewhere, and the others shaken a little."""
    copy = circles.copy()
    copy[:, :2] += rng.normal(0, rng.choice([0.0, 0.01, 0.03]), copy[:, :2].shape)
    weight = 1 / circles[:, 2]
    chosen = rng.choice(len(circles), rng.integers(1, min(4, len(circles) + 1)), replace=False, p=weight / weight.sum())
    copy[chosen, :2] = rng.uniform(0.02, 0.98, (len(chosen), 2))
    copy[chosen, 2] = FIRST_RADIUS
    copy[:, 2] *= 0.9
    copy[:, :2] = np.clip(copy[:, :2], 0.01, 0.99)
    return copy


def search(n: int, starts: int, moves: int, seed: int) -> tuple[Array, list[float]]:
    """The best packing of `starts` random starts and `moves` moves from the best so far, and the best sum after each try."""
    rng = np.random.default_rng(seed)
    best: Array | None = None
    history: list[float] = []
    for number in range(starts + moves):
        if number < starts or best is None:
            begun = np.column_stack([rng.uniform(0.03, 0.97, (n, 2)), np.full(n, FIRST_RADIUS)])
        else:
            begun = moved(best, rng)
        found = locally_best(begun)
        if found is not None and (best is None or found[:, 2].sum() > best[:, 2].sum()):
            best = found
        history.append(0.0 if best is None else float(best[:, 2].sum()))
    if best is None:
        raise ValueError(f"none of {starts + moves} tries ended in a feasible packing of {n} circles")
    return best, history


def sharpened(circles: Array) -> Array:
    """The packing in which the constraints that hold within 1e-7 hold to rounding error: Newton's method, least squares.

    At a local optimum there are most often as many of them as unknowns, so that they alone decide where all circles are.
    """
    n = len(circles)
    pairs = np.triu_indices(n, 1)
    active = np.abs(gaps(circles, pairs)) < SLACK_OF_SLSQP
    for _ in range(5):
        step, *_ = np.linalg.lstsq(slopes(circles, pairs)[active], -gaps(circles, pairs)[active], rcond=None)
        circles = circles + step.reshape(n, 3)
    return circles


def exactly_valid(circles: Array) -> list[Circle]:
    """The same circles with all radii smaller by the least multiple of 1e-16 with which the exact check passes."""
    less = 0.0
    while True:
        design = [(float(x), float(y), float(r - less)) for x, y, r in circles]
        if first_fault(design) is None:
            return design
        less += 1e-16 if less < 1e-14 else less


def design_line(name: str, circles: list[Circle]) -> dict[str, Any]:
    """A line of designs/dev.jsonl."""
    return {"instance": name, "design": {"circles": [list(circle) for circle in circles]}}


def main() -> None:
    parser = argparse.ArgumentParser(description="Pack circles by SLSQP from many starts; print the result as JSON.")
    parser.add_argument("--circles", type=int, default=26, help="how many")
    parser.add_argument("--starts", type=int, default=30, help="random starts")
    parser.add_argument("--moves", type=int, default=400, help="tries from the best packing with some circles moved")
    parser.add_argument("--seed", type=int, default=1, help="random seed")
    parser.add_argument("--write", type=Path, help="store the packing as the one line of this file")
    arguments = parser.parse_args()
    began = time.process_time()
    best, history = search(arguments.circles, arguments.starts, arguments.moves, arguments.seed)
    circles = exactly_valid(sharpened(best))
    seconds = time.process_time() - began
    print(
        json.dumps(
            {
                "circles": arguments.circles,
                "sum": total_radius(circles),
                "after_starts": history[arguments.starts - 1] if arguments.starts else None,
                "found_in_try": 1 + next(i for i, s in enumerate(history) if s > history[-1] - 1e-9),
                "touching_pairs": len(touching_pairs(circles)),
                "touching_walls": len(touching_walls(circles)),
                "cpu_seconds": round(seconds, 1),
            }
        )
    )
    if arguments.write:
        arguments.write.write_text(json.dumps(design_line(f"n{arguments.circles}", circles)) + "\n")


if __name__ == "__main__":
    main()
