"""What an instance describes: the site, its wind, the drone, and what must be photographed."""

from __future__ import annotations

from typing import Any

import msgspec

Vector = tuple[float, float, float]


class Gust(msgspec.Struct, frozen=True):
    """A travelling wave on the mean wind: shares of the local mean speed along and across it, period s, phase rad."""

    along: float
    across: float
    period_s: float
    phase_rad: float


class Wind(msgspec.Struct, frozen=True):
    """Mean wind 10 m above ground (m/s), the direction it blows to (degrees from +x towards +y), profile exponent."""

    speed_10m_m_s: float
    towards_deg: float
    exponent: float
    gusts: tuple[Gust, ...]


class Drone(msgspec.Struct, frozen=True):
    """Mass, drag area (Cd times area) and rotors of the aircraft; see the statement for each formula."""

    mass_kg: float
    drag_area_m2: float
    disk_area_m2: float
    thrust_coefficient: float
    solidity: float
    blade_drag: float
    induced_factor: float
    efficiency: float
    avionics_w: float


class Limits(msgspec.Struct, frozen=True):
    """Hard limits on the motion: speeds over ground m/s, thrust N, tilt degrees, end of the flight s, knots."""

    speed_m_s: float
    climb_m_s: float
    descent_m_s: float
    thrust_min_n: float
    thrust_max_n: float
    tilt_deg: float
    time_s: float
    knots: int


class Point(msgspec.Struct, frozen=True):
    """Where the camera must come by, and the speed over ground that still gives a sharp picture."""

    at: Vector
    photo_speed_m_s: float


class Obstacle(msgspec.Struct, frozen=True):
    """A sphere nobody may enter; its centre swings as centre + swing sin(2 pi t / period + phase)."""

    centre: Vector
    swing: Vector
    period_s: float
    phase_rad: float
    radius_m: float


class Box(msgspec.Struct, frozen=True):
    """An upright block that nobody may enter, between two corners."""

    low: Vector
    high: Vector


class Site(msgspec.Struct, frozen=True):
    """The public part of an instance."""

    pad: Vector
    fence: Box
    points: tuple[Point, ...]
    photo_radius_m: float
    boxes: tuple[Box, ...]
    obstacles: tuple[Obstacle, ...]
    wind: Wind
    drone: Drone
    limits: Limits
    air_density_kg_m3: float
    gravity_m_s2: float
    cpu_limit_s: float

    @classmethod
    def of(cls, public: dict[str, Any]) -> Site:
        """The site that an instance's public part describes."""
        return msgspec.convert(public, type=cls)
