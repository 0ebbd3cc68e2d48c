"""The picture of a design: the tower from two sides, its deflected shape, where its mass is and how well it is used."""

from __future__ import annotations

import io

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from journeyman.tasks.physical.lattice_tower.assess import Report, assess, too_wide
from journeyman.tasks.physical.lattice_tower.tower import Tower

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

INK = "#222222"
COLOURS = {"leg": "#1b4f72", "diagonal": "#b9770e", "horizontal": "#1e8449", "plan": "#7d3c98"}


def seen_from(points: Array, azimuth_deg: float, elevation_deg: float) -> Array:
    """Orthogonal projection of points (..., 3) on the plane of view, (..., 2), and their depth as a third number."""
    a, e = np.radians([azimuth_deg, elevation_deg])
    right = np.array([-np.sin(a), np.cos(a), 0.0])
    towards = np.array([np.cos(a) * np.cos(e), np.sin(a) * np.cos(e), np.sin(e)])
    up = np.cross(towards, right)
    return np.stack([points @ right, points @ up, points @ towards], axis=-1)


def draw_tower(axes: Axes, tower: Tower, section: Integers, use: Array, view: tuple[float, float]) -> None:
    """The members as lines, as wide as their tubes (not to scale), coloured by utilisation, the farthest first."""
    lines = seen_from(tower.truss.nodes[tower.truss.ends], *view)
    order = np.argsort(lines[:, :, 2].mean(axis=1), kind="stable")
    width = 1e3 * tower.outside[section][tower.group]
    shades = colormaps["turbo"](Normalize(0, 1)(use))
    axes.add_collection(
        LineCollection(list(lines[order, :, :2]), colors=shades[order], linewidths=0.5 + 0.022 * width[order])
    )


def picture(name: str, tower: Tower, section: Integers) -> bytes:
    """A PNG of 1150 x 760 pixels of any design with valid section numbers."""
    report = assess(tower, section)
    use = np.maximum(report.member.max(axis=0), report.slender)
    height = float(tower.truss.nodes[:, 2].max())
    figure = Figure(figsize=(11.5, 7.6), dpi=100)
    FigureCanvasAgg(figure)

    side = figure.add_axes((0.055, 0.08, 0.17, 0.80))
    draw_tower(side, tower, section, use, (-90.0, 0.0))
    deflected(side, tower, report)
    side.set(xlabel="x (m)", ylabel="height (m)")
    oblique = figure.add_axes((0.25, 0.08, 0.19, 0.80))
    draw_tower(oblique, tower, section, use, (-62.0, 14.0))
    oblique.set_axis_off()
    for axes in (side, oblique):
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_ylim(-0.02 * height, 1.02 * height)
        axes.autoscale_view()
        axes.spines[["top", "right"]].set_visible(False)
    bar = figure.add_axes((0.455, 0.2, 0.012, 0.5))
    gradient = np.linspace(0, 1, 128)[:, None]
    bar.imshow(gradient, aspect="auto", origin="lower", cmap="turbo", extent=(0, 1, 0, 1))
    bar.set_xticks([])
    bar.set_title("use", fontsize=8)
    bar.tick_params(labelsize=8)

    mass_bars(figure.add_axes((0.57, 0.565, 0.40, 0.31)), tower, section)
    use_bars(figure.add_axes((0.57, 0.08, 0.40, 0.36)), tower, report)
    verdict = "all limits kept" if report.passes and too_wide(tower, section) is None else "A LIMIT IS BROKEN"
    figure.text(
        0.02, 0.965, f"{name}: steel mass {report.mass_kg:.1f} kg, {verdict}", fontsize=12, weight="bold", color=INK
    )
    figure.text(
        0.02, 0.935, "Lines: tubes, wider for larger diameters; colour: strength or slenderness over its limit, the larger.",
        fontsize=8.5, color=INK,
    )  # fmt: skip
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def deflected(axes: Axes, tower: Tower, report: Report) -> None:
    """The legs' shape under the service case that moves the top most, enlarged so that it shows."""
    case = int(report.deflection.argmax())
    moved = report.moved[case]
    farthest = float(np.abs(moved[:, [0, 1]]).max())
    height = float(tower.truss.nodes[:, 2].max())
    scale = max(1, round(0.07 * height / max(farthest, 1e-9)))
    legs = np.array([tower.kinds[g] == "leg" for g in tower.group])
    lines = seen_from((tower.truss.nodes + scale * moved)[tower.truss.ends[legs]], -90.0, 0.0)
    axes.add_collection(LineCollection(list(lines[:, :, :2]), colors="0.45", linewidths=0.8, linestyles="--"))
    axes.set_title(
        f"dashed: {tower.case_names[case]!r}, {scale} x\ntop at {100 * report.deflection[case]:.0f} % of "
        f"{1e3 * tower.deflection_limit_m:g} mm", fontsize=8.5,
    )  # fmt: skip


