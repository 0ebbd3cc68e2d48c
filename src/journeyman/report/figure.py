"""The best-so-far figure: what each evaluation bought."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from journeyman.report.text import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours: told apart by people with any colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
MUTED = "#9a9a9a"


@dataclass(frozen=True)
class Curve:
    """Scores of one run in the order of its evaluations, the seed's first; None where a candidate has no score."""

    label: str
    scores: Sequence[float | None]


def best_so_far(scores: Sequence[float | None], direction: Literal["maximize", "minimize"]) -> list[float | None]:
    """After each evaluation, the best score until then; None until there is one."""
    best: float | None = None
    course: list[float | None] = []
    for score in scores:
        if score is not None and (best is None or (score > best if direction == "maximize" else score < best)):
            best = score
        course.append(best)
    return course


def draw_best_so_far(
    curves: Sequence[Curve],
    *,
    direction: Literal["maximize", "minimize"],
    score_label: str = "score",
    file_format: Literal["svg", "png"] = "svg",
    width_in: float = 7.0,
    height_in: float = 3.4,
) -> bytes:
    """The figure's file. Candidates are dots, best-so-far a step line, the seed's score a dashed line.

    The score axis covers the best-so-far lines; candidates far outside it are left out rather than squeezing it.
    Raises ValueError where no curve has a score.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not any(score is not None for curve in curves for score in curve.scores):
        raise ValueError("no candidate has a score, so there is nothing to draw")
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    lines = [best_so_far(curve.scores, direction) for curve in curves]
    for curve, line, colour in zip(curves, lines, _cycle(len(curves)), strict=True):
        at = range(len(line))
        dots = [(i, score) for i, score in enumerate(curve.scores) if score is not None]
        if dots:
            axes.plot(*zip(*dots, strict=True), ".", color=colour, alpha=0.35, markersize=4, zorder=2)
        shown = [float("nan") if value is None else value for value in line]
        axes.step(at, shown, where="post", color=colour, linewidth=1.8, label=_legend(curve.label), zorder=3)
    seed = next((curve.scores[0] for curve in curves if curve.scores and curve.scores[0] is not None), None)
    if seed is not None:
        axes.axhline(seed, color=MUTED, linestyle="--", linewidth=1, label="seed", zorder=1)
    _frame(axes, [value for line in lines for value in line if value is not None], score_label, direction)
    if len(curves) > 1 or seed is not None:
        columns = 1 if len(curves) < 5 else 2
        axes.legend(framealpha=0.9, edgecolor="none", fontsize=9, loc="best", ncols=columns)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=file_format, dpi=150)
    return buffer.getvalue()


def _frame(axes: Axes, values: Sequence[float], score_label: str, direction: str) -> None:
    from matplotlib.ticker import MaxNLocator

    low, high = min(values), max(values)
    margin = 0.08 * (high - low) or 0.08 * abs(high) or 0.1
    axes.set_ylim(low - margin, high + margin)
    axes.set_xlim(left=0)
    axes.margins(x=0.02)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlabel("evaluations after the seed's")
    axes.set_ylabel(f"{_legend(score_label)} ({'higher' if direction == 'maximize' else 'lower'} is better)")
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _cycle(count: int) -> list[str]:
    return [COLOURS[i % len(COLOURS)] for i in range(count)]


def _legend(label: str) -> str:
    # matplotlib hides labels with a leading underscore and reads dollar signs as formulas.
    return one_line(label, limit=60).lstrip("_").replace("$", r"\$") or "run"
