"""One picture of a plate: its phase, the light in every plane, and what each spot got of its share.

Matplotlib is imported only here and only when a picture is asked for.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from journeyman.tasks.optics.multiplane_hologram.hologram import (
    LEVELS,
    Bench,
    Plane,
    PlaneLight,
    guaranteed,
    light,
)
from journeyman.tasks.optics.multiplane_hologram.propagation import Real

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Columns of pictures in the upper two rows; 6 hold the plate and five planes.
COLUMNS = 3
FAINTEST = 1e-3


def picture(name: str, bench: Bench, levels: Real) -> bytes:
    """A PNG of about 1100 x 900 pixels for levels (N, N) in 0..255."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    found = light(bench, levels)
    reached = 100 * guaranteed(bench, found)
    ghost = max(here.ghost_ratio for here in found)
    rows = -(-(1 + len(found)) // COLUMNS)
    figure = Figure(figsize=(11, 3.35 * rows + 2.2), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(
        f"{name}: weakest spot {reached.min():.2f} % of incident power per share, "
        f"worst ghost {ghost:.2f} of the faintest peak (limit {bench.ghost_limit:g})",
        fontsize=11,
    )
    grid = figure.add_gridspec(rows + 1, COLUMNS, height_ratios=[1.0] * rows + [0.62])
    places = [figure.add_subplot(grid[i // COLUMNS, i % COLUMNS]) for i in range(rows * COLUMNS)]
    half = 1e3 * bench.modulator.pixels * bench.modulator.pitch_m / 2
    extent = (-half, half, -half, half)

    plate = places[0].imshow(
        levels.T, origin="lower", extent=extent, cmap="twilight", vmin=0, vmax=LEVELS, interpolation="nearest"
    )
    places[0].set_title("phase plate", fontsize=9)
    figure.colorbar(plate, ax=places[0], label=f"level (2π = {LEVELS})", shrink=0.85)
    brightest = max(float(here.intensity.max()) for here in found)
    first = 0
    for axes, plane, here in zip(places[1:], bench.planes, found, strict=False):
        shown = np.log10(np.maximum(here.intensity / brightest, FAINTEST))
        image = axes.imshow(shown.T, origin="lower", extent=extent, cmap="inferno", vmin=np.log10(FAINTEST), vmax=0)
        ring(axes, bench, plane, here, first)
        first += len(plane.shares)
        figure.colorbar(image, ax=axes, label="log10 intensity", shrink=0.85)
    for axes in places[: 1 + len(found)]:
        axes.set_xlabel("x (mm)", fontsize=8)
        axes.set_ylabel("y (mm)", fontsize=8)
        axes.tick_params(labelsize=7)
    for axes in places[1 + len(found) :]:
        axes.set_axis_off()
    bars(figure.add_subplot(grid[rows, :]), bench, reached)
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def ring(axes: Axes, bench: Bench, plane: Plane, here: PlaneLight, first: int) -> None:
    """Circles at the guard radius round the spots, their numbers from `first` on, and a cross on the ghost."""
    from matplotlib.patches import Circle

    radius = 1e3 * bench.guard * plane.disc_m
    for m, (x, y) in enumerate(1e3 * plane.spots_m, start=first):
        axes.add_patch(Circle((x, y), radius, fill=False, color="#5fd0ff", lw=0.9))
        axes.annotate(
            str(m), (x + 0.75 * radius, y + 0.75 * radius), color="#5fd0ff", fontsize=8, annotation_clip=False
        )
    x, y = 1e3 * bench.modulator.centres()[list(here.ghost_at)]
    axes.plot(x, y, "x", color="#7dff7d", ms=6)
    title = f"{1e3 * plane.distance_m:.1f} mm behind, worst ghost (×) {here.ghost_ratio:.2f}"
    axes.set_title(title, fontsize=9)


def bars(axes: Axes, bench: Bench, reached: Real) -> None:
    """Power over share of every spot, coloured by plane, with the smallest as a line."""
    first = 0
    for k, plane in enumerate(bench.planes):
        numbers = np.arange(first, first + len(plane.shares))
        first += len(plane.shares)
        axes.bar(numbers, reached[numbers], color=f"C{k}", label=f"{1e3 * plane.distance_m:.0f} mm")
    axes.axhline(reached.min(), color="#222222", lw=1)
    axes.set_xlabel("spot, plane by plane; line: the weakest")
    axes.set_ylabel("power / share\n(% of incident)", fontsize=9)
    axes.set_xticks(range(len(reached)))
    axes.set_xlim(-0.7, len(reached) - 0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(title="plane", fontsize=8, ncols=1, loc="center left", bbox_to_anchor=(1.0, 0.5))
