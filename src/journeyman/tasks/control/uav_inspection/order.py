"""The order of the points: an estimate of the energy of every leg, then a travelling-salesman search on it."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from journeyman.tasks.control.uav_inspection.site import Site
from journeyman.tasks.control.uav_inspection.spline import Array

Leg = Callable[[Array, Array], "list[Array] | None"]

# Of a flight between two photographs: ground speed that pays in still air (m/s), electric power (W), and what it costs to
# slow down and to speed up again (kJ). Rough, since they only rank orders; the trajectory is optimised afterwards.
PACE_M_S = 8.0
POWER_W = 430.0
STOP_KJ = 0.4


def leg_energy(site: Site, start: Array, corners: list[Array]) -> float:
    """Estimated energy (kJ) of a way from `start` over `corners`: the time it takes, plus the work of climbing."""
    angle = np.deg2rad(site.wind.towards_deg)
    along = np.array([np.cos(angle), np.sin(angle)])
    seconds = work = 0.0
    here = start
    for corner in corners:
        step = corner - here
        level = float(np.hypot(step[0], step[1]))
        height = max(1.0, float(here[2] + corner[2]) / 2)
        wind = site.wind.speed_10m_m_s * (height / 10) ** site.wind.exponent
        pace = PACE_M_S + 0.5 * wind * float(step[:2] @ along) / max(level, 1e-9)
        vertical = step[2] / site.limits.climb_m_s if step[2] > 0 else -step[2] / site.limits.descent_m_s
        seconds += max(level / pace, float(vertical))
        work += site.drone.mass_kg * site.gravity_m_s2 * float(step[2]) / site.drone.efficiency / 1000
        here = corner
    return POWER_W * seconds / 1000 + work + STOP_KJ


def leg_costs(site: Site, leg: Leg) -> Array:
    """Estimated energies (kJ) between all places, (n + 1) x (n + 1), the pad first; not symmetric."""
    places = [np.array(site.pad), *(np.array(point.at) for point in site.points)]
    costs = np.zeros((len(places), len(places)))
    for i, a in enumerate(places):
        for j, b in enumerate(places):
            if i != j:
                corners = leg(a, b)
                costs[i, j] = np.inf if corners is None else leg_energy(site, a, corners)
    return costs


def length(costs: Array, tour: list[int]) -> float:
    """Cost of the closed tour 0, tour..., 0."""
    stops = [0, *tour, 0]
    return float(costs[stops[:-1], stops[1:]].sum())


def descend(costs: Array, tour: list[int]) -> list[int]:
    """Or-opt (a run of one to three points moved, either way round) and 2-opt until neither helps."""
    best = length(costs, tour)
    improved = True
    while improved:
        improved = False
        for other in _neighbours(tour):
            cost = length(costs, other)
            if cost < best - 1e-9:
                tour, best, improved = other, cost, True
                break
    return tour


def _neighbours(tour: list[int]) -> list[list[int]]:
    n = len(tour)
    found = []
    for i in range(n):
        for size in (1, 2, 3):
            run, rest = tour[i : i + size], tour[:i] + tour[i + size :]
            for j in range(len(rest) + 1):
                if j != i:
                    found.append(rest[:j] + run + rest[j:])
                    found.append(rest[:j] + run[::-1] + rest[j:])
        for j in range(i + 2, n + 1):
            found.append(tour[:i] + tour[i:j][::-1] + tour[j:])
    return found


def good_orders(costs: Array, first: list[int], *, rounds: int, keep: int, seed: int) -> list[list[int]]:
    """The `keep` best local optima of an iterated local search from `first`; places are numbered from 1 (0 is the pad)."""
    rng = random.Random(seed)
    here = descend(costs, first)
    seen = {tuple(here): length(costs, here)}
    for _ in range(rounds):
        # A double bridge: three cuts, the two middle parts change places.
        i, j, k = sorted(rng.sample(range(len(here) + 1), 3))
        other = descend(costs, here[:i] + here[j:k] + here[i:j] + here[k:])
        seen[tuple(other)] = length(costs, other)
        if seen[tuple(other)] <= seen[tuple(here)]:
            here = other
    return [list(tour) for tour in sorted(seen, key=seen.__getitem__)[:keep]]
