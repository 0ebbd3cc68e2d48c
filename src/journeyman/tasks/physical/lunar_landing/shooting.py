"""Flights to the Moon and back by shooting: the phase at the Earth that meets a perilune altitude.

One solver serves both ways: the equations do not change under (x, y, t) -> (x, -y, -t), so the mirror image of a flight
from an Earth orbit to the Moon is a flight from the Moon back to that orbit (A. Miele: Theorem of image trajectories in the
Earth-Moon space. Astronautica Acta 6 (1960) 225-232).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from journeyman.tasks.physical.lunar_landing.flight import Limits, coast
from journeyman.tasks.physical.lunar_landing.mission import (
    Burn,
    Departure,
    Design,
    LunarOrbit,
    Plan,
    kicked,
)
from journeyman.tasks.physical.lunar_landing.system import (
    DAYS,
    DISTANCE_KM,
    EARTH_RADIUS_KM,
    MOON_RADIUS_KM,
    MU,
    MU_EARTH,
    MU_MOON,
    about_body,
    circular_m_s,
    from_body,
)

# No floor in the way of a search: a flight through the Moon has a perilune as any other.
OPEN = Limits(earth_floor_km=-6000.0, moon_floor_km=-1737.0, farthest_km=3 * DISTANCE_KM)

# A burn by its place and direction: days after the last one, m/s along the velocity about the Earth and to its left.
Turn = tuple[float, float, float]


@dataclass(frozen=True)
class Flight:
    """A flight: phase (rad) and speed (m/s) at the Earth, burns on the way, the perilune at its end.

    `longitude` (rad), `perilune_m_s`, `perilune_km` (radius) and `days` describe the perilune; `moment` is its moment of
    momentum (km m/s), negative for a clockwise passage.
    """

    phase: float
    speed_m_s: float
    burns: tuple[Burn, ...]
    longitude: float
    perilune_m_s: float
    perilune_km: float
    moment: float
    days: float


def slowest_m_s(radius_km: float) -> float:
    """Speed at perigee of the two-body ellipse whose apogee is at the Moon's distance, m/s."""
    return 1e3 * math.sqrt(2 * MU_EARTH * (1 / radius_km - 1 / (radius_km + DISTANCE_KM)))


def guess(radius_km: float, speed_m_s: float) -> float:
    """The phase from which a two-body ellipse meets the Moon's place, rad; its speed is below that of escape.

    An ellipse that ends below the Moon's distance is taken to meet it at its apogee.
    """
    energy = (speed_m_s / 1e3) ** 2 / 2 - MU_EARTH / radius_km
    if energy >= 0:
        raise ValueError(f"{speed_m_s:.0f} m/s at {radius_km:.0f} km is no ellipse")
    a = -MU_EARTH / (2 * energy)
    e = 1 - radius_km / a
    cosine = max(-1.0, (1 - DISTANCE_KM / a) / e)
    eccentric = math.acos(cosine)
    seconds = (eccentric - e * math.sin(eccentric)) * math.sqrt(a**3 / MU_EARTH)
    true = 2 * math.atan(math.sqrt((1 + e) / (1 - e)) * math.tan(eccentric / 2))
    return seconds / 86400 / DAYS - true


def depart(
    radius_km: float, speed_m_s: float, phase: float, turns: Sequence[Turn] = (), limits: Limits = OPEN
) -> Flight | None:
    """Fly from a perigee through `turns` to the first perilune; None if a limit or 12 days come first."""
    state = from_body(-MU, radius_km, phase, 0.0, speed_m_s)
    burns, day = [], 0.0
    for days, along, left in turns:
        arc = coast(state, days, limits)
        if arc.end != "time":
            return None
        _, angle, out, across = about_body(-MU, arc.state)
        speed = math.hypot(out, across)
        c, s = math.cos(angle), math.sin(angle)
        ux, uy = (out * c - across * s) / speed, (out * s + across * c) / speed
        burns.append((days, along * ux - left * uy, along * uy + left * ux))
        state, day = kicked(arc.state, *burns[-1][1:]), day + days
    arc = coast(state, 12.0, limits, to_perilune=True)
    if arc.end != "perilune":
        return None
    r, longitude, _, across = about_body(1 - MU, arc.state)
    return Flight(
        phase, speed_m_s, tuple(burns), longitude, abs(across), r, r * across, day + arc.days
    )


