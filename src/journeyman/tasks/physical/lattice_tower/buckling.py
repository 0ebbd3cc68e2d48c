"""Flexural buckling of a straight member by EN 1993-1-1, section 6.3.1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def reduction(slenderness: Array, imperfection: float) -> Array:
    """The factor chi <= 1 on the yield force, equation 6.49, for any non-dimensional slenderness >= 0.

    `imperfection` is alpha of table 6.1: 0.21 for curve a, which holds for hot-finished hollow sections up to S420.
    """
    phi = 0.5 * (1 + imperfection * (slenderness - 0.2) + slenderness**2)
    # phi >= slenderness everywhere where it matters; below the plateau's end chi is 1 anyway.
    root = np.sqrt(np.maximum(phi**2 - slenderness**2, 0.0))
    return np.asarray(np.where(slenderness <= 0.2, 1.0, np.minimum(1.0, 1 / (phi + root))))


def nondimensional(effective_length: Array, radius: Array, yield_pa: float, modulus_pa: float) -> Array:
    """sqrt(A f_y / N_cr) = (L_cr / i) / (pi sqrt(E / f_y)), equation 6.50; length and radius in one unit."""
    return np.asarray(effective_length / radius / (np.pi * np.sqrt(modulus_pa / yield_pa)))