def mass_bars(axes: Axes, tower: Tower, section: Integers) -> None:
    """Steel mass in each tenth of the height, one colour for each kind."""
    weights = tower.density_kg_m3 * tower.area[section][tower.group] * tower.truss.length
    low, high = np.sort(tower.truss.nodes[tower.truss.ends, 2], axis=1).T
    left = np.zeros(10)
    edges = np.linspace(0, tower.truss.nodes[:, 2].max(), 11)
    # A member's mass is spread over the heights it spans; a level one belongs to the tenth below it.
    high = np.maximum(high, low + 1e-9)
    shares = np.clip((edges[:, None] - low) / (high - low), 0, 1)
    held_by = np.diff(shares, axis=0)
    for kind in dict.fromkeys(tower.kinds):
        of_kind = np.array([tower.kinds[g] == kind for g in tower.group])
        held = held_by[:, of_kind] @ weights[of_kind]
        axes.barh(
            (edges[1:] + edges[:-1]) / 2, held, left=left, height=0.85 * (edges[1] - edges[0]), color=COLOURS[kind],
            label=f"{kind}: {weights[of_kind].sum():.0f} kg",
        )  # fmt: skip
        left += held
    axes.set(xlabel="steel mass in a tenth of the height (kg)", ylabel="height (m)")
    axes.set_title("Mass by kind", fontsize=10, loc="left")
    axes.legend(fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def use_bars(axes: Axes, tower: Tower, report: Report) -> None:
    """For each group its strength and its slenderness utilisation; the deflection as one more bar."""
    strength, slender = np.zeros(tower.groups), np.zeros(tower.groups)
    np.maximum.at(strength, tower.group, report.member.max(axis=0))
    np.maximum.at(slender, tower.group, report.slender)
    heights = tower.truss.nodes[tower.truss.ends, 2].mean(axis=1)
    middle = np.bincount(tower.group, weights=heights) / np.bincount(tower.group)
    kinds = list(dict.fromkeys(tower.kinds))
    order = sorted(range(tower.groups), key=lambda g: (kinds.index(tower.kinds[g]), middle[g]))
    at = np.arange(tower.groups)
    axes.bar(at, strength[order], width=0.8, color=[COLOURS[tower.kinds[g]] for g in order])
    axes.plot(at, slender[order], linestyle="none", marker="_", markersize=9, markeredgewidth=2, color=INK)
    axes.bar(tower.groups + 0.5, report.deflection.max(), width=0.8, color="0.45")
    axes.axhline(1.0, color="#c0392b", linewidth=1)
    axes.set_xticks([*at, tower.groups + 0.5], [*(str(g) for g in order), "top"], fontsize=7, rotation=90)
    axes.set_xlim(-0.8, tower.groups + 1.3)
    axes.set_ylim(0, max(1.08, 1.05 * report.worst))
    axes.set(xlabel="group, each kind from the ground upwards; top: deflection", ylabel="utilisation")
    axes.set_title("Use of each group: bar strength, dash slenderness, red line limit", fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
