"""A table as plain data, and its two renderings: on a terminal (or a pipe) and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from journeyman.report.text import one_line, rich_text, visible

if TYPE_CHECKING:
    from rich.console import Console

CELL = 120  # characters of one cell that are shown
SHORT = 17  # characters of a text that is never wrapped


@dataclass(frozen=True)
class Table:
    """`rows` of texts under `columns`; the columns named in `numbers` are set flush right. `note` stands below.

    `links`: number of a row -> file beside the page, such as "episodes/1.html", to which its first cell leads on a page.
    """

    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    title: str = ""
    numbers: frozenset[str] = frozenset()
    note: str = ""
    links: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row has {len(row)} cells under {len(self.columns)} columns: {list(row)!r}")
        unknown = self.numbers - set(self.columns)
        if unknown:
            raise ValueError(f"no column is called {sorted(unknown)[0]!r}")


def print_table(table: Table, console: Console) -> None:
    """Draw `table` on a terminal, where long texts wrap; on a pipe each row is one line, however long."""
    if not console.is_terminal:
        console.file.write(aligned(table))
        return
    from rich import box
    from rich.table import Table as Drawn

    if table.title:
        console.print(rich_text(table.title, "bold"))
    widths = _widths(table)
    # Names, numbers and short texts stay in one piece; the others wrap, down to a width at which they can still be read.
    whole = [i == 0 or column in table.numbers or widths[i] <= SHORT for i, column in enumerate(table.columns)]
    least = sum(width if w else SHORT for width, w in zip(widths, whole, strict=True)) + 2 * len(widths)
    if least > console.width:
        _print_records(table, console)
    else:
        drawn = Drawn(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
        for i, column in enumerate(table.columns):
            justify: Literal["left", "right"] = "right" if column in table.numbers else "left"
            least_width = widths[i] if whole[i] else SHORT
            drawn.add_column(rich_text(column), justify=justify, no_wrap=whole[i], min_width=least_width)
        for row in table.rows:
            drawn.add_row(*(rich_text(one_line(cell, limit=CELL)) for cell in row))
        console.print(drawn)
    if table.note:
        console.print(rich_text(table.note, "dim"))


def _widths(table: Table) -> list[int]:
    from rich.cells import cell_len

    rows = [[one_line(cell, limit=CELL) for cell in row] for row in (table.columns, *table.rows)]
    return [max(cell_len(row[i]) for row in rows) for i in range(len(table.columns))]


def _print_records(table: Table, console: Console) -> None:
    """One block a row, for a terminal that is too narrow for the columns."""
    width = max(len(one_line(column)) for column in table.columns[1:])
    for row in table.rows:
        console.print(rich_text(one_line(row[0], limit=CELL), "bold"))
        for column, cell in zip(table.columns[1:], row[1:], strict=True):
            if not cell:
                continue
            console.print(rich_text(f"  {one_line(column):<{width}}  {one_line(cell, limit=CELL)}"))


def aligned(table: Table) -> str:
    """The table as lines of text in columns."""
    from rich.cells import cell_len

    lines = [list(table.columns), *([one_line(cell, limit=CELL) for cell in row] for row in table.rows)]
    widths = _widths(table)

    def padded(i: int, text: str) -> str:
        gap = " " * (widths[i] - cell_len(text))
        return gap + text if table.columns[i] in table.numbers else text + gap

    drawn = ["  ".join(padded(i, text) for i, text in enumerate(line)).rstrip() for line in lines]
    drawn.insert(1, "  ".join("-" * width for width in widths))
    head = [visible(table.title)] if table.title else []
    foot = [visible(table.note)] if table.note else []
    return "\n".join([*head, *drawn, *foot]) + "\n"


def markdown(table: Table) -> str:
    """The table in GitHub's Markdown."""

    def line(cells: Sequence[str]) -> str:
        safe = (one_line(cell, limit=CELL).replace("\\", "\\\\").replace("|", "\\|") for cell in cells)
        return "| " + " | ".join(safe) + " |"

    rule = ["---:" if column in table.numbers else "---" for column in table.columns]
    lines = [line(table.columns), "| " + " | ".join(rule) + " |", *(line(row) for row in table.rows)]
    head = [f"**{visible(table.title)}**", ""] if table.title else []
    foot = ["", visible(table.note)] if table.note else []
    return "\n".join([*head, *lines, *foot]) + "\n"
