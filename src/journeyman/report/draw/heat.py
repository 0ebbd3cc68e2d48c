"""A quantity over two axes as a map of coloured cells: where in the response, and when in the training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from journeyman.report.draw.axis import Scale, labels, quantile
from journeyman.report.draw.svg import drawing, element, line, text

WIDTH, HEIGHT = 400, 236
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 62, 28, 44
LEVELS = 12
"""Colours of the style sheet: classes h0 (lowest) to h11."""
_COLUMNS = 90  # at most; steps beyond are averaged


@dataclass(frozen=True)
class Column:
    """The values of one step, one a bin; None where no token fell into it."""

    step: int
    values: Sequence[float | None]


def draw_heat(
    columns: Sequence[Column], *, x_name: str, y_name: str, y_end: float, value_name: str, label: str
) -> Markup:
    """The map. `y_end`: what the upper end of the last bin stands for, in units of `y_name`; bins are of equal size.

    Values above the 99th percentile take the last colour. Raises ValueError where there is no value.
    """
    joined = _joined(columns)
    ordered = sorted(v for column in joined for v in column.values if v is not None and math.isfinite(v))
    if not ordered:
        raise ValueError("no cell has a value, so there is nothing to draw")
    low, high = ordered[0], quantile(ordered, 0.99)
    if not high > low:
        low, high = low - 0.5 * abs(low) - 0.05, high + 0.5 * abs(high) + 0.05
    bins = max(len(column.values) for column in joined)
    x = Scale(0.0, float(len(joined)), _LEFT, WIDTH - _RIGHT)
    y = Scale(0.0, float(bins), HEIGHT - _BOTTOM, _TOP)
    drawn = [
        element("rect", x=x.start, y=y.end, width=x.end - x.start, height=y.start - y.end, class_="nothing"),
        *_cells(joined, x, y, low, high),
    ]
    steps = [column.step for column in joined]
    for at, said in _step_ticks(steps):
        drawn.append(text(x.at(at), y.start + 16, said))
    position = Scale(0.0, y_end, y.start, y.end)
    marks = position.ticks(4, whole=True)
    drawn += [
        text(x.start - 6, position.at(v) + 4, said, anchor="end") for v, said in zip(marks, labels(marks), strict=True)
    ]
    drawn.append(line(x.start, y.start, x.end, y.start, "axis"))
    drawn.append(text((x.start + x.end) / 2, y.start + 33, x_name, class_="name"))
    drawn.append(text(4, y.end - 10, y_name, class_="name", anchor="start"))
    drawn += _key(low, high, value_name, y)
    return drawing(WIDTH, HEIGHT, label, *drawn)


def level_of(value: float, low: float, high: float, levels: int = LEVELS) -> int:
    """Which of `levels` colours stands for `value`: 0 at `low` and below, the last one at `high` and above."""
    return min(levels - 1, max(0, int((value - low) / (high - low) * levels)))


def _joined(columns: Sequence[Column]) -> list[Column]:
    """At most `_COLUMNS` columns: neighbours become one, the mean of what they have in each bin."""
    stretch = -(-len(columns) // _COLUMNS)
    if stretch <= 1:
        return list(columns)
    found = []
    for i in range(0, len(columns), stretch):
        part = columns[i : i + stretch]
        bins = max(len(column.values) for column in part)
        means: list[float | None] = []
        for b in range(bins):
            known = [v for column in part for v in column.values[b : b + 1] if v is not None]
            means.append(sum(known) / len(known) if known else None)
        found.append(Column(part[len(part) // 2].step, means))
    return found


def _cells(columns: Sequence[Column], x: Scale, y: Scale, low: float, high: float) -> list[Markup]:
    """One path for each colour: all of its cells, those above one another as one."""
    paths: dict[int, list[str]] = {}
    for i, column in enumerate(columns):
        left, right = x.at(i), x.at(i + 1)
        levels = [
            None if v is None or not math.isfinite(v) else level_of(v, low, high) for v in column.values
        ]
        start = 0
        for b in range(1, len(levels) + 1):
            if b < len(levels) and levels[b] == levels[start]:
                continue
            if levels[start] is not None:
                top, bottom = y.at(b), y.at(start)
                # A third of a pixel over its neighbours, so that no gap shines through.
                cell = f"M{left:.1f} {bottom + 0.3:.1f}H{right + 0.3:.1f}V{top:.1f}H{left:.1f}Z"
                paths.setdefault(levels[start] or 0, []).append(cell)
            start = b
    return [element("path", d="".join(paths[level]), class_=f"h{level}") for level in sorted(paths)]


def _step_ticks(steps: Sequence[int]) -> list[tuple[float, str]]:
    """Where round step numbers stand, in columns."""
    if len(steps) == 1:
        return [(0.5, str(steps[0]))]
    found = []
    for value in Scale(float(steps[0]), float(steps[-1]), 0, 1).ticks(4, whole=True):
        nearest = min(range(len(steps)), key=lambda i: abs(steps[i] - value))
        found.append((nearest + 0.5, f"{value:.0f}"))
    return found


def _key(low: float, high: float, name: str, y: Scale) -> list[Markup]:
    """The colours with their values, beside the map."""
    left = WIDTH - _RIGHT + 10
    each = (y.start - y.end) / LEVELS
    drawn = [
        element("rect", x=left, y=y.start - (i + 1) * each, width=10, height=each + 0.3, class_=f"h{i}")
        for i in range(LEVELS)
    ]
    marks = [low, (low + high) / 2, high]
    for value, said in zip(marks, labels(marks), strict=True):
        at = y.start - (value - low) / (high - low) * (y.start - y.end)
        drawn.append(text(left + 14, at + 4, _short(value, said), anchor="start"))
    drawn.append(text(WIDTH - 2, y.end - 10, name, anchor="end"))
    return drawn


def _short(value: float, said: str) -> str:
    return said if len(said) <= 6 else f"{value:.2g}".replace("-", "−")
