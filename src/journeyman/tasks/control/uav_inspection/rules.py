"""Every hard rule of a flight: the first one that is broken, in words, with where and by how much."""

from __future__ import annotations

import msgspec
import numpy as np

from journeyman.tasks.control.uav_inspection.flight import Flight, norm, obstacle_position
from journeyman.tasks.control.uav_inspection.site import Box, Site, Vector
from journeyman.tasks.control.uav_inspection.spline import Array

LENGTH_TOLERANCE_M = 0.01
SPEED_TOLERANCE_M_S = 0.01
THRUST_TOLERANCE_N = 0.1
TILT_TOLERANCE_DEG = 0.1
TIME_TOLERANCE_S = 1e-6

SHORTEST_INTERVAL_S = 0.1


class Knots(msgspec.Struct, frozen=True):
    """Times (s) and positions (m) of the path's knots."""

    t: list[float]
    x: list[Vector]


class Design(msgspec.Struct, frozen=True):
    """What a candidate returns."""

    knots: Knots


def knot_fault(site: Site, knots: Knots) -> str | None:
    """What is wrong with the knots themselves; None if they make a path from pad to pad in time."""
    n, limit = len(knots.t), site.limits
    if n != len(knots.x):
        return f"knots.t has {n} times and knots.x has {len(knots.x)} positions; there must be as many"
    if not 2 <= n <= limit.knots:
        return f"there are {n} knots; there must be 2 to {limit.knots}"
    t, x = np.array(knots.t, float), np.array(knots.x, float)
    if abs(t[0]) > TIME_TOLERANCE_S:
        return f"the first knot is at {t[0]:.6g} s; the flight must begin at 0"
    if t[-1] > limit.time_s + TIME_TOLERANCE_S:
        return f"the flight ends at {t[-1]:.6g} s, {t[-1] - limit.time_s:.3g} s after the limit of {limit.time_s:g} s"
    k = int(np.argmin(np.diff(t)))
    if t[k + 1] - t[k] < SHORTEST_INTERVAL_S - TIME_TOLERANCE_S:
        return (
            f"knot {k + 1} comes {t[k + 1] - t[k]:.6g} s after knot {k}; knots must be at least "
            f"{SHORTEST_INTERVAL_S} s apart"
        )
    # The fence first: inside it no square overflows.
    fault = outside_fence(site.fence, t, x, "knot")
    if fault is not None:
        return fault
    for k, where in ((0, "first"), (n - 1, "last")):
        off = float(np.linalg.norm(x[k] - site.pad))
        if off > LENGTH_TOLERANCE_M:
            return f"the {where} knot is {off:.4g} m from the pad; it must be on it within {LENGTH_TOLERANCE_M} m"
    return None


def outside_fence(fence: Box, t: Array, x: Array, what: str) -> str | None:
    """The worst place outside the fence, if there is one."""
    over = np.maximum(np.array(fence.low) - x, x - np.array(fence.high))
    i, axis = np.unravel_index(int(np.argmax(over)), over.shape)
    if over[i, axis] <= LENGTH_TOLERANCE_M:
        return None
    name = "xyz"[int(axis)]
    return (
        f"{what} at {t[i]:.2f} s: {name} = {x[i, axis]:.7g} m is {over[i, axis]:.3g} m outside of the fence "
        f"({fence.low[int(axis)]:g} to {fence.high[int(axis)]:g} m)"
    )


def flight_fault(site: Site, flight: Flight) -> str | None:
    """The first rule that a flight breaks; None if it keeps them all."""
    return (
        outside_fence(site.fence, flight.t, flight.position, "position")
        or _motion_fault(site, flight)
        or _box_fault(site, flight)
        or _obstacle_fault(site, flight)
        or _photo_fault(site, flight)
    )


def _motion_fault(site: Site, flight: Flight) -> str | None:
    limit, vertical = site.limits, flight.velocity[:, 2]
    thrust = flight.thrust_n
    for name, value, most, tolerance, unit in (
        ("speed over ground", flight.speed, limit.speed_m_s, SPEED_TOLERANCE_M_S, "m/s"),
        ("climb rate", vertical, limit.climb_m_s, SPEED_TOLERANCE_M_S, "m/s"),
        ("descent rate", -vertical, limit.descent_m_s, SPEED_TOLERANCE_M_S, "m/s"),
        ("thrust", thrust, limit.thrust_max_n, THRUST_TOLERANCE_N, "N"),
        ("tilt", flight.tilt_deg, limit.tilt_deg, TILT_TOLERANCE_DEG, "degrees"),
    ):
        i = int(np.argmax(value))
        if value[i] > most + tolerance:
            return f"{name} {value[i]:.2f} {unit} at {flight.t[i]:.2f} s, {value[i] - most:.3g} above the limit of {most:g}"
    i = int(np.argmin(thrust))
    if thrust[i] < limit.thrust_min_n - THRUST_TOLERANCE_N:
        low = limit.thrust_min_n
        return f"thrust {thrust[i]:.2f} N at {flight.t[i]:.2f} s, {low - thrust[i]:.3g} below the limit of {low:g}"
    return None


