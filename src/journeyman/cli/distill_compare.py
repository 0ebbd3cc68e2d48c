"""`journeyman distill compare`: tables and overlaid curves in the terminal, or a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from journeyman.cli.distill_standing import PLOTS, lines_of, standing_of
from journeyman.cli.out import stderr, stdout, write_json
from journeyman.report.table import print_table
from journeyman.report.terminal import drawn_width, is_ascii_only
from journeyman.report.terminal_lines import Line, beside, draw_lines
from journeyman.report.text import rich_text

PLOT_HEIGHT, PLOT_WIDTH = 13, 124


def show_comparison(runs_given: Sequence[str], *, html: str | None, runs: str | None, json: bool) -> int:
    """Compare and show."""
    from journeyman.distill.compare import compare
    from journeyman.report.page import write_page

    found = compare(runs_given, folder=runs)
    if html is not None:
        write_page(found.page(), Path(html))
    if json:
        write_json(found.document())
        return 0
    out = stdout()
    tables = [found.table(), found.groups_table(), found.metrics_table(), found.differences_table()]
    print_table(tables[0], out)
    standings = [standing_of(run) for run in found.runs]
    for letter, standing in zip(found.letters, standings, strict=True):
        standing.title = letter
    pictures = []
    width = min(PLOT_WIDTH, drawn_width(out))
    columns = 2 if width >= 76 else 1
    each = width // columns - (2 if columns > 1 else 0)
    scores = [Line(s.title, [(float(x), y) for x, y in s.scores] if len(s.scores) > 1 else []) for s in standings]
    wanted = [("score", scores)] if any(line.points for line in scores) else []
    wanted += [(title, lines_of(standings, names, title)) for names, title in PLOTS]
    for title, lines in wanted:
        if any(len(line.points) > 1 for line in lines):
            ascii_only = is_ascii_only(out)
            pictures.append(
                draw_lines(lines, title=title, x_label="step", width=each, height=PLOT_HEIGHT, ascii_only=ascii_only)
            )
    for i in range(0, len(pictures), columns):
        row = pictures[i]
        if i + 1 < len(pictures) and columns == 2:
            row = beside(row, pictures[i + 1], width=each + 2)
        out.print()
        for line in row:
            out.print(line, soft_wrap=True)
    for table in tables[1:]:
        if table.rows or table.note:
            out.print()
            print_table(table, out)
    if html is not None:
        stderr().print(rich_text(f"page: {html}"), soft_wrap=True)
    return 0
