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

# Inches: the figure's width, a panel's side, and the steps from panel to panel; three columns hold plate and planes.
WIDTH, SIDE, STEP_X, STEP_Y, COLUMNS = 11.0, 2.75, 3.3, 3.35, 3
BARS = 2.35
FAINTEST = 1e-3


def picture(name: str, bench: Bench, levels: Real) -> bytes:
    """A PNG of about 1100 x 950 pixels for levels (N, N) in 0..255."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    found = light(bench, levels)
    reached = 100 * guaranteed(bench, found)
    ghost = max(here.ghost_ratio for here in found)
    height = BARS + STEP_Y * -(-(1 + len(found)) // COLUMNS) + 0.35
    figure = Figure(figsize=(WIDTH, height), dpi=100)
    FigureCanvasAgg(figure)

    def placed(left: float, top: float, width: float, tall: float) -> Axes:
        return figure.add_axes((left / WIDTH, 1 - (top + tall) / height, width / WIDTH, tall / height))

    figure.text(
        0.06,
        1 - 0.25 / height,
        f"{name}: weakest spot {reached.min():.2f} % (power / share, of incident power), "
        f"worst ghost {ghost:.2f} of the faintest peak (limit {bench.ghost_limit:g})",
        fontsize=11,
    )
    half = 1e3 * bench.modulator.pixels * bench.modulator.pitch_m / 2
    panels = [
        placed(0.65 + STEP_X * (i % COLUMNS), 0.7 + STEP_Y * (i // COLUMNS), SIDE, SIDE)
        for i in range(1 + len(found))
    ]
    edges = (-half, half, -half, half)
    plate = panels[0].imshow(
        levels.T, origin="lower", extent=edges, cmap="twilight", vmin=0, vmax=LEVELS, interpolation="nearest"
    )
    panels[0].set_title("phase plate", fontsize=9)
    brightest = max(float(here.intensity.max()) for here in found)
    first = 0
    for axes, plane, here in zip(panels[1:], bench.planes, found, strict=True):
        shown = np.log10(np.maximum(here.intensity / brightest, FAINTEST))
        image = axes.imshow(
            shown.T, origin="lower", extent=edges, cmap="inferno", vmin=np.log10(FAINTEST), vmax=0
        )
        ring(axes, bench, plane, here, first)
        first += len(plane.shares)
    for axes in panels:
        axes.set_xlabel("x (mm)", fontsize=8, labelpad=1)
        axes.set_ylabel("y (mm)", fontsize=8, labelpad=-2)
        axes.tick_params(labelsize=7)
    bar_top = height - BARS + 0.15
    bars(placed(0.65, bar_top, 7.2, 1.65), bench, reached)
    for top, mappable, label in (
        (bar_top + 0.1, plate, f"level of the plate ({LEVELS} = 2π)"),
        (bar_top + 0.95, image, "log10 of intensity, brightest sample = 0"),
    ):
        scale = figure.colorbar(mappable, cax=placed(8.35, top, 2.3, 0.14), orientation="horizontal")
        scale.set_label(label, fontsize=8)
        scale.ax.tick_params(labelsize=7)
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
    axes.set_xlabel("spot, plane by plane (line: the weakest)", fontsize=8)
    axes.set_ylabel("power / share\n(% of incident)", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.set_xticks(range(len(reached)))
    axes.set_xlim(-0.7, len(reached) - 0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_ylim(0, 1.22 * reached.max())
    axes.legend(fontsize=8, ncols=len(bench.planes), loc="upper center", frameon=False)