def _box_fault(site: Site, flight: Flight) -> str | None:
    for number, box in enumerate(site.boxes):
        i = enters(box, flight.position, LENGTH_TOLERANCE_M)
        if i is not None:
            share = np.linspace(0, 1, 21)[:, None]
            chord = flight.position[i] * (1 - share) + flight.position[i + 1] * share
            depth = -float(np.min(box_distance(box, chord)))
            x, y, z = flight.position[i]
            return (
                f"the path enters box {number} at {flight.t[i]:.2f} s near ({x:.2f}, {y:.2f}, {z:.2f}), "
                f"at least {depth:.3g} m deep"
            )
    return None


def enters(box: Box, path: Array, tolerance: float) -> int | None:
    """The first straight piece of a path (N x 3, m) that goes deeper than `tolerance` into the box: the index of its start.

    Slabs: a piece is inside between the last entry into and the first exit from the three slabs that make the box.
    """
    low, high = np.array(box.low) + tolerance, np.array(box.high) - tolerance
    near = np.all((np.maximum(path[:-1], path[1:]) > low) & (np.minimum(path[:-1], path[1:]) < high), axis=1)
    for i in np.flatnonzero(near):
        a, d = path[i], path[i + 1] - path[i]
        d = np.where(np.abs(d) < 1e-12, 1e-12, d)
        first, second = (low - a) / d, (high - a) / d
        into = max(0.0, float(np.max(np.minimum(first, second))))
        out = min(1.0, float(np.min(np.maximum(first, second))))
        if into < out:
            return int(i)
    return None


def box_distance(box: Box, position: Array) -> Array:
    """Signed distance (N, m) of positions (N x 3) to the surface of a box; negative inside."""
    low, high = np.array(box.low), np.array(box.high)
    beyond = np.abs(position - (low + high) / 2) - (high - low) / 2
    distance: Array = norm(np.maximum(beyond, 0.0)) + np.minimum(np.max(beyond, axis=1), 0.0)
    return distance


def _obstacle_fault(site: Site, flight: Flight) -> str | None:
    for number, obstacle in enumerate(site.obstacles):
        closest = closest_approach(flight.position - obstacle_position(obstacle, flight.t))
        i = int(np.argmin(closest))
        lacking = obstacle.radius_m - closest[i]
        if lacking > LENGTH_TOLERANCE_M:
            return (
                f"obstacle {number} is {closest[i]:.2f} m away at {flight.t[i]:.2f} s, {lacking:.3g} m less than its radius "
                f"of {obstacle.radius_m:g} m"
            )
    return None


def closest_approach(relative: Array) -> Array:
    """Least distance (N - 1) from the origin of each straight piece of a path (N x 3)."""
    a, d = relative[:-1], np.diff(relative, axis=0)
    share = np.clip(-np.sum(a * d, axis=1) / np.maximum(np.sum(d * d, axis=1), 1e-300), 0, 1)
    return norm(a + share[:, None] * d)


def _photo_fault(site: Site, flight: Flight) -> str | None:
    radius, speed = site.photo_radius_m, flight.speed
    for number, point in enumerate(site.points):
        distance = norm(flight.position - np.array(point.at))
        inside = distance <= radius + LENGTH_TOLERANCE_M
        if not inside.any():
            i = int(np.argmin(distance))
            return (
                f"point {number} is missed: the path comes as near as {distance[i]:.3f} m at {flight.t[i]:.2f} s, "
                f"{distance[i] - radius:.3g} m more than {radius:g} m"
            )
        slowest = float(np.min(speed[inside]))
        limit = point.photo_speed_m_s
        if slowest > limit + SPEED_TOLERANCE_M_S:
            i = int(np.flatnonzero(inside)[np.argmin(speed[inside])])
            return (
                f"point {number} is passed too fast: within {radius:g} m the speed is never below {slowest:.3f} m/s "
                f"(at {flight.t[i]:.2f} s), {slowest - limit:.3g} m/s above {limit:g}"
            )
    return None


def photo_times(site: Site, flight: Flight) -> list[float]:
    """When each point was photographed: the first instant near enough and slow enough. The flight must keep the rules."""
    times = []
    for point in site.points:
        near = norm(flight.position - np.array(point.at)) <= site.photo_radius_m + LENGTH_TOLERANCE_M
        good = near & (flight.speed <= point.photo_speed_m_s + SPEED_TOLERANCE_M_S)
        times.append(float(flight.t[int(np.argmax(good))]))
    return times
