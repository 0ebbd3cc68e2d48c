"""Inverse dynamics of a flight: from the knots of its path to thrust, tilt and power at every instant of a dense grid.

The aircraft is a point mass whose thrust points where it must: m a = thrust + weight + drag, with the drag
-0.5 density (Cd A) |u| u of the velocity u through the air.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journeyman.tasks.control.uav_inspection import wind
from journeyman.tasks.control.uav_inspection.power import Power, electric_power
from journeyman.tasks.control.uav_inspection.site import Obstacle, Site
from journeyman.tasks.control.uav_inspection.spline import Array, sample

STEP_S = 0.05


@dataclass(frozen=True)
class Flight:
    """A flight on the grid: times (N, s), vectors (N x 3) in m, m/s, m/s^2 and N, powers (N, W)."""

    t: Array
    position: Array
    velocity: Array
    acceleration: Array
    air_velocity: Array
    drag: Array
    thrust: Array
    power: Power

    @property
    def speed(self) -> Array:
        """Speed over ground, m/s."""
        return norm(self.velocity)

    @property
    def thrust_n(self) -> Array:
        """Size of the thrust, N."""
        return norm(self.thrust)

    @property
    def tilt_deg(self) -> Array:
        """Angle between thrust and the vertical, degrees."""
        return np.degrees(np.arctan2(norm(self.thrust[:, :2]), self.thrust[:, 2]))

    @property
    def energy_kj(self) -> float:
        """Energy drawn from the battery, kJ: the trapezoidal rule on the grid."""
        return integral(self.t, self.power.electric) / 1000


def fly(site: Site, t: Array, x: Array, step_s: float = STEP_S) -> Flight:
    """The flight along the clamped spline through the knots `t` (K, s), `x` (K x 3, m)."""
    time, position, velocity, acceleration = sample(t, x, step_s)
    air_velocity = velocity - wind.velocity(site.wind, position, time)
    # The drag as a force on the aircraft.
    drag = -0.5 * site.air_density_kg_m3 * site.drone.drag_area_m2 * norm(air_velocity)[:, None] * air_velocity
    thrust = site.drone.mass_kg * acceleration - drag
    thrust[:, 2] += site.drone.mass_kg * site.gravity_m_s2
    power = electric_power(site.drone, site.air_density_kg_m3, thrust, air_velocity)
    return Flight(time, position, velocity, acceleration, air_velocity, drag, thrust, power)


def obstacle_position(obstacle: Obstacle, t: Array) -> Array:
    """Centre of a moving obstacle (N x 3, m) at the times `t` (N, s)."""
    swing = np.sin(2 * np.pi * t / obstacle.period_s + obstacle.phase_rad)
    centre: Array = np.array(obstacle.centre) + swing[:, None] * np.array(obstacle.swing)
    return centre


def norm(vectors: Array) -> Array:
    """Lengths of the rows."""
    lengths: Array = np.sqrt(np.sum(vectors**2, axis=1))
    return lengths


def integral(t: Array, y: Array) -> float:
    """The trapezoidal rule."""
    return float(np.sum(np.diff(t) * (y[1:] + y[:-1])) / 2)
