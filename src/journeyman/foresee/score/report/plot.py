"""One quantity against another: points with their intervals, lines between them, levels to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from journeyman.report.draw.axis import Scale, extent, frame, labels
from journeyman.report.draw.lines import swatch_row
from journeyman.report.draw.svg import dot, drawing, line, polyline, text

WIDTH, HEIGHT = 400, 262
COLORS = 7
"""Colors of the style sheet, s0 to s6."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 30, 44
_LEGEND = 18
_LETTER = 6.2  # pixels of a letter of the legend


@dataclass(frozen=True)
class Spot:
    """A point; `low` and `high` are the ends of its interval in y, `title` what a pointer on it shows."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    title: str = ""


@dataclass(frozen=True)
class Trace:
    """Points of one color ("s0" .. "s6"). `joined`: with a line through them, or through `path` where that is given."""

    name: str
    color: str
    spots: Sequence[Spot]
    joined: bool = True
    dashed: bool = False
    path: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True)
class Mark:
    """A published or ideal point to compare with, named beside it."""

    name: str
    x: float
    y: float


def draw_plot(
    traces: Sequence[Trace], *, x_name: str, y_name: str, label: str, x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None, level: tuple[str, float] | None = None,
    guide: Sequence[tuple[float, float]] = (), marks: Sequence[Mark] = (), size: tuple[int, int] = (WIDTH, HEIGHT),
) -> Markup:  # fmt: skip
    """One panel.

    Args:
        x_range, y_range: what the axes show; None: all points with some room.
        level: name and value of a dashed line across. `guide`: points of a dashed line, such as the diagonal.
        size: width and height of the frame; the legend's lines come on top.

    Raises ValueError where there is no point.
    """
    width, height = size
    shown = [trace for trace in traces if trace.spots]
    if not shown:
        raise ValueError("no trace has a point, so there is nothing to draw")
    spots = [spot for trace in shown for spot in trace.spots]
    ys = [spot.y for spot in spots] + [end for s in spots for end in (s.low, s.high) if end is not None]
    ys += [y for trace in shown for _, y in trace.path] + ([level[1]] if level else []) + [mark.y for mark in marks]
    xs = [spot.x for spot in spots] + [x for trace in shown for x, _ in trace.path] + [mark.x for mark in marks]
    rows = _legend_rows(shown, width) if len(shown) > 1 else []
    top = _TOP + _LEGEND * len(rows)
    x = Scale(*(x_range or _room(xs)), _LEFT, width - _RIGHT)
    y = Scale(*(y_range or extent(ys)), height - _BOTTOM + _LEGEND * len(rows), top)
    at = x.ticks(5 if width > 350 else 4)
    drawn = frame(x, y, x_ticks=at, x_labels=labels(at), x_label=x_name, y_label="")
    drawn.append(text(4, _TOP - 12, y_name, class_="name", anchor="start"))
    for i, row in enumerate(rows):
        drawn += swatch_row(row, 4, _TOP + 6 + _LEGEND * i, small=True)
    if level is not None:
        drawn.append(line(x.start, y.at(level[1]), x.end, y.at(level[1]), "seed"))
        drawn.append(text(x.start + 4, y.at(level[1]) - 4, level[0], class_="level", anchor="start"))
    if guide:
        drawn.append(polyline([(x.at(a), y.at(b)) for a, b in guide], "seed"))
    for mark in marks:
        drawn.append(dot(x.at(mark.x), y.at(mark.y), 4.5, "front", mark.name))
        left = x.at(mark.x) < (x.start + x.end) / 2
        place = x.at(mark.x) + (8 if left else -8)
        drawn.append(text(place, y.at(mark.y) + 4, mark.name, class_="level", anchor="start" if left else "end"))
    for trace in shown:
        drawn += _one(trace, x, y)
    return drawing(width, height + _LEGEND * len(rows), label, *drawn)


def color_of(place: int) -> str:
    """The color of the trace at this place; those beyond the seventh begin again."""
    return f"s{place % COLORS}"


def _one(trace: Trace, x: Scale, y: Scale) -> list[Markup]:
    drawn = [
        line(x.at(spot.x), y.at(spot.low), x.at(spot.x), y.at(spot.high), f"line thin {trace.color}")
        for spot in trace.spots if spot.low is not None and spot.high is not None
    ]  # fmt: skip
    ends = trace.path or [(spot.x, spot.y) for spot in trace.spots]
    if trace.joined and len(ends) > 1:
        kind = f"line {trace.color}{' dashes' if trace.dashed else ''}"
        drawn.append(polyline([(x.at(a), y.at(b)) for a, b in ends], kind))
    return drawn + [dot(x.at(s.x), y.at(s.y), 3.4, trace.color, s.title or trace.name) for s in trace.spots]


def _room(values: Sequence[float]) -> tuple[float, float]:
    """From 0, or from the least where that is far from it, with some room."""
    low, high = min(values), max(values)
    if 0 <= low < 0.5 * high or low == high == 0:
        return 0.0, 1.05 * high or 1.0
    return extent(values)


def _legend_rows(traces: Sequence[Trace], width: int) -> list[list[tuple[str, str]]]:
    """Names with their colors, in as many rows as it takes."""
    rows: list[list[tuple[str, str]]] = [[]]
    used = 0.0
    for trace in traces:
        name = trace.name if len(trace.name) <= 56 else trace.name[:55] + "…"
        wide = 23 + _LETTER * len(name)
        if rows[-1] and used + wide > width - 8:
            rows.append([])
            used = 0.0
        rows[-1].append((trace.color, name))
        used += wide
    return rows
