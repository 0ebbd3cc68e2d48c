"""Verdict on an inspection flight: inverse dynamics on a dense grid, every rule, then the energy drawn from the battery."""

from __future__ import annotations

import numpy as np

from journeyman.tasks.control.uav_inspection.flight import Flight, fly, integral, norm, obstacle_position
from journeyman.tasks.control.uav_inspection.rules import (
    Design,
    box_distance,
    closest_approach,
    flight_fault,
    knot_fault,
    photo_times,
)
from journeyman.tasks.control.uav_inspection.site import Site
from journeyman.verify import Instance, Metric, Outcome, as_design, feasible, infeasible


def score(instance: Instance, design: object) -> Outcome:
    """The battery energy of the flight along `design["knots"]` in kJ, or the first rule it breaks."""
    site = Site.of(instance.public)
    knots = as_design(design, Design).knots
    fault = knot_fault(site, knots)
    if fault is not None:
        return infeasible(fault)
    flight = fly(site, np.array(knots.t, float), np.array(knots.x, float))
    fault = flight_fault(site, flight)
    if fault is not None:
        return infeasible(fault)
    duration = float(flight.t[-1])
    distance = float(np.sum(norm(np.diff(flight.position, axis=0))))
    metrics = {
        "duration": Metric(duration, "s"),
        "distance": Metric(distance, "m"),
        "mean_power": Metric(1000 * flight.energy_kj / duration, "W"),
        "top_speed": Metric(float(np.max(flight.speed)), "m/s"),
        "climbed": Metric(integral(flight.t, np.maximum(flight.velocity[:, 2], 0)), "m"),
        "largest_tilt": Metric(float(np.max(flight.tilt_deg)), "deg"),
        "drag_work": Metric(-integral(flight.t, np.sum(flight.drag * flight.air_velocity, axis=1)) / 1000, "kJ"),
    }
    return feasible(flight.energy_kj, metrics=metrics, feedback=describe(site, flight))


def describe(site: Site, flight: Flight) -> str:
    """Where the energy of a feasible flight goes and which limits are close; under 500 characters."""
    t, energy, speed = flight.t, flight.energy_kj, flight.speed
    distance = float(np.sum(norm(np.diff(flight.position, axis=0))))
    slow = integral(t, np.where(speed < 1, flight.power.electric, 0.0)) / 1000
    induced = integral(t, flight.power.induced) / site.drone.efficiency / 1000
    # The dearest piece between two photographs (the pad is -1).
    taken = sorted((time, number) for number, time in enumerate(photo_times(site, flight)))
    stops = [(0.0, -1), *taken, (float(t[-1]), -1)]
    sums = np.concatenate([[0.0], np.cumsum(np.diff(t) * (flight.power.electric[1:] + flight.power.electric[:-1]) / 2)])
    at = np.interp([time for time, _ in stops], t, sums) / 1000
    worst = int(np.argmax(np.diff(at)))
    names = ["pad" if number < 0 else f"point {number}" for _, number in stops]
    box = min((float(np.min(box_distance(b, flight.position))) for b in site.boxes), default=np.inf)
    free = min(
        (float(np.min(closest_approach(flight.position - obstacle_position(o, t)))) - o.radius_m for o in site.obstacles),
        default=np.inf,
    )
    limit = site.limits
    room = "".join(f", {what} {gap:.2f} m" for what, gap in (("box", box), ("obstacle", free)) if np.isfinite(gap))
    return (
        f"{energy:.2f} kJ in {t[-1]:.1f} s over {distance:.0f} m, mean {distance / t[-1]:.1f} m/s. "
        f"{100 * induced / energy:.0f} % is induced power, {100 * slow / energy:.0f} % is spent below 1 m/s. "
        f"Dearest piece: {names[worst]} to {names[worst + 1]}, {at[worst + 1] - at[worst]:.2f} kJ in "
        f"{stops[worst + 1][0] - stops[worst][0]:.1f} s. Top speed {np.max(speed):.1f} of {limit.speed_m_s:g} m/s, tilt "
        f"{np.max(flight.tilt_deg):.1f} of {limit.tilt_deg:g} deg, descent {-np.min(flight.velocity[:, 2]):.2f} of "
        f"{limit.descent_m_s:g} m/s{', nearest' + room[1:] if room else ''}."
    )


def draw(instance: Instance, design: object) -> dict[str, bytes]:
    """Map, side view and time history of the flight, `flight.png`; nothing for a design that breaks a rule."""
    from journeyman.tasks.control.uav_inspection.chart import chart

    site = Site.of(instance.public)
    knots = as_design(design, Design).knots
    if knot_fault(site, knots) is not None:
        return {}
    flight = fly(site, np.array(knots.t, float), np.array(knots.x, float))
    if flight_fault(site, flight) is not None:
        return {}
    return {"flight.png": chart(site, flight, instance.name)}
