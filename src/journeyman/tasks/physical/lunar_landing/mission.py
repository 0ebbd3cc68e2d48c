"""A mission, flown from its decisions: every arc begins where the arc before it was found to end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import numpy as np

from journeyman.tasks.physical.lunar_landing.budget import Budget, Ship, masses
from journeyman.tasks.physical.lunar_landing.flight import PERILUNE_WITHIN_KM, Arc, Limits, coast
from journeyman.tasks.physical.lunar_landing.system import (
    DAYS,
    DISTANCE_KM,
    EARTH_RADIUS_KM,
    MOON_RADIUS_KM,
    MU,
    MU_EARTH,
    MU_MOON,
    SPEED_M_S,
    State,
    about_body,
    circular_m_s,
    from_body,
)

# Highest speed change of one burn, m/s, and the largest angle that is taken, rad.
BURN_LIMIT_M_S = 4000.0
ANGLE_LIMIT = 100.0
BURNS_LIMIT = 8

Burn = tuple[float, float, float]
Burns = Annotated[list[Burn], msgspec.Meta(max_length=BURNS_LIMIT)]


class Departure(msgspec.Struct, frozen=True):
    """Injection from the parking orbit: where on it (rad), and the speed after it (m/s)."""

    phase_rad: float
    speed_m_s: float


class LunarOrbit(msgspec.Struct, frozen=True):
    """Stay in lunar orbit, and the burn out of it: least stay (days), longitude (rad), speed changes (m/s)."""

    stay_days: float
    longitude_rad: float
    along_m_s: float
    radial_m_s: float


class Design(msgspec.Struct, frozen=True):
    """What a candidate returns; burns are (days of coasting before it, dvx, dvy in m/s)."""

    departure: Departure
    outbound: Burns
    lunar_orbit: LunarOrbit
    homeward: Burns


@dataclass(frozen=True)
class Plan:
    """The public part of an instance."""

    ship: Ship
    parking_altitude_km: float
    c3_range: tuple[float, float]
    earth_floor_km: float
    moon_floor_km: float
    farthest_km: float
    lunar_altitude_km: tuple[float, float]
    stay_days: tuple[float, float]
    hold_m_s_day: float
    interface_altitude_km: float
    entry_angle_deg: tuple[float, float]
    mission_days: float

    @classmethod
    def of(cls, public: dict[str, Any]) -> Plan:
        """From an instance's public dict."""
        names = ("launch_kg", "launch_slope", "isp_s", "dry_kg", "tank_kg", "consumables_kg_day")
        pairs = ("c3_range", "lunar_altitude_km", "stay_days", "entry_angle_deg")
        rest = {k: v for k, v in public.items() if k not in (*names, *pairs, "cpu_limit_s")}
        rest |= {k: (float(public[k][0]), float(public[k][1])) for k in pairs}
        return cls(ship=Ship(**{k: public[k] for k in names}), **rest)

    @property
    def outbound_limits(self) -> Limits:
        """Limits on the way to the Moon."""
        return Limits(self.earth_floor_km, self.moon_floor_km, self.farthest_km)

    @property
    def homeward_limits(self) -> Limits:
        """Limits on the way home, where the floor above the Earth is the entry interface."""
        return Limits(self.interface_altitude_km, self.moon_floor_km, self.farthest_km)

    @property
    def parking_radius_km(self) -> float:
        """Radius of the parking orbit."""
        return EARTH_RADIUS_KM + self.parking_altitude_km


@dataclass(frozen=True)
class Kick:
    """A burn as it was flown: what, when (days after injection), where (x, y), how large (m/s)."""

    what: str
    day: float
    at: tuple[float, float]
    m_s: float


@dataclass(frozen=True)
class Mission:
    """A mission that keeps every rule. Angles in rad, altitudes in km.

    `outward` and `inward` hold points (day after injection, x, y) of the coasts, if they were asked for.
    """

    budget: Budget
    c3: float
    kicks: tuple[Kick, ...]
    lunar_altitude_km: float
    sense: int
    arrival_longitude: float
    arrival_day: float
    stay_days: float
    days: float
    entry_angle_deg: float
    entry_speed_m_s: float
    outward: np.ndarray[Any, Any] | None = None
    inward: np.ndarray[Any, Any] | None = None

    @property
    def out_m_s(self) -> float:
        """Speed changes by the ship's engine up to lunar orbit."""
        return sum(k.m_s for k in self.kicks if k.day <= self.arrival_day)

    @property
    def home_m_s(self) -> float:
        """Speed changes by the ship's engine after the payload was left, without orbit keeping."""
        return sum(k.m_s for k in self.kicks if k.day > self.arrival_day)


@dataclass(frozen=True)
class Fault:
    """The first rule that a design breaks, as a sentence."""

    reason: str


