"""A run in a terminal: its cells as a table with their tests, and a picture of success against calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from journeyman.foresee.cell import Cell, baseline
from journeyman.foresee.evaluation.result import Result, Row
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.score.paired_table import instance_p
from journeyman.foresee.score.report.cells import p_words
from journeyman.report.number import number
from journeyman.report.table import Table

if TYPE_CHECKING:
    from rich.text import Text

SIGNS = "0123456789abcdefghijklmnopqrstuvwxyz"
"""Of cells in the picture: their numbers, then letters."""
_LEAST = 24
"""Columns of the picture without its axis."""


def p_values(result: Result) -> dict[str, float]:
    """Cell's key -> p value of its difference from the same agent in mode invisible, two-sided, paired by instance."""
    by_cell: dict[str, dict[tuple[int, str], Episode]] = {cell.key: {} for cell in result.cells}
    for episode in result.episodes:
        by_cell[episode.cell][episode.seed, episode.instance] = episode
    found = {}
    for cell in result.cells:
        against = baseline(cell, result.cells)
        if against is None or against == cell:
            continue
        mine, without = by_cell[cell.key], by_cell[against.key]
        if pairs := [(mine[key], without[key]) for key in mine if key in without]:
            found[cell.key] = instance_p(pairs)
    return found


def cells_table(result: Result, cost: float, p: Mapping[str, float]) -> Table:
    """The cells, each with its number (and its sign in the picture, where that is another) and its p value."""
    table, rows = result.table(cost), result.rows(cost)
    lines = [
        [_named(result.cells.index(row.cell)), *line, p_words(p.get(row.cell.key))]
        for row, line in zip(rows, table.rows, strict=True)
    ]
    note = f"{table.note} p: of the gain, two-sided, paired by instance." if p else table.note
    return replace(table, columns=("cell", *table.columns, "p"), rows=lines, numbers=table.numbers | {"p"}, note=note)


def _named(number: int) -> str:
    return str(number) if number < 10 else f"{number} ({SIGNS[number % len(SIGNS)]})"


def picture(
    rows: Sequence[Row], cells: Sequence[Cell], *, width: int, height: int = 12, ascii_only: bool = False
) -> list[Text]:
    """Success against calls, a sign for each of `rows`, by its place in `cells`; "+" where several meet."""
    from rich.text import Text

    calls, successes = [row.calls for row in rows], [row.success for row in rows]
    low, high = min(successes), max(successes)
    room = max(0.02, 0.12 * (high - low))
    low, high = max(0.0, low - room), min(1.0, high + room)
    most = max(calls) or 1.0
    wide = max(_LEAST, width - 8)
    grid: dict[tuple[int, int], int] = {}
    for place, row in enumerate(rows):
        x = min(wide - 1, round(row.calls / most * (wide - 2)))
        y = round((high - row.success) / (high - low) * (height - 1))
        grid[y, x] = -1 if (y, x) in grid else place
    bar, corner, dash = ("|", "+", "-") if ascii_only else ("│", "└", "─")
    lines = [Text("success against calls an episode", style="bold")]
    for y in range(height):
        level = high - (high - low) * y / (height - 1)
        text = Text(f"{level:5.2f} {bar}" if y % 3 == 0 or y == height - 1 else f"      {bar}", style="dim")
        for x in range(wide):
            there = grid.get((y, x))
            if there is None:
                text.append(" ")
            elif there < 0:
                text.append("+", "bold yellow")
            else:
                cell = rows[there].cell
                text.append(SIGNS[cells.index(cell) % len(SIGNS)], "bold" if cell.mode == "invisible" else "bold cyan")
        text.rstrip()
        lines.append(text)
    lines.append(Text(f"      {corner}{dash * wide}", style="dim"))
    left, right = "0", f"{number(most, digits=3)} calls"
    lines.append(Text(f"       {left}{' ' * max(1, wide - len(left) - len(right))}{right}", style="dim"))
    return lines
