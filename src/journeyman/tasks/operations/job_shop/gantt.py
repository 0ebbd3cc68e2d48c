"""The picture of a schedule: one row for each machine, one colour for each job, the critical path outlined."""

from __future__ import annotations

from io import BytesIO

from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from journeyman.tasks.operations.job_shop.schedule import Shop, critical_path, lower_bound, makespan

INK = "#222222"


def chart(shop: Shop, start: list[list[int]], name: str) -> bytes:
    """A PNG of about 1100 x 500 pixels; `start` must be feasible."""
    end, bound = makespan(shop, start), lower_bound(shop)
    height = 1.1 + 0.26 * shop.machines
    figure = Figure(figsize=(11, height), dpi=100)
    FigureCanvasAgg(figure)
    # Margins by hand, in inches: a layout engine would draw everything twice.
    axes = figure.add_axes((0.6 / 11, 0.55 / height, 10.3 / 11, 1 - 0.9 / height))
    critical = {(j, k) for _, j, k in critical_path(shop, start)}
    # Neighbouring job numbers get far apart hues: a step of 0.382 turns through the colour circle.
    colours = [colormaps["hsv"](0.382 * j % 1.0) for j in range(shop.jobs)]

    for on_path in (False, True):
        boxes, faces = [], []
        for j, row in enumerate(start):
            for k, t in enumerate(row):
                if ((j, k) in critical) == on_path:
                    y, right = shop.machine[j][k], t + shop.duration[j][k]
                    boxes.append([(t, y - 0.4), (right, y - 0.4), (right, y + 0.4), (t, y + 0.4)])
                    red, green, blue, _ = colours[j]
                    faces.append((0.45 + 0.5 * red, 0.45 + 0.5 * green, 0.45 + 0.5 * blue))
        edges, width = (INK, 1.6) if on_path else ("white", 0.5)
        axes.add_collection(PolyCollection(boxes, facecolors=faces, edgecolors=edges, linewidths=width))
    for j, (row, durations) in enumerate(zip(start, shop.duration, strict=True)):
        # The job number as a marker, one scatter a job: separate texts would take longer than all the rest.
        wide = [k for k, p in enumerate(durations) if p > 0.018 * end]
        middles = [row[k] + durations[k] / 2 for k in wide]
        rows = [shop.machine[j][k] for k in wide]
        axes.scatter(
            middles, rows, s=22 if j < 10 else 42, marker=f"${j}$", color=INK, linewidths=0, zorder=3
        )
    axes.axvline(end, color=INK, linewidth=1)
    axes.axvline(bound, color=INK, linewidth=1, linestyle=":")
    axes.set_xlim(0, 1.01 * end)
    axes.set_ylim(shop.machines - 0.4, -0.6)
    axes.set_yticks(range(shop.machines))
    axes.set_xlabel("time (time units)")
    axes.set_ylabel("machine")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(
        f"{name}: makespan {end} (solid line), lower bound {bound} (dotted). "
        "Numbers are jobs, outlined operations are the critical path.",
        fontsize=9,
        loc="left",
    )
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
