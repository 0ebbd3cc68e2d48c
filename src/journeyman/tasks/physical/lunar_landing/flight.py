"""Coasting arcs, integrated by heyoka's Taylor method with exact event detection.

F. Biscani, D. Izzo: Revisiting high-order Taylor methods for astrodynamics and celestial mechanics. Monthly Notices of the
Royal Astronomical Society 504 (2021) 2614-2628.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np

from journeyman.tasks.physical.lunar_landing.system import (
    DAYS,
    DISTANCE_KM,
    EARTH_RADIUS_KM,
    MOON_RADIUS_KM,
    MU,
    State,
)

# The closest point to the Moon counts as perilune only inside this distance from its centre.
PERILUNE_WITHIN_KM = 30000.0

End = Literal["time", "perilune", "low at Earth", "low at Moon", "too far"]


@dataclass(frozen=True)
class Limits:
    """What ends a coast before its time: floors above Earth and Moon (km of altitude), largest distance from Earth (km)."""

    earth_floor_km: float
    moon_floor_km: float
    farthest_km: float


@dataclass(frozen=True)
class Arc:
    """A coast: the state where it ended, why, how long it took, and points on it if they were asked for.

    `path` has rows (t in days from the arc's start, x, y).
    """

    state: State
    end: End
    days: float
    path: np.ndarray[Any, Any] | None = None


def coast(
    state: State, days: float, limits: Limits, *, to_perilune: bool = False, points: bool = False
) -> Arc:
    """Coast from `state` for at most `days`. With `to_perilune` the first perilune ends the coast.

    A start below a floor, or beyond the farthest distance, ends it at once.
    """
    radius = math.hypot(state[0] + MU, state[1]) * DISTANCE_KM
    lunar = math.hypot(state[0] - 1 + MU, state[1]) * DISTANCE_KM
    for broken, end in (
        (radius < EARTH_RADIUS_KM + limits.earth_floor_km, "low at Earth"),
        (lunar < MOON_RADIUS_KM + limits.moon_floor_km, "low at Moon"),
        (radius > limits.farthest_km, "too far"),
    ):
        if broken:
            return Arc(state, end, 0.0)  # type: ignore[arg-type]
    ta = integrator()
    ta.reset_cooldowns()
    ta.time = 0.0
    ta.state[:] = state
    ta.pars[:] = (
        ((EARTH_RADIUS_KM + limits.earth_floor_km) / DISTANCE_KM) ** 2,
        ((MOON_RADIUS_KM + limits.moon_floor_km) / DISTANCE_KM) ** 2,
        (limits.farthest_km / DISTANCE_KM) ** 2,
        # Squared distance inside which a perilune ends the arc; negative, so that none does, if it is not asked for.
        (PERILUNE_WITHIN_KM / DISTANCE_KM) ** 2 * (1 if to_perilune else -1),
    )
    outcome, _, _, _, dense, _ = ta.propagate_until(days / DAYS, c_output=points)
    code = int(outcome)
    ends: dict[int, End] = {-1: "perilune", -2: "low at Earth", -3: "low at Moon", -4: "too far"}
    path = None
    if points and ta.time > 0:
        times = np.asarray(dense.times)
        # Eight points on each of the integrator's own steps, which are short where the orbit bends.
        fine = np.append(np.interp(np.arange(8 * (len(times) - 1)) / 8, np.arange(len(times)), times), times[-1])
        path = np.column_stack([fine * DAYS, np.array(dense(fine))[:, :2]])
    x, y, vx, vy = (float(value) for value in ta.state)
    return Arc((x, y, vx, vy), ends.get(code, "time"), float(ta.time) * DAYS, path)


@cache
def integrator(mu: float = MU) -> Any:
    """The integrator of the three-body problem with its four terminal events; compiled once a process (0.4 s).

    Parameters: squared radii of the floors about Earth and Moon, of the farthest distance from Earth, and of the region in
    which a perilune ends the arc.
    """
    import heyoka as hy

    x, y, vx, vy = hy.make_vars("x", "y", "vx", "vy")
    earth = (x + mu) ** 2 + y**2
    moon = (x - 1 + mu) ** 2 + y**2
    ax = 2 * vy + x - (1 - mu) * (x + mu) * earth**-1.5 - mu * (x - 1 + mu) * moon**-1.5
    ay = -2 * vx + y - (1 - mu) * y * earth**-1.5 - mu * y * moon**-1.5

    def goes_on(ta: Any, _direction: int) -> bool:
        px, py = ta.state[0] - 1 + mu, ta.state[1]
        return bool(px * px + py * py > ta.pars[3])

    falling, rising = hy.event_direction.negative, hy.event_direction.positive
    events = [
        hy.t_event(hy.par[3] * ((x - 1 + mu) * vx + y * vy), direction=rising, callback=goes_on),
        hy.t_event(earth - hy.par[0], direction=falling),
        hy.t_event(moon - hy.par[1], direction=falling),
        hy.t_event(earth - hy.par[2], direction=rising),
    ]
    equations = [(x, vx), (y, vy), (vx, ax), (vy, ay)]
    return hy.taylor_adaptive(equations, [0.5, 0.0, 0.0, 1.0], t_events=events, tol=1e-16)
