"""The best-so-far plot in characters: a step line of braille dots, candidates, the seed's level, axes with numbers.

A character cell holds two by four braille dots, so the line has twice the columns and four times the rows of the text
it stands in. Candidates are drawn a cell at a time and only where the line leaves room.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from journeyman.report.number import number
from journeyman.report.text import one_line

if TYPE_CHECKING:
    from rich.text import Text

LEAST_WIDTH, LEAST_HEIGHT = 24, 5
"""Columns and rows below which a plot says nothing; smaller sizes are taken as these."""

_MARGIN = 0.08  # of the line's range, above and below it; as in the figure of the page
_BRAILLE = 0x2800
# The bit of each dot in a braille cell, by row and column (Unicode, block U+2800).
_DOT = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))

Layer = Literal["best", "candidate", "seed", "axis"]

STYLES: dict[Layer, str] = {"best": "bold cyan", "candidate": "dim", "seed": "yellow", "axis": "dim"}


@dataclass(frozen=True)
class Plot:
    """What is drawn.

    `best`: (x, score) where a best so far begins, x rising; it holds until the next, the last one until `until`.
    `candidates`: (x, score) of those that have one; those far from the line are left out rather than squeezing it.
    `seed`: the seed's score. All numbers are finite.
    """

    best: Sequence[tuple[float, float]]
    candidates: Sequence[tuple[float, float]] = ()
    seed: float | None = None
    until: float = 0.0
    x_label: str = "evaluations"
    y_label: str = "score"
    whole: bool = True
    """Whether x counts something, so that its numbers are integers."""


def draw_plot(plot: Plot, *, width: int, height: int, ascii_only: bool = False) -> list[Text]:
    """`height` lines of at most `width` columns: a legend, the picture, its x axis.

    `ascii_only`: for a terminal whose encoding has neither braille nor lines. Raises ValueError where `best` is empty.
    """
    if not plot.best:
        raise ValueError("no candidate has a score, so there is nothing to draw")
    width, height = max(width, LEAST_WIDTH), max(height, LEAST_HEIGHT)
    rows = height - 3  # the legend, the axis, its numbers
    low, high = _range(plot)
    levels = nice_ticks(low, high, max(2, min(6, rows // 2)))
    names = tick_labels(levels)
    gutter = max(len(name) for name in names) + 1
    columns = max(4, width - gutter - 1)
    right = max([plot.until, plot.best[-1][0], 1.0 if plot.whole else 0.0]) or 1.0
    left = min(0.0, plot.best[0][0])

    # Everything is placed by the braille dot it falls on, so that lines, candidates and numbers agree on their cell.
    def across(x: float) -> int:
        return _between(round((x - left) / (right - left) * (2 * columns - 1)), 2 * columns)

    def down(y: float) -> int:
        return _between(round((high - y) / (high - low) * (4 * rows - 1)), 4 * rows)

    cells: dict[tuple[int, int], tuple[str, Layer]] = {}
    if plot.seed is not None:
        dash = "-" if ascii_only else "╌"
        cells.update({(down(plot.seed) // 4, column): (dash, "seed") for column in range(columns)})
    for x, score in plot.candidates:
        if low <= score <= high:
            cells[down(score) // 4, across(x) // 2] = ("." if ascii_only else "·", "candidate")
    corners = [(across(x), down(score)) for x, score in plot.best]
    for cell, bits in _step_line(corners, across(right)).items():
        cells[cell] = ("#" if ascii_only else chr(_BRAILLE + bits), "best")
    at = {down(level) // 4: name for level, name in zip(levels, names, strict=True)}
    tick, wall = ("+", "|") if ascii_only else ("┤", "│")
    lines = [_legend(plot, width, ascii_only)]
    for row in range(rows):
        edge = f"{at.get(row, ''):>{gutter - 1}} {tick if row in at else wall}"
        lines.append(_line(edge, [cells.get((row, column), (" ", "axis")) for column in range(columns)]))
    return lines + _x_axis(
        nice_ticks(left, right, max(2, min(10, columns // 10)), whole=plot.whole),
        across,
        gutter,
        columns,
        ascii_only,
    )


def _between(dot: int, dots: int) -> int:
    return min(dots - 1, max(0, dot))


def _range(plot: Plot) -> tuple[float, float]:
    scores = [score for _, score in plot.best] + ([] if plot.seed is None else [plot.seed])
    low, high = min(scores), max(scores)
    margin = _MARGIN * (high - low) or _MARGIN * abs(high) or 0.1
    return low - margin, high + margin


def _step_line(corners: Sequence[tuple[int, int]], end: int) -> dict[tuple[int, int], int]:
    """The braille bits of each cell (row, column) that the line goes through; corners and `end` are in dots."""
    bits: dict[tuple[int, int], int] = {}

    def dot(x: int, y: int) -> None:
        cell = (y // 4, x // 2)
        bits[cell] = bits.get(cell, 0) | _DOT[y % 4][x % 2]

    for i, (x, y) in enumerate(corners):
        following = corners[i + 1] if i + 1 < len(corners) else (end, y)
        for column in range(x, following[0] + 1):
            dot(column, y)
        for row in range(min(y, following[1]), max(y, following[1]) + 1):
            dot(following[0], row)
    return bits


def _line(edge: str, cells: Sequence[tuple[str, Layer]]) -> Text:
    from rich.text import Text

    text = Text(edge, style="", no_wrap=True, overflow="crop")
    text.stylize(STYLES["axis"])
    run, layer = "", cells[0][1]
    for character, of in [*cells, ("", "axis")]:
        if of != layer:
            text.append(run, STYLES[layer])
            run, layer = "", of
        run += character
    text.append(run, STYLES[layer])
    text.rstrip()
    return text


def _legend(plot: Plot, width: int, ascii_only: bool) -> Text:
    """What the axes and the marks are, as far as there is room."""
    from rich.cells import cell_len
    from rich.text import Text

    line, dot, dash = ("#", ".", "-") if ascii_only else ("⠤⠤", "·", "╌╌")
    title = one_line(f"{plot.y_label} against {plot.x_label}", limit=width)
    if ascii_only:
        title = title.replace("…", ".").encode("ascii", "replace").decode()
    gaps, best = ("   ", "best so far") if width >= 76 else ("  ", "best")
    marks: list[tuple[str, Layer]] = [(f"{line} {best}", "best")]
    if plot.seed is not None:
        marks.append((f"{dash} seed", "seed"))
    if plot.candidates:
        marks.append((f"{dot} candidate", "candidate"))
    text, used = Text(title, no_wrap=True, overflow="ellipsis"), cell_len(title)
    for mark, layer in marks:
        used += cell_len(gaps + mark)
        if used <= width:
            text.append(gaps).append(mark, STYLES[layer])
    return text


def _x_axis(
    marks: Sequence[float], across: Callable[[float], int], gutter: int, columns: int, ascii_only: bool
) -> list[Text]:
    """The rule under the picture with `marks` on it, and their numbers as far as they do not touch."""
    from rich.text import Text

    corner, rule, tick = ("+", "-", "+") if ascii_only else ("└", "─", "┬")
    axis, numbers = [rule] * columns, [" "] * (gutter + 1 + columns)
    free = 0
    for value, name in zip(marks, tick_labels(marks), strict=True):
        column = across(value) // 2
        begin = min(gutter + 1 + column - len(name) // 2, len(numbers) - len(name))
        if begin >= free:
            axis[column] = tick
            numbers[begin : begin + len(name)] = name
            free = begin + len(name) + 1
    style = STYLES["axis"]
    return [
        Text(" " * gutter + corner + "".join(axis), style=style, no_wrap=True, overflow="crop"),
        Text("".join(numbers).rstrip(), style=style, no_wrap=True, overflow="crop"),
    ]


def nice_ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """Up to `most` (at least 2) round numbers from `low` to `high`, evenly spaced by 1, 2 or 5 times a power of ten."""
    span = high - low
    if span <= 0 or not math.isfinite(span):
        return [low]
    power = 10.0 ** math.floor(math.log10(span / most))
    for step in (n * power for n in (1, 2, 5, 10, 20, 50)):
        if whole and step < 1:
            continue
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most:
            return [n * step for n in range(first, last + 1)] or [low]
    return [low]


def tick_labels(ticks: Sequence[float]) -> list[str]:
    """Numbers for `ticks`, with as many digits as it takes to tell them apart and no more."""
    if len(ticks) < 2:
        return [number(tick) for tick in ticks]
    step = abs(ticks[1] - ticks[0])
    largest = max(abs(tick) for tick in ticks)
    if largest >= 1e7 or largest < 1e-4:
        for digits in range(2, 18):
            labels = [f"{tick + 0.0:.{digits}g}" for tick in ticks]
            if all(abs(float(label) - tick) <= step / 100 for label, tick in zip(labels, ticks, strict=True)):
                break
        return labels
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [f"{tick:.{decimals}f}" for tick in (0.0 if abs(t) < step / 1e3 else t for t in ticks)]
