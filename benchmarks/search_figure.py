"""Anytime curves of all searches, one panel a proposer."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from journeyman.report.figure import COLOURS

STYLES = ("-", "--", ":", "-.")


def draw(
    curves: Mapping[tuple[str, str], Sequence[float]], searches: Sequence[str], file_format: str = "svg"
) -> bytes:
    """The figure's file. `curves`: mean gain after 0, 1, ... evaluations by (proposer, search); 1: the best found."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    proposers = list(dict.fromkeys(proposer for proposer, _ in curves))
    figure = Figure(figsize=(0.6 + 3.1 * len(proposers), 3.7), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(proposers), sharey=True, squeeze=False)[0]
    drawn = {}
    for axes, proposer in zip(panels, proposers, strict=True):
        for number, search in enumerate(searches):
            line = curves.get((proposer, search))
            if line is None:
                continue
            # Later lines are thinner, so that one which covers another leaves it to be seen.
            (drawn[search],) = axes.step(
                range(len(line)), line, where="post", color=COLOURS[number % len(COLOURS)],
                linestyle=STYLES[number // len(COLOURS) % len(STYLES)], linewidth=3.2 - 2.2 * number / len(searches),
            )  # fmt: skip
        axes.set_title(proposer, fontsize=10)
        axes.set_xlabel("evaluations")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=min(0.0, *(min(line) for line in curves.values())), top=1.02)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    panels[0].set_ylabel("mean gain on dev (1: best found)")
    figure.legend(
        drawn.values(),
        drawn.keys(),
        loc="outside lower center",
        ncols=min(len(drawn), 4),
        fontsize=9,
        frameon=False,
    )
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "search"}):
        figure.savefig(
            buffer, format=file_format, metadata={"Date": None} if file_format == "svg" else None, dpi=110
        )
    return buffer.getvalue()
