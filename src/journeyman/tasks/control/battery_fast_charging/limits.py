"""The three limits of a charge, how near a simulated one comes to each, and the first that it breaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from journeyman.tasks.control.battery_fast_charging.cell import ZERO_CELSIUS, Array
from journeyman.tasks.control.battery_fast_charging.profile import KNOTS, Profile
from journeyman.tasks.control.battery_fast_charging.spme import SAMPLES, Trace

# What a limit may be passed by: far above what the integration leaves open (some 0.01 mV), and nothing to a cell.
VOLTAGE_TOLERANCE_V, ANODE_TOLERANCE_V, TEMPERATURE_TOLERANCE_K = 5e-4, 2e-4, 0.02


@dataclass(frozen=True)
class Limits:
    """Largest terminal voltage, least anode potential against lithium, highest temperature of the cell."""

    voltage_v: float
    anode_v: float
    temperature_c: float

    @classmethod
    def of(cls, public: dict[str, Any]) -> Limits:
        """From an instance's public part."""
        return cls(public["voltage_max_v"], public["anode_min_v"], public["temperature_max_c"])


@dataclass(frozen=True)
class Nearest:
    """The smallest room to a limit over the whole charge (negative: past it) and when; in the unit of the limit."""

    name: str
    room: float
    seconds: float


def rooms(limits: Limits, trace: Trace) -> tuple[Array, Array, Array]:
    """Room to the limits of voltage (V), anode potential (V) and temperature (K) at each sample."""
    return (
        limits.voltage_v - trace.voltage_v,
        trace.anode_v - limits.anode_v,
        limits.temperature_c + ZERO_CELSIUS - trace.kelvin,
    )


def nearest(limits: Limits, trace: Trace) -> tuple[Nearest, Nearest, Nearest]:
    """Of voltage, anode potential, temperature: the least room, between the samples too."""
    found = [lowest(trace.seconds, room) for room in rooms(limits, trace)]
    names = ("voltage", "anode", "temperature")
    first, second, third = (Nearest(name, *low) for name, low in zip(names, found, strict=True))
    return first, second, third


def lowest(seconds: Array, room: Array) -> tuple[float, float]:
    """The least value of a sampled curve and its time; a valley inside a piece is the vertex of a parabola.

    The current bends at the knots, so there the samples themselves count: no parabola is laid across a bend.
    """
    i = int(np.argmin(room))
    if i % SAMPLES == 0 or i + 1 >= len(room):
        return float(room[i]), float(seconds[i])
    before, here, after = room[i - 1 : i + 2]
    step, curvature = float(seconds[i + 1] - seconds[i]), before - 2 * here + after
    if curvature <= 0:
        return float(here), float(seconds[i])
    shift = 0.5 * (before - after) / curvature
    return float(here - 0.25 * (before - after) * shift), float(seconds[i] + shift * step)


def first_fault(limits: Limits, profile: Profile, trace: Trace) -> str | None:
    """The limit that is broken first in time, where, and by how much at worst; None if all are kept."""
    margins = rooms(limits, trace)
    tolerances = (VOLTAGE_TOLERANCE_V, ANODE_TOLERANCE_V, TEMPERATURE_TOLERANCE_K)
    worst = nearest(limits, trace)
    broken = [
        (first_below(room, -tolerance, trace.seconds, low.seconds), low)
        for room, tolerance, low in zip(margins, tolerances, worst, strict=True)
        if low.room < -tolerance
    ]
    if broken:
        began, low = min(broken, key=lambda item: item[0])
        where = f"from {100 * profile.soc_at(began):.1f} % state of charge on ({began / 60:.1f} min)"
        at = f"worst at {100 * profile.soc_at(low.seconds):.1f} %"
        if low.name == "voltage":
            said = (
                f"the terminal voltage exceeds {limits.voltage_v:g} V {where}, by {-1e3 * low.room:.2f} mV, {at}"
            )
        elif low.name == "anode":
            said = (
                f"lithium would plate: the anode potential falls below {1e3 * limits.anode_v:g} mV {where}, "
                f"by {-1e3 * low.room:.2f} mV, {at}"
            )
        else:
            said = f"the cell gets hotter than {limits.temperature_c:g} C {where}, by {-low.room:.2f} K, {at}"
        others = [other.name for _, other in broken if other is not low]
        return said + (f"; also broken: {' and '.join(others)}" if others else "")
    if not trace.complete:
        return (
            f"the electrolyte is drained of salt at {100 * profile.soc_at(float(trace.seconds[-1])):.1f} % state of charge "
            f"({trace.seconds[-1] / 60:.1f} min), where the cell can take this current no longer"
        )
    return None


def first_below(room: Array, level: float, seconds: Array, otherwise: float) -> float:
    """The time of the first sample below `level`; `otherwise` where only a valley between samples is."""
    below = np.flatnonzero(room < level)
    return float(seconds[below[0]]) if len(below) else otherwise


def samples_of(profile: Profile) -> int:
    """How many samples a complete charge has."""
    return (KNOTS - 1) * SAMPLES + 1
