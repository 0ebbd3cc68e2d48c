"""Circular hollow sections: the catalogue and what follows from diameter and wall thickness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Outside diameter in mm: wall thicknesses in mm. Sizes of EN 10210-2 (hot finished); all are of class 3 or better in steel
# up to S355, for which EN 1993-1-1, table 5.2, asks D/t <= 90 x 235/355 = 59.6.
SIZES_MM = {
    33.7: (2.6, 3.2, 4.0),
    42.4: (2.6, 3.2, 4.0),
    48.3: (2.6, 3.2, 4.0, 5.0),
    60.3: (2.6, 3.2, 4.0, 5.0),
    76.1: (3.2, 4.0, 5.0),
    88.9: (3.2, 4.0, 5.0, 6.3),
    101.6: (4.0, 5.0, 6.3, 8.0),
    114.3: (4.0, 5.0, 6.3, 8.0),
    139.7: (4.0, 5.0, 6.3, 8.0, 10.0),
    168.3: (5.0, 6.3, 8.0, 10.0, 12.5),
    193.7: (5.0, 6.3, 8.0, 10.0, 12.5),
    219.1: (5.0, 6.3, 8.0, 10.0, 12.5),
    244.5: (8.0, 10.0, 12.5),
    273.0: (6.3, 8.0, 10.0, 12.5),
    323.9: (8.0, 10.0, 12.5),
}


def area(outside: Array, wall: Array) -> Array:
    """Area of the steel from outside diameter and wall thickness, in the square of their unit."""
    return np.pi * (outside - wall) * wall


def gyration(outside: Array, wall: Array) -> Array:
    """Radius of gyration sqrt(I/A) = sqrt(D^2 + d^2) / 4 with the inside diameter d = D - 2 t, in the unit of both."""
    return np.sqrt(outside**2 + (outside - 2 * wall) ** 2) / 4


def catalogue() -> list[list[float]]:
    """[D, t] in mm, from the smallest area to the largest: the position in this list is a section's number."""
    sizes = [(outside, wall) for outside, walls in SIZES_MM.items() for wall in walls]
    return [list(size) for size in sorted(sizes, key=lambda s: ((s[0] - s[1]) * s[1], s[0]))]
