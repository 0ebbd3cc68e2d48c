"""Curves in characters: several lines of braille dots in one frame, and a whole curve in one row of blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from journeyman.report.terminal_plot import nice_ticks, tick_labels
from journeyman.report.text import one_line

if TYPE_CHECKING:
    from rich.text import Text

LEAST_WIDTH, LEAST_HEIGHT = 24, 6
"""Columns and rows below which a frame says nothing; smaller sizes are taken as these."""

STYLES = ("bold cyan", "bold yellow", "bold green", "bold magenta", "bold blue", "bold red", "bold white")
MARKS = "#*o+x%@"
"""What a line is drawn with where the encoding has no braille, so that lines can be told apart."""

_MARGIN = 0.06
_BRAILLE = 0x2800
# The bit of each dot in a braille cell, by row and column (Unicode, block U+2800).
_DOT = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BLOCKS, _PLAIN = "▁▂▃▄▅▆▇█", "_.-~=+*#"


@dataclass(frozen=True)
class Line:
    """A named curve: (x, y) with x rising, all finite."""

    name: str
    points: Sequence[tuple[float, float]]


def sparkline(values: Sequence[float], width: int, *, ascii_only: bool = False) -> str:
    """`values` as one row of at most `width` blocks, from the lowest to the highest of them; "" for no values.

    >>> sparkline([0, 1, 2, 3], 4)
    '▁▃▆█'
    """
    if not values:
        return ""
    cells = _binned(values, width)
    low, high = min(cells), max(cells)
    blocks = _PLAIN if ascii_only else _BLOCKS
    if not high - low > 1e-9 * max(abs(low), abs(high)):
        return blocks[3] * len(cells)
    return "".join(blocks[round((cell - low) / (high - low) * (len(blocks) - 1))] for cell in cells)


def draw_lines(
    lines: Sequence[Line], *, title: str, x_label: str, width: int, height: int, ascii_only: bool = False,
    level: tuple[str, float] | None = None, legend: bool = True,
) -> list[Text]:  # fmt: skip
    """`height` rows of at most `width` columns: title, a row of names where there are several, picture, x axis.

    `level`: a named value drawn as a dashed line across. Raises ValueError where no line has a point.
    """
    drawn = [line for line in lines if line.points]
    if not drawn:
        raise ValueError("no line has a point, so there is nothing to draw")
    width, height = max(width, LEAST_WIDTH), max(height, LEAST_HEIGHT)
    head = [_title(title, width, ascii_only)]
    if legend and (len(drawn) > 1 or level is not None):
        head.append(_legend(lines, level, width, ascii_only))
    rows = height - len(head) - 2
    ys = [y for line in drawn for _, y in line.points] + ([] if level is None else [level[1]])
    margin = _MARGIN * (max(ys) - min(ys)) or _MARGIN * abs(max(ys)) or 0.1
    low, high = min(ys) - margin, max(ys) + margin
    most = max(2, min(5, rows // 2))
    marks = next((m for more in range(4) if len(m := nice_ticks(low, high, most + more)) > 1), [low, high])
    names = tick_labels(marks)
    gutter = max(map(len, names)) + 1
    columns = max(4, width - gutter - 1)
    right = max(line.points[-1][0] for line in drawn) or 1.0

    def across(x: float) -> int:
        return _between(round(x / right * (2 * columns - 1)), 2 * columns)

    def down(y: float) -> int:
        return _between(round((high - y) / (high - low) * (4 * rows - 1)), 4 * rows)

    cells: dict[tuple[int, int], tuple[str, str]] = {}
    if level is not None:
        row = down(level[1]) // 4
        cells.update({(row, column): ("-" if ascii_only else "╌", "dim") for column in range(columns)})
    # The first line is drawn last: where two meet, it is the one that is seen.
    for i, line in reversed(list(enumerate(lines))):
        places = [(across(x), down(y)) for x, y in line.points]
        for cell, bits in _through(places).items():
            mark = MARKS[i % len(MARKS)] if ascii_only else chr(_BRAILLE + bits)
            cells[cell] = (mark, STYLES[i % len(STYLES)])
    at = {down(mark) // 4: name for mark, name in zip(marks, names, strict=True)}
    body = [_row(at.get(row, ""), row in at, gutter, columns, row, cells, ascii_only) for row in range(rows)]
    return [*head, *body, *_x_axis(right, gutter, columns, x_label, across, ascii_only)]


def beside(left: Sequence[Text], right: Sequence[Text], *, width: int) -> list[Text]:
    """Two pictures side by side, the left one `width` columns wide."""
    from rich.text import Text

    joined = []
    for i in range(max(len(left), len(right))):
        line = left[i].copy() if i < len(left) else Text("")
        line.truncate(width)
        line.pad_right(width - line.cell_len)
        joined.append(line.append_text(right[i] if i < len(right) else Text("")))
    return joined


def _binned(values: Sequence[float], width: int) -> list[float]:
    if len(values) <= width:
        return list(values)
    edges = [i * len(values) // width for i in range(width + 1)]
    return [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)]


def _between(dot: int, dots: int) -> int:
    return min(dots - 1, max(0, dot))


def _through(places: Sequence[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """The braille bits of each cell (row, column) that straight strokes between `places` (in dots) go through."""
    bits: dict[tuple[int, int], int] = {}

    def dot(x: int, y: int) -> None:
        cell = (y // 4, x // 2)
        bits[cell] = bits.get(cell, 0) | _DOT[y % 4][x % 2]

    dot(*places[0])
    for (x0, y0), (x1, y1) in pairwise(places):
        strokes = max(abs(x1 - x0), abs(y1 - y0), 1)
        for k in range(1, strokes + 1):
            dot(x0 + round(k * (x1 - x0) / strokes), y0 + round(k * (y1 - y0) / strokes))
    return bits


def _title(title: str, width: int, ascii_only: bool) -> Text:
    from rich.text import Text

    said = one_line(title, limit=width)
    if ascii_only:
        said = said.encode("ascii", "replace").decode()
    return Text(said, style="bold", no_wrap=True, overflow="ellipsis")


def _legend(lines: Sequence[Line], level: tuple[str, float] | None, width: int, ascii_only: bool) -> Text:
    from rich.text import Text

    text = Text("", no_wrap=True, overflow="ellipsis")
    for i, line in enumerate(lines):
        mark = MARKS[i % len(MARKS)] if ascii_only else "⠤⠤"
        text.append(f"{mark} {one_line(line.name, limit=width)}  ", STYLES[i % len(STYLES)])
    if level is not None:
        text.append(f"{'-' if ascii_only else '╌╌'} {one_line(level[0], limit=width)}", "dim")
    text.rstrip()
    text.truncate(width)
    return text


def _row(
    name: str, ticked: bool, gutter: int, columns: int, row: int, cells: dict[tuple[int, int], tuple[str, str]],
    ascii_only: bool,
) -> Text:  # fmt: skip
    from rich.text import Text

    tick, wall = ("+", "|") if ascii_only else ("┤", "│")
    text = Text(f"{name:>{gutter - 1}} {tick if ticked else wall}", style="", no_wrap=True, overflow="crop")
    text.stylize("dim")
    for column in range(columns):
        text.append(*cells.get((row, column), (" ", "")))
    text.rstrip()
    return text


def _x_axis(right: float, gutter: int, columns: int, x_label: str, across: object, ascii_only: bool) -> list[Text]:
    from rich.text import Text

    assert callable(across)
    corner, rule, tick = ("+", "-", "+") if ascii_only else ("└", "─", "┬")
    axis, numbers = [rule] * columns, [" "] * (gutter + 1 + columns)
    marks = nice_ticks(0.0, right, max(2, min(8, columns // 10)), whole=True)
    free = 0
    for value, name in zip(marks, tick_labels(marks), strict=True):
        column = across(value) // 2
        begin = min(gutter + 1 + column - len(name) // 2, len(numbers) - len(name))
        if begin >= free:
            axis[column] = tick
            numbers[begin : begin + len(name)] = name
            free = begin + len(name) + 1
    room = len(numbers) - free
    if len(x_label) < room:
        numbers[free : free + len(x_label) + 1] = f" {x_label}"
    return [
        Text(" " * gutter + corner + "".join(axis), style="dim", no_wrap=True, overflow="crop"),
        Text("".join(numbers).rstrip(), style="dim", no_wrap=True, overflow="crop"),
    ]
