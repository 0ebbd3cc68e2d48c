"""The planar circular restricted three-body problem of Earth and Moon: constants, units, equations, frames.

Rotating frame, origin at the barycentre, Earth at (-MU, 0), Moon at (1 - MU, 0), both turning counter-clockwise. The unit of
length is the distance Earth to Moon, the unit of time is such that the frame turns by one radian. A state is
(x, y, vx, vy) in these units, velocities relative to the rotating frame.

V. Szebehely: Theory of Orbits, Academic Press 1967, chapter 1 (equations, Jacobi integral).
"""

from __future__ import annotations

import math

MU_EARTH = 398600.4418  # km^3/s^2, IERS Conventions 2010
MU_MOON = 4902.800066  # km^3/s^2, JPL ephemeris DE421
DISTANCE_KM = 384400.0
EARTH_RADIUS_KM = 6378.137
MOON_RADIUS_KM = 1737.4
G0 = 9.80665  # m/s^2

MU = MU_MOON / (MU_EARTH + MU_MOON)
RATE = math.sqrt((MU_EARTH + MU_MOON) / DISTANCE_KM**3)  # rad/s, of the frame
SPEED_M_S = 1e3 * DISTANCE_KM * RATE  # one unit of velocity
DAYS = 1 / RATE / 86400  # one unit of time

State = tuple[float, float, float, float]


def acceleration(state: State, mu: float = MU) -> tuple[float, float]:
    """Acceleration in the rotating frame, in its units."""
    x, y, vx, vy = state
    to_earth = math.hypot(x + mu, y) ** -3
    to_moon = math.hypot(x - 1 + mu, y) ** -3
    return (
        2 * vy + x - (1 - mu) * (x + mu) * to_earth - mu * (x - 1 + mu) * to_moon,
        -2 * vx + y - (1 - mu) * y * to_earth - mu * y * to_moon,
    )


def jacobi(state: State, mu: float = MU) -> float:
    """The Jacobi integral x^2 + y^2 + 2 (1 - mu) / r1 + 2 mu / r2 - v^2, constant along a coast."""
    x, y, vx, vy = state
    potential = (1 - mu) / math.hypot(x + mu, y) + mu / math.hypot(x - 1 + mu, y)
    return x * x + y * y + 2 * potential - vx * vx - vy * vy


def from_body(centre: float, radius_km: float, angle: float, radial_m_s: float, across_m_s: float) -> State:
    """The state at polar coordinates about the body at (centre, 0).

    The velocity is relative to the body, in axes that do not turn: `radial_m_s` away from the body, `across_m_s`
    counter-clockwise.
    """
    r = radius_km / DISTANCE_KM
    out, across = radial_m_s / SPEED_M_S, across_m_s / SPEED_M_S - r
    c, s = math.cos(angle), math.sin(angle)
    return (centre + r * c, r * s, out * c - across * s, out * s + across * c)


def about_body(centre: float, state: State) -> tuple[float, float, float, float]:
    """The inverse of `from_body`: radius (km), angle (rad), radial and across speed (m/s, axes that do not turn)."""
    x, y, vx, vy = state[0] - centre, state[1], state[2], state[3]
    r = math.hypot(x, y)
    out = (x * vx + y * vy) / r
    across = (x * vy - y * vx) / r + r
    return r * DISTANCE_KM, math.atan2(y, x), out * SPEED_M_S, across * SPEED_M_S


def circular_m_s(mu_km3_s2: float, radius_km: float) -> float:
    """Speed of a circular orbit in the field of one body, m/s."""
    return 1e3 * math.sqrt(mu_km3_s2 / radius_km)
