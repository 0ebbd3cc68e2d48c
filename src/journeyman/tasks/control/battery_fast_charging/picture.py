"""The picture of a charge: current, voltage, temperature and anode potential over time, each with its limit."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from journeyman.tasks.control.battery_fast_charging.cell import ZERO_CELSIUS, Array, Cell
from journeyman.tasks.control.battery_fast_charging.limits import Limits
from journeyman.tasks.control.battery_fast_charging.profile import SOC_KNOTS, Profile
from journeyman.tasks.control.battery_fast_charging.spme import Trace

INK, LIMIT, FORBIDDEN = "#1f4e79", "#b22222", "#f6d5d5"
WIDTH, HEIGHT = 11.0, 8.6  # inches at 100 dots


def chart(name: str, cell: Cell, limits: Limits, profile: Profile, trace: Trace) -> bytes:
    """A PNG of 1100 x 860 pixels; a charge that broke down is drawn as far as it came."""
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=100)
    FigureCanvasAgg(figure)
    # Margins by hand: a layout engine would draw everything twice.
    rows = [figure.add_axes((0.075, 0.065 + 0.228 * (3 - i), 0.91, 0.205)) for i in range(4)]
    minutes = trace.seconds / 60
    current = profile.current_at(trace.seconds)
    curves: tuple[tuple[str, Array, float | None, bool], ...] = (
        ("current (C)", current / cell.capacity_ah, None, True),
        ("voltage (V)", trace.voltage_v, limits.voltage_v, True),
        ("cell (\N{DEGREE SIGN}C)", trace.kelvin - ZERO_CELSIUS, limits.temperature_c, True),
        ("anode against Li (mV)", 1e3 * trace.anode_v, 1e3 * limits.anode_v, False),
    )
    for axes, (label, values, limit, above) in zip(rows, curves, strict=True):
        axes.plot(minutes, values, color=INK, linewidth=1.6)
        axes.set_ylabel(label)
        axes.yaxis.set_label_coords(-0.05, 0.5)
        axes.set_xlim(0, 1.015 * minutes[-1])
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#e4e4e4", linewidth=0.6)
        if limit is not None:
            forbid(axes, values, limit, above)
    rows[0].set_ylim(0, 1.12 * float(current.max()) / cell.capacity_ah)
    knots_c = profile.current_a / cell.capacity_ah
    shown = profile.seconds <= trace.seconds[-1] + 1
    rows[0].plot(profile.seconds[shown] / 60, knots_c[shown], ".", color=INK, markersize=5)
    # The first moments fall from 200 mV: what matters lies near the limit.
    rows[3].set_ylim(min(0.0, 1e3 * float(trace.anode_v.min())) - 4, 90)
    for k in range(4, len(SOC_KNOTS), 4):
        if profile.seconds[k] <= trace.seconds[-1] + 1:
            rows[0].annotate(
                f"{100 * SOC_KNOTS[k]:.0f} %",
                (float(profile.seconds[k]) / 60, float(knots_c[k])),
                textcoords="offset points", xytext=(0, 7), ha="center", fontsize=8, color="#555555",
            )  # fmt: skip
    for axes in rows[:3]:
        axes.tick_params(labelbottom=False)
    rows[3].set_xlabel("time (min)")
    whole = f"{profile.minutes:.2f} min from 10 to 80 %" if trace.complete else "breaks down"
    rows[0].set_title(
        f"{name}, {cell.ambient_c:g} \N{DEGREE SIGN}C ambient: {whole}. Dots are the knots, with their state of charge; "
        "red is forbidden.",
        fontsize=10,
        loc="left",
    )
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def forbid(axes: Axes, values: Array, limit: float, above: bool) -> None:
    """The limit as a line, what lies beyond it shaded."""
    low, high = float(np.min(values)), float(np.max(values))
    span = max(high, limit) - min(low, limit)
    bottom, top = min(low, limit) - 0.08 * span, max(high, limit) + 0.12 * span
    axes.axhline(limit, color=LIMIT, linewidth=1.2)
    axes.axhspan(*((limit, top + span) if above else (bottom - span, limit)), color=FORBIDDEN, linewidth=0)
    axes.set_ylim(bottom, top)