def shoot(
    radius_km: float,
    speed_m_s: float,
    perilune_km: float,
    sense: int,
    *,
    turns: Sequence[Turn] = (),
    near: float | None = None,
    limits: Limits = OPEN,
) -> Flight | None:
    """The flight that meets the perilune radius `perilune_km`, seen from the Moon counter-clockwise (`sense` 1) or
    clockwise (-1). It is sought from the phase `near`, or else by a walk around the two-body guess; None if not found.

    The miss is the moment of momentum about the Moon against that of the perilune aimed at, which is smooth through zero.
    """

    def miss(phase: float) -> tuple[float, Flight] | None:
        flown = depart(radius_km, speed_m_s, phase, turns, limits)
        if flown is None:
            return None
        energy = flown.perilune_m_s**2 / 2 - 1e6 * MU_MOON / flown.perilune_km
        wanted = 2 * (energy + 1e6 * MU_MOON / perilune_km)
        return None if wanted <= 0 else (flown.moment - sense * perilune_km * math.sqrt(wanted), flown)

    enough = 1e-9 * perilune_km * 2000
    if near is not None:
        a, b = near - 1e-4, near + 1e-4
        left, right = miss(a), miss(b)
        for _ in range(14):
            if left is None or right is None or right[0] == left[0]:
                return None
            phase = b - right[0] * (b - a) / (right[0] - left[0])
            if abs(phase - near) > 0.6:
                return None
            a, left, b, right = b, right, phase, miss(phase)
            if right is not None and abs(right[0]) < enough:
                return right[1]
        return None

    # Walk until the miss changes its sign, then regula falsi (Illinois).
    centre = guess(radius_km, speed_m_s + sum(along for _, along, _ in turns)) + sum(t[0] for t in turns) / DAYS
    steps = [centre + 0.01 * k for k in range(-40, 41)]
    found = [(phase, miss(phase)) for phase in steps]
    for (a, left), (b, right) in pairwise(found):
        if left is None or right is None or left[0] * right[0] > 0:
            continue
        fa, fb = left[0], right[0]
        for _ in range(60):
            phase = (a * fb - b * fa) / (fb - fa)
            middle = miss(phase)
            if middle is None:
                break
            if abs(middle[0]) < enough:
                return middle[1]
            if middle[0] * fb < 0:
                a, fa = b, fb
            else:
                fa /= 2
            b, fb = phase, middle[0]
    return None


def entry_perigee_km(entry_angle_deg: float, interface_altitude_km: float, above_m_s: float) -> float:
    """Perigee radius (km) of a return from the Moon that meets the entry interface at an angle.

    Its energy is that of `above_m_s` over the slowest ellipse at the interface.
    """
    r = EARTH_RADIUS_KM + interface_altitude_km
    v = (slowest_m_s(r) + above_m_s) / 1e3
    c3 = v * v - 2 * MU_EARTH / r
    h = r * v * math.cos(math.radians(entry_angle_deg))
    # h^2 = rp^2 (c3 + 2 mu / rp), solved for rp without cancellation for c3 near 0.
    return h * h / (MU_EARTH + math.sqrt(MU_EARTH**2 + c3 * h * h))


def mirrored(flight: Flight) -> list[Burn]:
    """The burns on the mirror image of a flight: in reversed order and time, with the y-axis turned round."""
    if not flight.burns:
        return []
    days = [burn[0] for burn in flight.burns]
    last = flight.days - sum(days)
    waits = [last, *reversed(days[1:])]
    return [(wait, dvx, -dvy) for wait, (_, dvx, dvy) in zip(waits, reversed(flight.burns), strict=True)]


def assemble(out: Flight, home: Flight, stay_days: float) -> Design:
    """A mission of a flight out and the mirror image of another; their perilunes have the same radius and sense."""
    along = home.perilune_m_s - circular_m_s(MU_MOON, out.perilune_km)
    orbit = LunarOrbit(stay_days, -home.longitude, along, 0.0)
    return Design(Departure(out.phase, out.speed_m_s), list(out.burns), orbit, mirrored(home))


def direct(plan: Plan, out_above_m_s: float, home_above_m_s: float, sense: int) -> Design | None:
    """A mission of two direct flights, each so many m/s above the slowest ellipse, through the middle of the band and of
    the entry corridor, with the shortest stay; None if one of the flights does not exist."""
    orbit = MOON_RADIUS_KM + sum(plan.lunar_altitude_km) / 2
    radius = plan.parking_radius_km
    out = shoot(radius, slowest_m_s(radius) + out_above_m_s, orbit, sense)
    perigee = entry_perigee_km(sum(plan.entry_angle_deg) / 2, plan.interface_altitude_km, home_above_m_s)
    home = shoot(perigee, slowest_m_s(perigee) + home_above_m_s, orbit, sense)
    return None if out is None or home is None else assemble(out, home, plan.stay_days[0])
