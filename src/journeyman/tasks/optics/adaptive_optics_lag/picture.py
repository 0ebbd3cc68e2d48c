"""One picture of a finished loop. Matplotlib is imported only here and only when a picture is asked for."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from journeyman.tasks.optics.adaptive_optics_lag.loop import Conditions, Trace, residual, scene, variance
from journeyman.tasks.optics.adaptive_optics_lag.telescope import (
    DIAMETER_M,
    PIXEL_M,
    PIXELS_PER_SUBAPERTURE,
    SUBAPERTURES_ACROSS,
    telescope,
)

Array = NDArray[np.float64]


def pupil_map(values: Array) -> Array:
    """Pixel values on their square grid, rows from bottom to top, NaN outside the pupil."""
    across = SUBAPERTURES_ACROSS * PIXELS_PER_SUBAPERTURE
    image = np.full((across, across), np.nan)
    column, row = np.round(telescope().pixels.T / PIXEL_M + (across - 1) / 2).astype(int)
    image[row, column] = values
    return image


def picture(name: str, conditions: Conditions, trace: Trace) -> bytes:
    """PNG: variance over time against the open loop, and the last frame's wavefront before and after the mirror."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    before = scene(conditions).wavefront
    after = residual(conditions, trace.positions)
    closed = variance(after)
    best = variance(before - before @ telescope().projection.T @ telescope().influence.T)
    mean = closed[conditions.settle_frames :].mean()
    time_ms = 1e3 * np.arange(conditions.frames) / conditions.sampling_hz

    figure = Figure(figsize=(10, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    left, *maps = figure.subplots(1, 3, width_ratios=[1.7, 1, 1])
    left.semilogy(time_ms, variance(before), color="0.55", label="flat mirror")
    left.semilogy(time_ms, closed, color="C0", label=f"closed loop, mean {mean:.3f} rad²")
    left.semilogy(time_ms, best, color="C2", lw=1, label="best shape (fitting error)")
    left.axvspan(0, time_ms[conditions.settle_frames], color="0.93", zorder=0)
    left.set(
        title=f"{name}: residual variance at 1.65 µm",
        xlabel="time (ms), settling in grey",
        ylabel="variance (rad²)",
    )
    left.set_xlim(0, time_ms[-1])
    left.legend(fontsize=8)
    left.grid(alpha=0.3)
    for axes, values, title in zip(
        maps, (before[-1], after[-1]), ("flat mirror", "closed loop"), strict=True
    ):
        nanometres = pupil_map(1e3 * values)
        span = np.nanmax(np.abs(nanometres))
        half = DIAMETER_M / 2
        shown = axes.imshow(
            nanometres,
            origin="lower",
            extent=(-half, half, -half, half),
            cmap="RdBu_r",
            vmin=-span,
            vmax=span,
        )
        axes.set(title=f"{title}, last frame\n{1e3 * values.std():.0f} nm rms", xlabel="x (m)")
        axes.set_yticks([])
        figure.colorbar(shown, ax=axes, orientation="horizontal", label="wavefront (nm)", shrink=0.9)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110, metadata={"Software": None})
    return file.getvalue()