@dataclass(frozen=True)
class _Leg:
    """Coasts and burns flown one after another."""

    arc: Arc
    day: float
    kicks: tuple[Kick, ...]
    paths: tuple[np.ndarray[Any, Any], ...]


def fly(plan: Plan, design: Design, *, points: bool = False) -> Mission | Fault:
    """Fly a design through the three-body problem and settle its masses."""
    reason = out_of_range(plan, design)
    if reason:
        return Fault(reason)
    speed = design.departure.speed_m_s
    radius = plan.parking_radius_km
    c3 = (speed / 1e3) ** 2 - 2 * MU_EARTH / radius
    if not plan.c3_range[0] <= c3 <= plan.c3_range[1]:
        low, high = plan.c3_range
        return Fault(f"departure: C3 is {c3:.4f} km^2/s^2, outside the launcher's range {low:g} to {high:g}")

    start = from_body(-MU, radius, design.departure.phase_rad, 0.0, speed)
    out = _leg("outbound", start, 0.0, design.outbound, plan.outbound_limits, plan.mission_days, points)
    if isinstance(out, Fault):
        return out
    if out.arc.end != "perilune":
        return Fault(
            f"outbound: no perilune within {PERILUNE_WITHIN_KM:.0f} km of the Moon's centre: " + _ended(out)
        )
    r, longitude, _, across = about_body(1 - MU, out.arc.state)
    altitude = r - MOON_RADIUS_KM
    low, high = plan.lunar_altitude_km
    if not low <= altitude <= high:
        return Fault(
            f"outbound: the perilune on day {out.day:.3f} is at {altitude:.3f} km of altitude, "
            f"{_miss(altitude, low, high)} the band {low:g} to {high:g} km"
        )
    sense = 1 if across > 0 else -1
    circular = circular_m_s(MU_MOON, r)
    capture = Kick("capture", out.day, out.arc.state[:2], abs(abs(across) - circular))

    orbit = design.lunar_orbit
    stay = passage(orbit.stay_days, longitude, orbit.longitude_rad, sense, r)
    if stay > plan.stay_days[1]:
        return Fault(f"lunar orbit: the stay is {stay:.4f} days, above {plan.stay_days[1]:g}")
    leaving = from_body(
        1 - MU, r, orbit.longitude_rad, orbit.radial_m_s, sense * (circular + orbit.along_m_s)
    )
    day = out.day + stay
    home = _leg("homeward", leaving, day, design.homeward, plan.homeward_limits, plan.mission_days, points)
    if isinstance(home, Fault):
        return home
    if home.arc.end != "low at Earth":
        return Fault("homeward: the entry interface is not reached: " + _ended(home))
    _, _, falling, around = about_body(-MU, home.arc.state)
    if around <= 0:
        return Fault(f"homeward: the entry is westward, at {around:.0f} m/s; it must be eastward")
    angle = math.degrees(math.atan2(-falling, around))
    low, high = plan.entry_angle_deg
    if not low <= angle <= high:
        return Fault(
            f"homeward: the entry angle on day {home.day:.3f} is {angle:.4f} degrees, "
            f"{_miss(angle, low, high)} the corridor {low:g} to {high:g} degrees"
        )
    if home.day > plan.mission_days:
        return Fault(f"the mission takes {home.day:.4f} days, above {plan.mission_days:g}")

    leave = Kick("leave", day, leaving[:2], math.hypot(orbit.along_m_s, orbit.radial_m_s))
    kicks = (*out.kicks, capture, leave, *home.kicks)
    out_m_s = sum(k.m_s for k in (*out.kicks, capture))
    home_m_s = plan.hold_m_s_day * stay + sum(k.m_s for k in (leave, *home.kicks))
    budget = masses(plan.ship, c3, out_m_s, home_m_s, home.day)
    if budget.payload <= 0:
        return Fault(
            f"no payload: {out_m_s:.1f} m/s out and {home_m_s:.1f} m/s home leave {budget.payload:.0f} kg for it"
        )
    return Mission(
        budget=budget,
        c3=c3,
        kicks=kicks,
        lunar_altitude_km=altitude,
        sense=sense,
        arrival_longitude=longitude,
        arrival_day=out.day,
        stay_days=stay,
        days=home.day,
        entry_angle_deg=angle,
        entry_speed_m_s=math.hypot(falling, around),
        outward=np.vstack(out.paths) if out.paths else None,
        inward=np.vstack(home.paths) if home.paths else None,
    )


