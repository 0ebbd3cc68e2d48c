"""The picture of a mission: in the turning frame, in axes that do not turn, near the Earth and the Moon, and its masses."""

from __future__ import annotations

import math
from io import BytesIO
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from journeyman.tasks.physical.lunar_landing.mission import Mission, Plan
from journeyman.tasks.physical.lunar_landing.system import (
    DAYS,
    DISTANCE_KM,
    EARTH_RADIUS_KM,
    MOON_RADIUS_KM,
    MU,
)

INK, OUT, HOME, EARTH, MOON = "#222222", "#1f6fb4", "#d1602b", "#3b8f5a", "#9a9a9a"
WIDTH, HEIGHT = 11.0, 7.6
UNIT = DISTANCE_KM / 1e3  # thousands of km in one unit of length

Points = np.ndarray[Any, Any]


def chart(plan: Plan, mission: Mission, name: str) -> bytes:
    """A PNG of 1100 x 760 pixels; the mission must have been flown with `points`."""
    assert mission.outward is not None
    assert mission.inward is not None
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=100)
    FigureCanvasAgg(figure)
    # Margins by hand, in inches: a layout engine would draw everything twice.
    turning = _axes(figure, 0.65, 3.85, 4.75, 3.05)
    fixed = _axes(figure, 6.1, 3.85, 4.75, 3.05)
    earth = _axes(figure, 0.65, 0.55, 2.45, 2.5)
    moon = _axes(figure, 3.95, 0.55, 2.45, 2.5)
    masses = _axes(figure, 7.6, 0.55, 3.1, 2.5)

    _turning(turning, mission)
    _fixed(fixed, mission)
    _close_up(earth, mission, -MU, EARTH_RADIUS_KM, EARTH, 5 * EARTH_RADIUS_KM, "near the Earth")
    _close_up(moon, mission, 1 - MU, MOON_RADIUS_KM, MOON, 3.2 * MOON_RADIUS_KM, "near the Moon")
    radius = MOON_RADIUS_KM + mission.lunar_altitude_km
    moon.add_patch(Circle((0, 0), radius / 1e3, fill=False, color=INK, linewidth=0.8, linestyle=":"))
    _masses(masses, plan, mission)
    sense = "counter-clockwise" if mission.sense > 0 else "clockwise"
    figure.text(
        0.012, 0.972,
        f"{name}: payload {mission.budget.payload:.0f} kg in a {sense} lunar orbit at {mission.lunar_altitude_km:.0f} km; "
        f"{mission.days:.2f} days ({mission.arrival_day:.2f} out, {mission.stay_days:.2f} there); "
        f"entry at {mission.entry_angle_deg:.2f} degrees and {mission.entry_speed_m_s / 1e3:.2f} km/s",
        fontsize=9.5, color=INK,
    )  # fmt: skip
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def _axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    axes = figure.add_axes((left / WIDTH, bottom / HEIGHT, width / WIDTH, height / HEIGHT))
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _turning(axes: Axes, mission: Mission) -> None:
    assert mission.outward is not None
    assert mission.inward is not None
    axes.plot(*(mission.outward[:, 1:] * UNIT).T, color=OUT, linewidth=1.2, label="outbound")
    axes.plot(*(mission.inward[:, 1:] * UNIT).T, color=HOME, linewidth=1.2, label="homeward")
    axes.plot([-MU * UNIT], [0], "o", color=EARTH, markersize=6)
    axes.plot([(1 - MU) * UNIT], [0], "o", color=MOON, markersize=4)
    # Text offsets in points, taken in turn: one set near the Earth, one elsewhere.
    near, far = cycle([(-30, -34), (-30, -62), (-30, -90)]), cycle([(8, -16), (8, 16), (-62, 14), (-62, -16)])
    xs, ys = [], []
    for kick in mission.kicks:
        x, y = kick.at[0] * UNIT, kick.at[1] * UNIT
        shift = next(near if math.hypot(x, y) < 60 else far)
        xs.append(x)
        ys.append(y)
        axes.annotate(
            f"{kick.what}\n{kick.m_s:.0f} m/s", (x, y), xytext=shift, textcoords="offset points", fontsize=7.5,
            color=INK, arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.5}, va="center",
        )  # fmt: skip
    axes.plot(xs, ys, "x", color=INK, markersize=5)
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.12, 0.2)
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    axes.set_title("frame that turns with the Moon", fontsize=9, loc="left")
    axes.set_xlabel("x (1000 km)", fontsize=8)
    axes.set_ylabel("y (1000 km)", fontsize=8)


