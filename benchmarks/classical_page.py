"""The page and the figure of what classical search reaches."""

from __future__ import annotations

import io
import statistics
from collections.abc import Sequence

from classical_standing import CLOSED, HALF, Line, finals, mark, mean_share

from journeyman.report.figure import COLOURS
from journeyman.report.number import number
from journeyman.report.table import Table, markdown

HEAD = """\
# What classical search alone reaches

Before a language model is asked, each task is given to the tools that engineers have had for decades. This page says
how far they come, so that a model's score can be read against something.

```console
$ .venv/bin/python benchmarks/classical.py --runs runs/classical --write benchmarks/classical.md
```

A score is the share of the gap between a simple baseline (0) and a long classical run, the reference (1), as a mean over
held-out instances; above 1 is better than the reference. *Seed* is the program that every run starts from. *Numeric* is
the best of {evaluations} evaluations of CMA-ES on the seed's tunable numbers, chosen on dev: the mean over {seeds} seeds,
and the smallest and largest. *Program* is the gate's oracle: a textbook method, written as a candidate inside the
candidate's own limits; a dash stands where it has no score on held-out or only knows dev by heart. *Way* is the share of
the way from seed to reference that `numeric` goes. *Verified* is what the stored designs of the reference score on dev
today. Seconds of the reference are CPU time for one instance, those of an evaluation wall time for all dev instances on
one core, the median.
"""


def page(lines: Sequence[Line], evaluations: int) -> str:
    """Markdown: what is measured, the table, the figure, how anchors were found."""
    seeds = max(len(line.numeric) for line in lines)
    slowest = max(lines, key=lambda line: line.slowest_s)
    median = statistics.median(line.evaluation_s for line in lines)
    sorts = [
        ("closed", f"**Closed** by classical search alone "
         f"(`numeric` or the program goes at least {100 * CLOSED:.0f} % of the way)"),
        ("half closed", f"**Half closed** (at least {100 * HALF:.0f} % of the way)"),
        ("open", "**Open**"),
        ("unsteady", "**Unsteady** (a finalist had no score on held-out)"),
    ]
    named = [(name, f"- {words}: {_named(lines, name)}.") for name, words in sorts]
    said = [text for name, text in named if name != "unsteady" or any(mark(line) == name for line in lines)]
    return "\n".join(
        [
            HEAD.format(evaluations=evaluations, seeds=seeds),
            markdown(table(lines)).rstrip(),
            "",
            "![Seed, numeric and program of each task on one scale](classical.svg)",
            "",
            *said,
            "",
            f"The median task takes {median:.2f} s an evaluation. The slowest evaluation of all was one of",
            f"`{slowest.task}`, {slowest.slowest_s:.1f} s.",
            "",
            "## How the anchors were found",
            "",
            *(f"- `{line.task}`. *0*: {line.baseline_is} *1*: {line.reference_is}" for line in lines if line.reference_is),
            "",
        ]
    )


def table(lines: Sequence[Line]) -> Table:
    """A row a task."""
    columns = ("task", "seed", "numeric", "program", "way", "classical search", "verified", "reference, s", "evaluation, s")
    body = [
        (
            f"`{line.task}`" + ("" if line.split == "held-out" else " (dev: it has no held-out split)"),
            number(line.seed), _numeric(line), number(line.program), _percent(mean_share(line)), mark(line),
            number(line.reference_dev), number(line.reference_s), f"{line.evaluation_s:.2f}",
        )
        for line in lines
    ]  # fmt: skip
    return Table(columns, body, numbers=frozenset(columns) - {"task", "classical search"})


def draw(lines: Sequence[Line]) -> bytes:
    """A dot plot (SVG): a row a task, its seed, its runs of numeric, its program; 1 is the reference."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 0.9 + 0.36 * len(lines)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for row, line in enumerate(lines):
        found = finals(line)
        if found:
            axes.plot([line.seed, statistics.fmean(found)], [row, row], color="#c8c8c8", linewidth=2.5, zorder=1)
        first = row == 0
        axes.scatter(found, [row] * len(found), s=26, color=COLOURS[0], zorder=3, label="numeric" if first else None)
        if line.program is not None:
            label = "program" if not any(drawn.get_label() == "program" for drawn in axes.collections) else None
            axes.scatter([line.program], [row], s=30, marker="D", color=COLOURS[1], zorder=2, label=label)
        axes.scatter(
            [line.seed], [row], s=30, facecolors="white", edgecolors="#555555", zorder=2, label="seed" if first else None
        )
    axes.axvline(1.0, color="#222222", linewidth=1)
    axes.text(1.0, -0.75, "reference ", ha="right", va="center", fontsize=8)
    axes.set_yticks(range(len(lines)), [line.task for line in lines])
    axes.set_ylim(len(lines) - 0.5, -1.1)
    axes.set_xlabel("score on held-out (0: simple baseline, 1: long classical run)")
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, fontsize=8, frameon=False, borderaxespad=0.0)
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "classical"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _numeric(line: Line) -> str:
    found = finals(line)
    if not found:
        return "none feasible"
    said = f"{number(statistics.fmean(found))} ({number(min(found))} … {number(max(found))})"
    return said if len(found) == len(line.numeric) else f"{said}, {len(found)} of {len(line.numeric)} feasible"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def _named(lines: Sequence[Line], wanted: str) -> str:
    return ", ".join(f"`{line.task}`" for line in lines if mark(line) == wanted) or "none"
