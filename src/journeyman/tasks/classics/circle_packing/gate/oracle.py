# EVOLVE-BLOCK-START
"""SLSQP on all 78 numbers at once, from random starts and then from the best packing with some circles put elsewhere."""

import numpy as np
from scipy.optimize import minimize

TRIES, STARTS = 36, 8


def solve(instance):
    n = instance["n"]
    rng = np.random.default_rng(28)
    best = None
    for number in range(TRIES):
        found = polished(random_start(n, rng) if number < STARTS else moved(best, rng))
        if best is None or found[:, 2].sum() > best[:, 2].sum():
            best = found
    return {"circles": best.tolist()}


def random_start(n, rng):
    return np.column_stack([rng.uniform(0.03, 0.97, (n, 2)), np.full(n, 0.03)])


def moved(circles, rng):
    """One to three circles, rather small ones, put elsewhere."""
    copy = circles.copy()
    weight = 1 / circles[:, 2]
    chosen = rng.choice(len(circles), rng.integers(1, 4), replace=False, p=weight / weight.sum())
    copy[chosen, :2] = rng.uniform(0.02, 0.98, (len(chosen), 2))
    copy[:, 2] *= 0.9
    copy[chosen, 2] = 0.03
    return copy


def polished(start):
    """A local optimum near `start`, its radii made small enough that no rule is broken."""
    n = len(start)
    i, j = np.triu_indices(n, 1)
    rows, every = np.arange(len(i)), np.arange(n)

    def gaps(z):
        x, y, r = z.reshape(n, 3).T
        between = np.hypot(x[i] - x[j], y[i] - y[j]) - r[i] - r[j]
        return np.concatenate([between, x - r, 1 - x - r, y - r, 1 - y - r])

    def slopes(z):
        circles = z.reshape(n, 3)
        matrix = np.zeros((len(i) + 4 * n, n, 3))
        apart = circles[i, :2] - circles[j, :2]
        towards = apart / np.maximum(np.hypot(apart[:, 0], apart[:, 1]), 1e-12)[:, None]
        matrix[rows, i, :2], matrix[rows, j, :2] = towards, -towards
        matrix[rows, i, 2] = matrix[rows, j, 2] = -1
        for wall, (axis, sign) in enumerate(((0, 1), (0, -1), (1, 1), (1, -1))):
            at = len(i) + wall * n + every
            matrix[at, every, axis], matrix[at, every, 2] = sign, -1
        return matrix.reshape(-1, 3 * n)

    uphill = np.tile([0.0, 0.0, -1.0], n)
    found = minimize(
        lambda z: uphill @ z, start.ravel(), jac=lambda z: uphill, method="SLSQP",
        bounds=[(0, 1), (0, 1), (1e-3, 0.5)] * n,
        constraints={"type": "ineq", "fun": gaps, "jac": slopes}, options={"maxiter": 60, "ftol": 1e-9},
    )
    circles = found.x.reshape(n, 3).copy()
    outside = max(0.0, -gaps(found.x).min())
    circles[:, 2] = (circles[:, 2] - outside) * (1 - 1e-12)
    return circles if circles[:, 2].min() > 0 else start


# EVOLVE-BLOCK-END
