"""The wind of a site: a mean profile that grows with height, and gusts that travel with it.

The power law is the usual engineering profile of the surface layer (IEC 61400-1 uses the exponent 0.2); gusts frozen into
the mean flow are Taylor's hypothesis (G. I. Taylor, Proceedings of the Royal Society A 164, 1938, 476-490).
"""

from __future__ import annotations

import numpy as np

from journeyman.tasks.control.uav_inspection.site import Wind
from journeyman.tasks.control.uav_inspection.spline import Array

LOWEST_M = 1.0


def velocity(wind: Wind, position: Array, t: Array) -> Array:
    """Wind velocity (N x 3, m/s) at the positions (N x 3, m) and times (N, s); it has no vertical part."""
    angle = np.deg2rad(wind.towards_deg)
    along = np.array([np.cos(angle), np.sin(angle), 0.0])
    across = np.array([-np.sin(angle), np.cos(angle), 0.0])
    mean = wind.speed_10m_m_s * (np.maximum(position[:, 2], LOWEST_M) / 10) ** wind.exponent
    downwind = position @ along
    forward, sideways = np.ones(len(t)), np.zeros(len(t))
    for gust in wind.gusts:
        phase = 2 * np.pi * (t - downwind / wind.speed_10m_m_s) / gust.period_s + gust.phase_rad
        forward += gust.along * np.sin(phase)
        sideways += gust.across * np.cos(phase)
    blown: Array = mean[:, None] * (forward[:, None] * along + sideways[:, None] * across)
    return blown