def _fixed(axes: Axes, mission: Mission) -> None:
    """Relative to the Earth in axes that do not turn, with the Moon's path from departure to entry."""
    for points, colour in ((mission.outward, OUT), (mission.inward, HOME)):
        assert points is not None
        axes.plot(*_unturned(points[:, 0], points[:, 1] + MU, points[:, 2]), color=colour, linewidth=1.2)
    days = np.linspace(0, mission.days, 300)
    axes.plot(*_unturned(days, np.ones(300), np.zeros(300)), color=MOON, linewidth=0.8, linestyle=":")
    for day, text in (
        (0.0, "Moon at departure"),
        (mission.arrival_day, "at arrival"),
        (mission.arrival_day + mission.stay_days, "at leaving"),
    ):
        x, y = _unturned(np.array([day]), np.ones(1), np.zeros(1))
        axes.plot(x, y, "o", color=MOON, markersize=4)
        side = -1 if x[0] > 0 else 1  # the text goes to the inside of the Moon's path
        axes.annotate(
            text, (x[0], y[0]), xytext=(6 * side, -10), textcoords="offset points", fontsize=7.5, color=INK,
            ha="right" if side < 0 else "left",
        )  # fmt: skip
    axes.plot([0], [0], "o", color=EARTH, markersize=6)
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.15, 0.12)
    axes.set_title("about the Earth, axes that do not turn", fontsize=9, loc="left")
    axes.set_xlabel("X (1000 km)", fontsize=8)
    axes.set_ylabel("Y (1000 km)", fontsize=8)


def _unturned(days: Points, x: Points, y: Points) -> tuple[Points, Points]:
    angle = days / DAYS
    c, s = np.cos(angle), np.sin(angle)
    return (c * x - s * y) * UNIT, (s * x + c * y) * UNIT


def _close_up(
    axes: Axes, mission: Mission, centre: float, radius_km: float, colour: str, half_km: float, title: str
) -> None:
    axes.add_patch(Circle((0, 0), radius_km / 1e3, color=colour, linewidth=0))
    for points, line in ((mission.outward, OUT), (mission.inward, HOME)):
        assert points is not None
        axes.plot((points[:, 1] - centre) * UNIT, points[:, 2] * UNIT, color=line, linewidth=1.3)
    for kick in mission.kicks:
        x, y = (kick.at[0] - centre) * UNIT, kick.at[1] * UNIT
        if math.hypot(x, y) < half_km / 1e3:
            axes.plot([x], [y], "x", color=INK, markersize=6)
            axes.annotate(
                f"{kick.m_s:.0f} m/s", (x, y), xytext=(5, 5 if y > 0 else -11), textcoords="offset points",
                fontsize=7.5, color=INK, annotation_clip=True,
            )  # fmt: skip
    axes.set_xlim(-half_km / 1e3, half_km / 1e3)
    axes.set_ylim(-half_km / 1e3, half_km / 1e3)
    axes.set_aspect("equal")
    axes.set_title(f"{title} (turning frame)", fontsize=9, loc="left")
    axes.set_xlabel("x (1000 km)", fontsize=8)
    axes.set_ylabel("y (1000 km)", fontsize=8)


def _masses(axes: Axes, plan: Plan, mission: Mission) -> None:
    """What the ship is made of at departure, one bar each, and what limits it."""
    budget = mission.budget
    bars = [
        ("payload", budget.payload, INK),
        ("propellant out", budget.propellant_out, OUT),
        ("propellant home", budget.propellant_home, HOME),
        ("consumables", budget.consumables, MOON),
        ("dry ship", budget.dry, EARTH),
    ]
    names = [name for name, _, _ in bars]
    tonnes = [mass / 1e3 for _, mass, _ in bars]
    axes.barh(names, tonnes, color=[colour for _, _, colour in bars], height=0.65)
    for i, value in enumerate(tonnes):
        axes.text(value + 0.01 * max(tonnes), i, f"{value:.2f}", va="center", fontsize=8, color=INK)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.18 * max(tonnes))
    axes.set_xlabel("mass at departure (1000 kg)", fontsize=8)
    used = (budget.propellant_out + budget.propellant_home) / plan.ship.tank_kg
    limit = "tank" if budget.limited_by_tank else "launcher"
    axes.set_title(
        f"{budget.departure / 1e3:.2f} t at C3 = {mission.c3:.2f} km²/s²; tank {100 * used:.0f} % full; limit: {limit}",
        fontsize=8, loc="right",
    )  # fmt: skip
