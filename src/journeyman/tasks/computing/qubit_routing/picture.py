"""The picture of a routed circuit: above the chip with its couplings, below the schedule."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from journeyman.tasks.computing.qubit_routing.circuit import Routed
from journeyman.tasks.computing.qubit_routing.device import FALCON_27, PLACE, Device
from journeyman.tasks.computing.qubit_routing.schedule import Loss

INK, IDLE, SINGLE = "#222222", "#e3e3e3", "#4c78a8"


def picture(name: str, device: Device, routed: Routed, lost: Loss) -> bytes:
    """A PNG of 1100 x 800 pixels."""
    figure = Figure(figsize=(11, 8), dpi=100)
    FigureCanvasAgg(figure)
    chip = figure.add_axes((0.03, 0.53, 0.85, 0.42))
    scale = figure.add_axes((0.91, 0.57, 0.014, 0.32))
    time = figure.add_axes((0.06, 0.07, 0.92, 0.41))
    errors = [100 * error for error in device.cx_error.values()]
    colour = ScalarMappable(LogNorm(min(errors), max(errors)), colormaps["viridis_r"])
    _chip(chip, device, routed, lost, colour)
    figure.colorbar(colour, cax=scale, label="cx error of the coupling (%)")
    scale.set_yticks([t for t in (0.5, 1, 2, 4) if min(errors) <= t <= max(errors)])
    scale.set_yticklabels([f"{t:g}" for t in (0.5, 1, 2, 4) if min(errors) <= t <= max(errors)])
    scale.minorticks_off()
    chip.set_title(
        f"{name}: loss {lost.total:.3f} nats = cx {sum(lost.cx.values()):.3f} + waiting {sum(lost.wait.values()):.3f} "
        f"+ one-qubit gates {lost.single:.3f}; {sum(lost.uses.values())} cx",
        fontsize=11,
        loc="left",
    )
    _schedule(time, device, routed, lost, colour)
    file = BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _hue(colour: ScalarMappable, error: float) -> Any:
    return colour.to_rgba(np.array([100 * error]))[0]


def _chip(axes: Any, device: Device, routed: Routed, lost: Loss, colour: ScalarMappable) -> None:
    """Couplings: colour is the error, width the number of cx. Qubits: blue where the circuit acts, logical ones named."""
    most = max(lost.uses.values(), default=1)
    lines = [(PLACE[a], PLACE[b]) for a, b in FALCON_27]
    hues = [_hue(colour, device.cx_error[edge]) for edge in FALCON_27]
    widths = [1.5 + 14 * lost.uses.get(edge, 0) / most for edge in FALCON_27]
    styles = ["solid" if edge in lost.uses else "dotted" for edge in FALCON_27]
    axes.add_collection(LineCollection(lines, colors=hues, linewidths=widths, linestyles=styles, zorder=1))
    for (a, b), count in lost.uses.items():
        x, y = (PLACE[a][0] + PLACE[b][0]) / 2, (PLACE[a][1] + PLACE[b][1]) / 2
        axes.text(x, y, count, fontsize=7, ha="center", va="center", zorder=4,
                  bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.85})  # fmt: skip
    used = {q for edge in lost.uses for q in edge}
    for q, (x, y) in enumerate(PLACE):
        axes.scatter([x], [y], s=330, color="#cfe0f3" if q in used else "white", edgecolors=INK, zorder=2)
        axes.text(x, y, q, ha="center", va="center", fontsize=9, zorder=3)
    paper = {"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8}
    for word, layout, shift, hue in (("in", routed.initial, -0.24, "#b5311f"), ("out", routed.final, 0.27, "#1a6b32")):
        for k, q in enumerate(layout):
            x, y = PLACE[q]
            axes.text(x + shift, y + 0.34, f"{word} {k}", fontsize=8, color=hue, ha="center", va="center", bbox=paper)
    axes.set_xlim(-0.5, 10.5)
    axes.set_ylim(-0.5, 4.55)
    axes.axis("off")


def _schedule(axes: Any, device: Device, routed: Routed, lost: Loss, colour: ScalarMappable) -> None:
    """A row for each used qubit: grey where waiting counts, a box where a gate runs, a line between the two of a cx."""
    order = sorted({*routed.initial, *routed.final, *(q for edge in lost.uses for q in edge)})
    row = {q: i for i, q in enumerate(order)}
    boxes: list[list[tuple[float, float]]] = []
    faces: list[Any] = []
    links: list[list[tuple[float, float]]] = []
    spans = {q: [0.0, 0.0] for q in routed.initial}
    for gate, begin in zip(routed.gates, lost.start_ns, strict=True):
        if gate[0] == "rz":
            continue
        cx = gate[0] == "cx"
        takes = device.cx_ns[gate[1], gate[2]] if cx else device.sx_ns
        face = _hue(colour, device.cx_error[gate[1], gate[2]]) if cx else SINGLE
        left, right = begin / 1e3, (begin + takes) / 1e3
        acted = gate[1:3] if cx else gate[1:2]
        for q in acted:
            y = row.setdefault(q, len(row))
            boxes.append([(left, y - 0.36), (right, y - 0.36), (right, y + 0.36), (left, y + 0.36)])
            faces.append(face)
            spans.setdefault(q, [left, right])[1] = right
        if cx:
            middle = (left + right) / 2
            links.append([(middle, row[gate[1]]), (middle, row[gate[2]])])
    end = lost.end_ns / 1e3
    for q in routed.final:
        spans.setdefault(q, [0.0, end])[1] = end
    idle = [
        [(a, row[q] - 0.36), (b, row[q] - 0.36), (b, row[q] + 0.36), (a, row[q] + 0.36)] for q, (a, b) in spans.items()
    ]
    axes.add_collection(PolyCollection(idle, facecolors=IDLE, edgecolors="none", zorder=0))
    axes.add_collection(LineCollection(links, colors="#999999", linewidths=0.6, zorder=1))
    axes.add_collection(PolyCollection(boxes, facecolors=faces, edgecolors="white", linewidths=0.3, zorder=2))
    axes.set_xlim(0, max(end, 1e-3) * 1.005)
    axes.set_ylim(len(row) - 0.4, -0.6)
    axes.set_yticks(range(len(row)), [str(q) for q in row])
    axes.set_xlabel("time (us)")
    axes.set_ylabel("physical qubit")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(
        "Schedule: cx in the colour of its coupling, sx and x blue, waiting that costs fidelity grey. "
        "Above: in/out k = where logical qubit k begins and ends.",
        fontsize=9,
        loc="left",
    )
