"""The picture of a flight: plan and side view coloured by power; speeds, tilt and power over time with their limits."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from journeyman.tasks.control.uav_inspection.flight import Flight
from journeyman.tasks.control.uav_inspection.rules import photo_times
from journeyman.tasks.control.uav_inspection.site import Site

INK, PALE = "#222222", "#d9d9d9"
WATTS_RANGE = (200, 900)
WATTS = Normalize(*WATTS_RANGE)


def chart(site: Site, flight: Flight, name: str) -> bytes:
    """A PNG of 1200 x 800 pixels; the flight must keep the rules."""
    figure = Figure(figsize=(12, 8), dpi=100)
    FigureCanvasAgg(figure)
    # Both views to one scale: metres to inches, as large as fits; the heights are drawn at the same scale as the plan.
    low, high = site.fence.low, site.fence.high
    wide, deep = high[0] - low[0], high[1] - low[1]
    scale = min(6.3 / wide, 5.3 / deep)
    top = 7.45
    plan = figure.add_axes((0.7 / 12, (top - scale * deep) / 8, scale * wide / 12, scale * deep / 8))
    tall = scale * high[2]
    bottom = max(0.5, top - scale * deep - 0.35 - tall)
    side = figure.add_axes((0.7 / 12, bottom / 8, scale * wide / 12, min(tall, top - scale * deep - 0.85) / 8), sharex=plan)
    _view(plan, site, flight, 1)
    _view(side, site, flight, 2)
    _plan_extras(plan, site)
    plan.set_ylabel("y (m)")
    side.set_ylabel("height z (m)")
    side.set_xlabel("x (m)")
    left = 0.7 + scale * wide + 1.55
    bar_axes = figure.add_axes(((0.7 + scale * wide + 0.12) / 12, (top - scale * deep) / 8, 0.12 / 12, scale * deep / 8))
    bar_axes.imshow(
        np.linspace(1, 0, 64)[:, None], aspect="auto", cmap="viridis", extent=(0, 1, *WATTS_RANGE)
    )
    bar_axes.set_xticks([])
    bar_axes.yaxis.tick_right()
    bar_axes.yaxis.set_label_position("right")
    bar_axes.set_ylabel("battery power (W)", fontsize=8)
    bar_axes.tick_params(labelsize=7)
    _history(figure, site, flight, left)
    figure.text(
        0.7 / 12, 0.968,
        f"{name}: {flight.energy_kj:.2f} kJ in {flight.t[-1]:.1f} s past {len(site.points)} points. "
        "Plan, and view from -y. Circles: points in order of their photographs; grey: boxes; red: moving obstacles.",
        fontsize=8.5,
    )  # fmt: skip
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def _view(axes: Axes, site: Site, flight: Flight, vertical: int) -> None:
    """Boxes, obstacles, points and the flight, seen along the axis that is neither x nor `vertical`."""
    boxes = [
        Rectangle((b.low[0], b.low[vertical]), b.high[0] - b.low[0], b.high[vertical] - b.low[vertical]) for b in site.boxes
    ]
    alpha = 0.8 if vertical == 1 else 0.35
    axes.add_collection(PatchCollection(boxes, facecolor=PALE, edgecolor="#888888", linewidth=0.7, alpha=alpha))
    for obstacle in site.obstacles:
        ends = np.array(obstacle.centre) + np.array([[-1.0], [1.0]]) * np.array(obstacle.swing)
        axes.plot(ends[:, 0], ends[:, vertical], color="#c0392b", linewidth=1)
        balls = [Circle((end[0], end[vertical]), obstacle.radius_m) for end in ends]
        axes.add_collection(PatchCollection(balls, facecolor="none", edgecolor="#c0392b", linewidth=0.7, linestyle=":"))
    path = flight.position[:, [0, vertical]]
    pieces = list(np.stack([path[:-1], path[1:]], axis=1))
    lines = LineCollection(pieces, array=flight.power.electric[:-1], norm=WATTS, cmap="viridis", linewidths=2)
    axes.add_collection(lines)
    order = np.argsort(photo_times(site, flight))
    for rank, number in enumerate(order):
        at = site.points[int(number)].at
        if vertical == 1:
            axes.plot(at[0], at[1], "o", markersize=11, markerfacecolor="white", markeredgecolor=INK, markeredgewidth=0.8)
            axes.text(at[0], at[1], str(rank + 1), fontsize=6.5, ha="center", va="center_baseline", color=INK)
        else:
            axes.plot(at[0], at[2], "o", markersize=3.5, markerfacecolor="white", markeredgecolor=INK, markeredgewidth=0.7)
    axes.plot(site.pad[0], site.pad[vertical], "s", color=INK, markersize=7 if vertical == 1 else 4)
    low, high = site.fence.low, site.fence.high
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[vertical] if vertical == 1 else 0, high[vertical])
    axes.tick_params(labelsize=8)


def _plan_extras(axes: Axes, site: Site) -> None:
    for box in site.boxes:
        axes.text(box.low[0] + 0.8, box.high[1] - 0.8, f"{box.high[2]:.0f}", fontsize=7, va="top", color="#666666")
    angle = np.deg2rad(site.wind.towards_deg)
    middle = np.array([site.fence.low[0] + 9, site.fence.high[1] - 9])
    step = 6 * np.array([np.cos(angle), np.sin(angle)])
    axes.annotate(
        "", middle + step, middle - step, arrowprops={"arrowstyle": "-|>", "color": "#1f5fa8", "linewidth": 1.6}
    )
    axes.text(
        site.fence.low[0] + 18, site.fence.high[1] - 2, f"wind {site.wind.speed_10m_m_s:.1f} m/s at 10 m",
        fontsize=8, va="top", color="#1f5fa8",
    )  # fmt: skip
    axes.set_aspect("equal")


def _history(figure: Figure, site: Site, flight: Flight, left: float) -> None:
    """Four small panels over time, to the right of the inch `left`."""
    limit, t = site.limits, flight.t
    photos = photo_times(site, flight)
    dark = colormaps["viridis"](0.25)
    panels = (
        ("speed over ground (m/s)", flight.speed, (limit.speed_m_s,)),
        ("vertical speed (m/s)", flight.velocity[:, 2], (limit.climb_m_s, -limit.descent_m_s)),
        ("tilt (degrees)", flight.tilt_deg, (limit.tilt_deg,)),
        ("battery power (W)", flight.power.electric, ()),
    )
    for row, (label, values, limits) in enumerate(panels):
        bottom = 0.7 + (3 - row) * 1.74
        axes = figure.add_axes((left / 12, bottom / 8, (11.85 - left) / 12, 1.5 / 8))
        axes.plot(t, values, color=dark, linewidth=0.9)
        for value in limits:
            axes.axhline(value, color="#c0392b", linewidth=0.9, linestyle="--")
        if row == 0:
            speeds = [point.photo_speed_m_s for point in site.points]
            axes.plot(photos, speeds, "v", markersize=4, color="#c0392b")
        if row == 3:
            axes.set_ylim(0, max(1000.0, 1.05 * float(np.max(values))))
        axes.set_xlim(0, t[-1])
        axes.set_ylabel(label, fontsize=8)
        axes.tick_params(labelsize=7, labelbottom=row == 3)
        axes.spines[["top", "right"]].set_visible(False)
        if row == 3:
            axes.set_xlabel("time (s). Dashed: limits. Triangles: photographs,\nat the highest speed they allow", fontsize=8)
