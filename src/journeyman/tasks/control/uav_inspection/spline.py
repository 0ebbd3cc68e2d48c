"""A flight path as the clamped cubic spline through its knots: twice continuously differentiable, at rest at both ends.

C. de Boor: A Practical Guide to Splines, Springer 1978, chapter IV. With slopes s_k at the knots, interval lengths h_k and
chord slopes d_k, continuity of the second derivative at each inner knot says

    s_(k-1) h_k + 2 s_k (h_(k-1) + h_k) + s_(k+1) h_(k-1) = 3 (d_(k-1) h_k + d_k h_(k-1)),

and at rest means s = 0 at the first and at the last knot.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def slopes(t: Array, x: Array) -> Array:
    """Slopes (K x 3) of the clamped spline at the knots `t` (K, increasing), `x` (K x 3).

    The system is tridiagonal and diagonally dominant, so elimination without pivoting (Thomas) is stable.
    """
    h = np.diff(t)
    s = np.zeros_like(x)
    if len(t) == 2:
        return s
    d = np.diff(x, axis=0) / h[:, None]
    right = 3 * (d[:-1] * h[1:, None] + d[1:] * h[:-1, None])
    diagonal = (2 * (h[:-1] + h[1:])).tolist()
    below, above = h[1:].tolist(), h[:-1].tolist()
    n = len(diagonal)
    for i in range(1, n):
        factor = below[i] / diagonal[i - 1]
        diagonal[i] -= factor * above[i - 1]
        right[i] -= factor * right[i - 1]
    s[n] = right[-1] / diagonal[-1]
    for i in range(n - 2, -1, -1):
        s[i + 1] = (right[i] - above[i] * s[i + 2]) / diagonal[i]
    return s


def sample(t: Array, x: Array, step_s: float) -> tuple[Array, Array, Array, Array]:
    """Times (N), positions, velocities and accelerations (N x 3 each) on a grid that holds every knot.

    Each interval between knots is cut into equal steps, as few as make none longer than `step_s`.
    """
    h = np.diff(t)
    # A hair of tolerance: an interval of exactly n steps shall not be cut into n + 1 by rounding.
    parts = np.maximum(1, np.ceil(h / step_s - 1e-9).astype(int))
    interval = np.repeat(np.arange(len(h)), parts)
    first = np.concatenate([[0], np.cumsum(parts)[:-1]])
    within = np.arange(len(interval)) - first[interval]
    interval = np.append(interval, len(h) - 1)
    u = np.append(within / parts[interval[:-1]], 1.0)  # 0..1 inside the interval
    s = slopes(t, x)
    hk = h[interval][:, None]
    a, b = x[interval], x[interval + 1]
    p, q = s[interval] * hk, s[interval + 1] * hk
    u1 = u[:, None]
    c2, c3 = 3 * (b - a) - 2 * p - q, 2 * (a - b) + p + q
    position = a + u1 * (p + u1 * (c2 + u1 * c3))
    velocity = (p + u1 * (2 * c2 + 3 * c3 * u1)) / hk
    acceleration = (2 * c2 + 6 * c3 * u1) / hk**2
    return t[interval] + u * h[interval], position, velocity, acceleration
