"""The figures: those of the paper (spec Appendix 3) and the new ones, as drawings with their captions."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from journeyman.foresee.score.frontier import COIN, corners
from journeyman.foresee.score.measured import Measured
from journeyman.foresee.score.report.cells import label, told_apart, with_access
from journeyman.foresee.score.report.mode_bars import COLOR_OF, MODES, Bars, draw_modes
from journeyman.foresee.score.report.plot import COLORS, Mark, Spot, Trace, color_of, draw_plot
from journeyman.foresee.score.scores import CellScores, Scores
from journeyman.report.blocks import Drawings

SMALL = (320, 206)
AVIC_GATE = Mark("AVIC's gate", 0.439, 0.271)
"""Recall and precision that were published for another system on SAT-Real (arXiv 2602.08236)."""


def mode_figure(scores: Scores) -> Drawings | None:
    """Success in the three modes, without a governor."""
    drawings = []
    for world in scores.worlds:
        agents = _modes(scores, world)
        if any(len(agent.rates) > 1 for agent in agents):
            short = told_apart([agent.name for agent in agents])
            shown = [Bars(name, agent.rates, agent.changes) for name, agent in zip(short, agents, strict=True)]
            drawings.append(draw_modes(shown, label=f"success by mode in {world}", title=world))
    caption = (
        "Strokes are 95 % intervals of the change against mode invisible, paired by instance, set on its level (dashed): "
        "clear of that line, access matters."
    )
    legend = [(COLOR_OF[mode], mode) for mode in MODES]
    return Drawings(drawings, caption, legend) if drawings else None


def calls_figure(scores: Scores) -> Drawings | None:
    """Success against the number of calls, beside the same instances without a world model."""
    drawings = []
    for cell in with_access(scores):
        if len(cell.calls) < 2:
            continue
        spots = [
            Spot(_middle(row.least, row.most), row.rate, row.low, row.high, f"{row.n} episodes: {row.rate:.3f}")
            for row in cell.calls
        ]
        alone = [
            Spot(_middle(row.least, row.most), row.without, title=f"{row.n} episodes alone: {row.without:.3f}")
            for row in cell.calls if row.without is not None
        ]  # fmt: skip
        traces = [Trace("with calls", "s0", spots), Trace("the same instances without", "s6", alone, dashed=True)]
        name = f"{label(cell, scores)}, {cell.world}, {cell.name.mode}"
        drawings.append(_titled(traces, name, x_name="calls of an episode", y_name="success"))
    caption = (
        "If both lines fall alike, calls go with failure because hard instances invite them; only where the first falls "
        "below the second may calls harm."
    )
    return Drawings(drawings, caption, small=True) if drawings else None


def gate_figure(scores: Scores) -> Drawings | None:
    """Precision against recall of calling, where there is a choice."""
    drawings = []
    for world in scores.worlds:
        cells = [
            cell for cell in with_access(scores)
            if cell.world == world and cell.name.mode == "normal"
            and None not in (cell.metrics["gate/precision"].value, cell.metrics["gate/recall"].value)
        ]  # fmt: skip
        if not cells:
            continue
        names = told_apart([label(cell, scores) for cell in cells])
        traces = []
        for i, (cell, name) in enumerate(zip(cells, names, strict=True)):
            precision, recall = cell.metrics["gate/precision"], cell.metrics["gate/recall"]
            spot = _spot(recall.value or 0.0, precision)
            traces.append(Trace(name, color_of(i), [spot], joined=False))
        random = [cell.metrics["gate/random_precision"].value or 0.0 for cell in cells]
        level = ("a coin", sum(random) / len(random)) if max(random) - min(random) < 0.02 else None
        drawings.append(
            draw_plot(
                traces, x_name="recall: needed instances called on", y_name=f"precision of calling in {world}", level=level,
                x_range=(0.0, 1.0), y_range=(0.0, 1.0), marks=[AVIC_GATE], label=f"gate precision and recall in {world}",
            )
        )  # fmt: skip
    caption = "Needed: solved when always calling, not without. Calling on everything has recall 1 and a coin's precision."
    return Drawings(drawings, caption) if drawings else None


def calibration_figure(scores: Scores) -> Drawings | None:
    """What was foretold against what came."""
    drawings = []
    hidden = 0
    for kind in ("confidence", "values", "p_useful", "reliability", "uplift"):
        for world in scores.worlds:
            cells = [cell for cell in scores.cells if cell.world == world and cell.curves.get(kind)]
            hidden += max(0, len(cells) - COLORS)
            names = told_apart([f"{label(cell, scores)}, {cell.name.mode}" for cell in cells[:COLORS]]) if cells else []
            traces = [
                Trace(name, color_of(i), [Spot(b.predicted, b.outcome, title=f"{name}: {b.n}") for b in cell.curves[kind]])
                for i, (name, cell) in enumerate(zip(names, cells[:COLORS], strict=True))
            ]  # fmt: skip
            if not traces:
                continue
            span, said = (0.0, 1.0) if kind != "uplift" else None, kind.replace("_", " ")
            drawings.append(
                draw_plot(
                    traces, x_name=f"foretold: {said}", y_name=f"what came in {world}", x_range=span, y_range=span,
                    guide=[(0, 0), (1, 1)] if span else (), label=f"calibration of {said} in {world}",
                )
            )  # fmt: skip
    left_out = f" {hidden} more cells are in the table." if hidden else ""
    caption = f"On the dashed line what is foretold comes true. Each point is the mean of one bin.{left_out}"
    return Drawings(drawings, caption) if drawings else None


def dose_figure(scores: Scores) -> Drawings | None:
    """Success, helps, hurts, calls and net value against the severity of a channel."""
    panels = (
        ("success/rate", "success"), ("access/helps", "helps"), ("access/hurts", "hurts"), ("cost/calls", "calls"),
        ("value/net_0.02", "net value at 0.02 a call"),
    )  # fmt: skip
    drawings = []
    for channel in dict.fromkeys((dose.world, dose.channel) for dose in scores.doses):
        here = [dose for dose in scores.doses if (dose.world, dose.channel) == channel]
        for name, said in panels:
            names = told_apart([f"{d.agent} | {d.base} | {d.governor} | {d.mode}" for d in here[:COLORS]])
            traces = []
            for i, (dose, who) in enumerate(zip(here[:COLORS], names, strict=True)):
                spots = [_spot(severity, shown[name]) for severity, _, shown in dose.points if shown[name].value is not None]
                traces.append(Trace(who, color_of(i), spots))
            if any(trace.spots for trace in traces):
                world, what = channel
                y_name, shown_as = f"{said} in {world}", f"{said} by {what} in {world}"
                drawings.append(draw_plot(traces, x_name=f"severity of {what}", y_name=y_name, label=shown_as, size=SMALL))
    return Drawings(drawings, "How results change with the world model's errors.", small=True) if drawings else None


def frontier_figure(scores: Scores) -> Drawings | None:
    """Success against calls, a line for each family."""
    drawings = []
    for world, agent, world_model in dict.fromkeys((f.world, f.agent, f.world_model) for f in scores.families):
        traces: list[Trace] = []
        for family in scores.families:
            if (family.world, family.agent, family.world_model) != (world, agent, world_model):
                continue
            ends = corners([(calls, rate) for _, calls, rate in family.points])
            path = [*ends, (max(family.budget, ends[-1][0]), ends[-1][1])]
            spots = [Spot(calls, rate, title=f"{key}: {rate:.3f}") for key, calls, rate in family.points]
            color = "s6" if family.governor == COIN else color_of(len([t for t in traces if t.color != "s6"]) % (COLORS - 1))
            traces.append(Trace(family.governor, color, spots, path=path, dashed=family.governor == COIN))
        who = f"{agent} in {world}, {world_model}"
        drawings.append(
            draw_plot(
                traces, x_name="calls of an episode", y_name=f"success: {who if len(who) < 52 else who[:51] + '…'}",
                label=f"success against calls of {who}",
            )
        )  # fmt: skip
    caption = (
        "Each line is the best that a governor, or a coin between two of its settings, reaches with so many calls, "
        "beginning with never calling. Above the dashed line, choosing when to call is worth more than a coin."
    )
    return Drawings(drawings, caption) if drawings else None


def figures(scores: Scores) -> list[tuple[str, Drawings]]:
    """All that can be drawn, by the name of their section."""
    found = (
        ("modes", mode_figure(scores)), ("calls", calls_figure(scores)), ("gate", gate_figure(scores)),
        ("frontier", frontier_figure(scores)), ("calibration", calibration_figure(scores)),
        ("fidelity", dose_figure(scores)),
    )  # fmt: skip
    return [(name, drawings) for name, drawings in found if drawings is not None]


def _modes(scores: Scores, world: str) -> list[Bars]:
    by_key = {cell.key: cell for cell in scores.cells if cell.world == world}
    agents: dict[str, Bars] = {}
    for cell in scores.cells:
        if cell.world != world or cell.name.mode == "invisible" or cell.name.governor != "none":
            continue
        bars = agents.setdefault(label(cell, scores), Bars(label(cell, scores), {}, {}))
        _add(bars, cell)
        if cell.invisible in by_key:
            bars.rates["invisible"] = by_key[cell.invisible].metrics["success/rate"].value or 0.0
    return list(agents.values())


def _add(bars: Bars, cell: CellScores) -> None:
    bars.rates[cell.name.mode] = cell.metrics["success/rate"].value or 0.0
    if cell.metrics["access/delta"].value is not None:
        bars.changes[cell.name.mode] = cell.metrics["access/delta"]


def _spot(x: float, found: Measured) -> Spot:
    return Spot(x, found.value or 0.0, found.low, found.high, f"{found.value or 0.0:.3f} at {x:g}")


def _middle(least: int, most: int) -> float:
    return (least + most) / 2


def _titled(traces: Sequence[Trace], name: str, *, x_name: str, y_name: str) -> Markup:
    short = name if len(name) < 40 else f"{name[:39]}…"
    said = f"{y_name} against {x_name}, {name}"
    return draw_plot(traces, x_name=x_name, y_name=f"{y_name}: {short}", y_range=(0.0, 1.0), label=said, size=SMALL)
