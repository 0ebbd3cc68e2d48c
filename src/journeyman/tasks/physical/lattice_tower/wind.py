"""Wind by EN 1991-1-4: the pressure profile over height, and the drag of an inclined tube."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Wind:
    """A site's wind. `basic_speed_m_s`: 10 min mean, 10 m above open country; the terrain has a roughness length of
    `roughness_m` and counts as `min_height_m` up to that height; `drag` is the force coefficient of a tube across the wind.
    """

    basic_speed_m_s: float
    roughness_m: float
    min_height_m: float
    air_density_kg_m3: float
    drag: float

    def pressure_pa(self, height_m: Array) -> Array:
        """Peak velocity pressure q_p(z), equations 4.3 to 4.8 with c_o = c_dir = c_season = k_l = 1."""
        logarithm = np.log(np.maximum(height_m, self.min_height_m) / self.roughness_m)
        terrain = 0.19 * (self.roughness_m / 0.05) ** 0.07
        mean = terrain * logarithm * self.basic_speed_m_s
        return np.asarray((1 + 7 / logarithm) * 0.5 * self.air_density_kg_m3 * mean**2)


def cross_flow(direction: Array, axes: Array) -> Array:
    """Force on a tube per drag coefficient, pressure and area diameter x length, as a vector; shape (m, 3).

    Only the velocity across the tube's axis acts (the independence principle): with the wind's unit vector w and the axis
    t, v = w - (w.t) t and the force is |v| v. `direction` has shape (3,), `axes` (m, 3); both are unit vectors.
    """
    across = direction - (axes @ direction)[:, None] * axes
    return np.asarray(np.linalg.norm(across, axis=1)[:, None] * across)