def out_of_range(plan: Plan, design: Design) -> str:
    """Which number of a design lies outside its bounds; empty if none does."""
    angles = {
        "departure.phase_rad": design.departure.phase_rad,
        "lunar_orbit.longitude_rad": design.lunar_orbit.longitude_rad,
    }
    for name, value in angles.items():
        if not abs(value) <= ANGLE_LIMIT:
            return f"{name} = {value:g} lies outside -{ANGLE_LIMIT:g} to {ANGLE_LIMIT:g} rad"
    if not 0 < design.departure.speed_m_s <= 20000:
        return f"departure.speed_m_s = {design.departure.speed_m_s:g} lies outside 0 to 20000 m/s"
    low, high = plan.stay_days
    if not low <= design.lunar_orbit.stay_days <= high:
        return f"lunar_orbit.stay_days = {design.lunar_orbit.stay_days:g} lies outside {low:g} to {high:g} days"
    speeds = {
        "lunar_orbit.along_m_s": design.lunar_orbit.along_m_s,
        "lunar_orbit.radial_m_s": design.lunar_orbit.radial_m_s,
    }
    for leg, burns in (("outbound", design.outbound), ("homeward", design.homeward)):
        for i, (days, dvx, dvy) in enumerate(burns):
            if not 0 <= days <= plan.mission_days:
                return f"{leg}[{i}][0] = {days:g} lies outside 0 to {plan.mission_days:g} days"
            speeds[f"{leg}[{i}][1]"], speeds[f"{leg}[{i}][2]"] = dvx, dvy
    for name, value in speeds.items():
        if not abs(value) <= BURN_LIMIT_M_S:
            return f"{name} = {value:g} lies outside -{BURN_LIMIT_M_S:g} to {BURN_LIMIT_M_S:g} m/s"
    return ""


def passage(least_days: float, arrival: float, longitude: float, sense: int, radius_km: float) -> float:
    """Days from arrival at `arrival` (rad) to the first passage of `longitude` that is not before `least_days`.

    The orbit about the Moon is held circular; in the turning frame its longitude changes by `sense` times its mean
    motion less the turning of the frame.
    """
    rate = sense * math.sqrt(MU_MOON / radius_km**3) * 86400 - 1 / DAYS
    period = 2 * math.pi / abs(rate)
    first = (longitude - arrival) / rate
    return first + period * math.ceil((least_days - first) / period)


def kicked(state: State, dvx_m_s: float, dvy_m_s: float) -> State:
    """A state after a burn along the axes of the turning frame."""
    x, y, vx, vy = state
    return x, y, vx + dvx_m_s / SPEED_M_S, vy + dvy_m_s / SPEED_M_S


def _leg(
    name: str, state: State, day: float, burns: list[Burn], limits: Limits, last_day: float, points: bool
) -> _Leg | Fault:
    """Coast and burn through `burns`, then coast on until an event or until `last_day`."""
    kicks: list[Kick] = []
    paths: list[np.ndarray[Any, Any]] = []
    for i, (days, dvx, dvy) in enumerate(burns):
        arc = coast(state, days, limits, points=points)
        _keep(paths, arc, day)
        day += arc.days
        if arc.end != "time":
            return Fault(f"{name}: before burn {i}, " + _ended(_Leg(arc, day, (), ())))
        if day > last_day:
            return Fault(f"{name}: burn {i} comes on day {day:.4f}, after the mission's {last_day:g} days")
        kicks.append(Kick(f"{name} {i}", day, arc.state[:2], math.hypot(dvx, dvy)))
        state = kicked(arc.state, dvx, dvy)
    arc = coast(state, max(0.0, last_day - day), limits, to_perilune=name == "outbound", points=points)
    _keep(paths, arc, day)
    return _Leg(arc, day + arc.days, tuple(kicks), tuple(paths))


def _keep(paths: list[np.ndarray[Any, Any]], arc: Arc, day: float) -> None:
    if arc.path is not None:
        paths.append(arc.path + np.array([day, 0.0, 0.0]))


def _ended(leg: _Leg) -> str:
    """How a coast ended that should not have, with the distances there."""
    x, y = leg.arc.state[:2]
    earth = math.hypot(x + MU, y) * DISTANCE_KM - EARTH_RADIUS_KM
    moon = math.hypot(x - 1 + MU, y) * DISTANCE_KM - MOON_RADIUS_KM
    how = {
        "time": f"the time of the mission is over on day {leg.day:.3f}",
        "perilune": f"there is a perilune on day {leg.day:.3f}",
        "low at Earth": f"the ship is too low over the Earth on day {leg.day:.3f}",
        "low at Moon": f"the ship is too low over the Moon on day {leg.day:.3f}",
        "too far": f"the ship is too far away on day {leg.day:.3f}",
    }[leg.arc.end]
    return f"{how}, at altitudes {earth:.0f} km (Earth) and {moon:.0f} km (Moon)"


def _miss(value: float, low: float, high: float) -> str:
    return f"{low - value:.4g} below" if value < low else f"{value - high:.4g} above"
