"""The picture of a packing: circles coloured by radius, a line for each contact, and the radii in order of size."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Circle as Disc

from journeyman.tasks.classics.circle_packing.packing import (
    TOUCHING,
    Circle,
    total_radius,
    touching_pairs,
    touching_walls,
)
from journeyman.verify.score import Anchors

INK = "#222222"
WIDTH_IN, HEIGHT_IN, DPI = 11, 6.6, 100


def picture(circles: Sequence[Circle], anchors: Anchors | None) -> bytes:
    """A PNG of 1100 x 660 pixels; `circles` must be feasible."""
    figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), dpi=DPI)
    FigureCanvasAgg(figure)
    pairs, walls = touching_pairs(circles), touching_walls(circles)
    radii = [r for _, _, r in circles]
    norm, colours = Normalize(min(radii), max(radii)), colormaps["viridis"]
    if min(radii) == max(radii):
        norm = Normalize(0, max(radii))

    square = figure.add_axes((0.6 / WIDTH_IN, 0.55 / HEIGHT_IN, 5.5 / WIDTH_IN, 5.5 / HEIGHT_IN))
    square.add_collection(
        PatchCollection(
            [Disc((x, y), r) for x, y, r in circles],
            facecolors=[(*colours(norm(r))[:3], 0.75) for r in radii],
            edgecolors=INK,
            linewidths=0.8,
        )
    )
    lines = [(circles[i][:2], circles[j][:2]) for i, j in pairs] + [
        (circles[i][:2], foot(circles[i], wall)) for i, wall in walls
    ]
    square.add_collection(LineCollection(lines, colors=INK, linewidths=0.7))
    for i, (x, y, r) in enumerate(circles):
        square.annotate(
            str(i), (x, y), ha="center", va="center", fontsize=7, color=INK,
            bbox={"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8 if r > 0.02 else 0},
        )  # fmt: skip
    square.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel="x (side lengths)", ylabel="y (side lengths)")

    bars = figure.add_axes((6.95 / WIDTH_IN, 0.55 / HEIGHT_IN, 3.85 / WIDTH_IN, 5.1 / HEIGHT_IN))
    order = sorted(range(len(circles)), key=lambda i: -radii[i])
    bars.barh(range(len(order)), [radii[i] for i in order], color=[colours(norm(radii[i])) for i in order])
    bars.set_yticks(range(len(order)), [str(i) for i in order], fontsize=7)
    bars.set_ylim(len(order) - 0.4, -0.6)
    bars.set(xlabel="radius (side lengths)", ylabel="circle")
    bars.spines[["top", "right"]].set_visible(False)
    bars.set_title(
        f"{len(pairs)} pairs and {len(walls)} walls touch (gap below {TOUCHING:g}, lines),\n"
        f"for {3 * len(circles)} numbers chosen",
        fontsize=9,
        loc="left",
    )
    known = "" if anchors is None else f" (grid and gap {anchors.baseline:.4f}, best known {anchors.reference:.10f})"
    figure.text(
        0.6 / WIDTH_IN,
        1 - 0.3 / HEIGHT_IN,
        f"{len(circles)} circles: sum of radii {total_radius(circles):.10f}{known}",
        fontsize=11,
    )
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def foot(circle: Circle, wall: int) -> tuple[float, float]:
    """The point of a wall, numbered as in `wall_gaps`, that is next to a circle's centre."""
    x, y, _ = circle
    return ((0.0, y), (1.0, y), (x, 0.0), (x, 1.0))[wall]
