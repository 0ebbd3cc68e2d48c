"""Verdict on a mission: it is flown here, arc after arc, and its masses are settled here; nothing claimed is read."""

from __future__ import annotations

from journeyman.tasks.physical.lunar_landing.mission import Design, Fault, Mission, Plan, fly
from journeyman.verify import Instance, Metric, Outcome, as_design, feasible, infeasible


def score(instance: Instance, design: object) -> Outcome:
    """The payload left in lunar orbit, kg, or the first rule that the design breaks."""
    plan = Plan.of(instance.public)
    flown = fly(plan, as_design(design, Design))
    if isinstance(flown, Fault):
        return infeasible(flown.reason)
    budget = flown.budget
    propellant = budget.propellant_out + budget.propellant_home
    metrics = {
        "departure_mass": Metric(budget.departure, "kg"),
        "c3": Metric(flown.c3, "km^2/s^2"),
        "propellant": Metric(propellant, "kg"),
        "tank_margin": Metric(plan.ship.tank_kg - propellant, "kg"),
        "burns_outbound": Metric(flown.out_m_s, "m/s"),
        "burns_homeward": Metric(flown.home_m_s, "m/s"),
        "mission_time": Metric(flown.days, "days"),
        "time_out": Metric(flown.arrival_day, "days"),
        "stay": Metric(flown.stay_days, "days"),
        "lunar_altitude": Metric(flown.lunar_altitude_km, "km"),
        "entry_angle": Metric(flown.entry_angle_deg, "degrees"),
        "entry_speed": Metric(flown.entry_speed_m_s, "m/s"),
    }
    return feasible(budget.payload, metrics=metrics, feedback=describe(plan, flown))


def describe(plan: Plan, mission: Mission) -> str:
    """Where the mass goes and how close the limits are; under 500 characters."""
    budget, ship = mission.budget, plan.ship
    propellant = budget.propellant_out + budget.propellant_home
    kicks = ", ".join(f"{k.what} {k.m_s:.1f}" for k in mission.kicks)
    limit = (
        f"the tank limits the departure mass (launcher could send {budget.launcher_kg - budget.departure:.0f} kg more)"
        if budget.limited_by_tank
        else f"the launcher limits the departure mass (tank has {ship.tank_kg - propellant:.0f} kg of room)"
    )
    text = (
        f"payload {budget.payload:.1f} kg of {budget.departure:.0f} kg at departure (C3 {mission.c3:.3f}); {limit}. "
        f"Propellant {budget.propellant_out:.0f} out, {budget.propellant_home:.0f} home, consumables "
        f"{budget.consumables:.0f} kg. Burns (m/s): {kicks}. Days: {mission.arrival_day:.2f} out, {mission.stay_days:.2f} "
        f"stay, {mission.days - mission.arrival_day - mission.stay_days:.2f} home, {mission.days:.2f} of "
        f"{plan.mission_days:g}. Entry {mission.entry_angle_deg:.2f} deg"
    )
    return text if len(text) < 499 else text[:495] + " ..."


def draw(instance: Instance, design: object) -> dict[str, bytes]:
    """The mission in both frames and its masses, `mission.png`; nothing for a design that breaks a rule."""
    from journeyman.tasks.physical.lunar_landing.chart import chart

    plan = Plan.of(instance.public)
    flown = fly(plan, as_design(design, Design), points=True)
    return {} if isinstance(flown, Fault) else {"mission.png": chart(plan, flown, instance.name)}
