"""Verdict on a charging profile: the charge is simulated, its limits are checked, its time is exact."""

from __future__ import annotations

import numpy as np

from journeyman.tasks.control.battery_fast_charging.cell import ZERO_CELSIUS, Cell
from journeyman.tasks.control.battery_fast_charging.limits import Limits, Nearest, first_fault, nearest
from journeyman.tasks.control.battery_fast_charging.profile import (
    KNOTS,
    SOC_KNOTS,
    Profile,
    decode,
    fault_of,
    profile_of,
)
from journeyman.tasks.control.battery_fast_charging.spme import Trace, simulate
from journeyman.verify import Instance, Metric, Outcome, feasible, infeasible


def score(instance: Instance, design: object) -> Outcome:
    """Minutes from 10 % to 80 % with `design["current_c"]`, or the first limit that the charge breaks."""
    current_c = decode(design)
    public = instance.public
    fault = fault_of(current_c, public["current_min_c"], public["current_max_c"])
    if fault is not None:
        return infeasible(fault)
    cell, limits = Cell.of(public), Limits.of(public)
    profile = profile_of(np.array(current_c), cell.capacity_ah)
    trace = simulate(cell, profile)
    if trace is None:
        return infeasible(f"the cell cannot take the first current, {current_c[0]:g} C, for a moment")
    fault = first_fault(limits, profile, trace)
    if fault is not None:
        return infeasible(fault)
    voltage, anode, heat = nearest(limits, trace)
    metrics = {
        "mean_current": Metric(60 * 0.7 / profile.minutes, "C"),
        "highest_voltage": Metric(limits.voltage_v - voltage.room, "V"),
        "lowest_anode_potential": Metric(1e3 * (limits.anode_v + anode.room), "mV"),
        "highest_temperature": Metric(limits.temperature_c - heat.room, "C"),
        "least_salt": Metric(float(trace.salt.min()), "mol/m3"),
        "heat_released": Metric(float(np.trapezoid(trace.heat_w, trace.seconds)) / 1e3, "kJ"),
    }
    return feasible(profile.minutes, metrics=metrics, feedback=describe(profile, trace, (voltage, anode, heat)))


UNITS = {"voltage": (1e3, "mV"), "anode": (1e3, "mV"), "temperature": (1.0, "K")}


def describe(profile: Profile, trace: Trace, lows: tuple[Nearest, ...]) -> str:
    """Where the minutes go and how near each limit comes; under 500 characters."""
    third = [float(profile.seconds[k]) / 60 for k in (0, 10, 20, KNOTS - 1)]
    spent = ", ".join(
        f"{third[i + 1] - third[i]:.1f} min from {100 * SOC_KNOTS[a]:g} to {100 * SOC_KNOTS[b]:g} %"
        for i, (a, b) in enumerate(((0, 10), (10, 20), (20, KNOTS - 1)))
    )
    parts = []
    for low in lows:
        factor, unit = UNITS[low.name]
        parts.append(f"{low.name} {factor * low.room:.1f} {unit} at {100 * profile.soc_at(low.seconds):.0f} %")
    return (
        f"{profile.minutes:.2f} min from 10 to 80 % ({spent}). Least room to the limits: {', '.join(parts)}. "
        f"The cell ends at {trace.kelvin[-1] - ZERO_CELSIUS:.1f} C."
    )


def draw(instance: Instance, design: object) -> dict[str, bytes]:
    """Current, voltage, temperature and anode potential over time, `charge.png`; nothing for what breaks down at once."""
    from journeyman.tasks.control.battery_fast_charging.picture import chart

    current_c = decode(design)
    public = instance.public
    if fault_of(current_c, public["current_min_c"], public["current_max_c"]) is not None:
        return {}
    cell = Cell.of(public)
    profile = profile_of(np.array(current_c), cell.capacity_ah)
    trace = simulate(cell, profile)
    if trace is None:
        return {}
    return {"charge.png": chart(instance.name, cell, Limits.of(public), profile, trace)}
