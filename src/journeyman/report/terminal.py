"""Pieces of a report for a terminal or a pipe: headings, bars with counts, differences, long texts.

Each gives lines of rich `Text`, made visible, so that nothing a candidate or a model wrote can act. A console that is no
terminal, or one under NO_COLOR, drops the styles by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from journeyman.report.number import share
from journeyman.report.text import one_line, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

PIPE_WIDTH = 100  # columns of what is drawn where no terminal says how many it has
LINE = 500  # characters of one line of a text that are shown
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_WIDEST_BAR, _LEAST_BAR = 40, 4

DIFF_STYLES = {"where": "cyan", "added": "green", "removed": "red", "same": ""}


@dataclass(frozen=True)
class Bar:
    """`count` of something, named `label`. `style` is rich's, of the bar itself."""

    label: str
    count: int
    style: str = ""


def drawn_width(console: Console) -> int:
    """Columns for what is drawn: the terminal's own, and `PIPE_WIDTH` on a pipe."""
    return console.width if console.is_terminal else PIPE_WIDTH


def is_ascii_only(console: Console) -> bool:
    """Whether the console's encoding has no braille, blocks and lines."""
    return not console.encoding.lower().startswith("utf")


def print_hanging(console: Console, label: Text, body: Text) -> None:
    """`body` behind `label`: on a terminal broken between words, each further line as far in as the first; else one line."""
    from rich.text import Text

    if not console.is_terminal:
        console.print(label.copy().append_text(body), soft_wrap=True)
        return
    room = max(20, console.width - label.cell_len)
    for i, line in enumerate(body.wrap(console, room)):
        line.rstrip()
        console.print((label.copy() if i == 0 else Text(" " * label.cell_len)).append_text(line), soft_wrap=True)


def heading(text: str) -> Text:
    """A line that begins a part."""
    from rich.text import Text

    return Text(one_line(text), style="bold")


def bars(rows: Sequence[Bar], *, width: int, whole: int | None = None, ascii_only: bool = False) -> list[Text]:
    """A line for each of `rows`: label, bar, count, share of `whole` (None: of the sum). The longest bar fills its room."""
    from rich.cells import cell_len
    from rich.text import Text

    if not rows:
        return []
    whole = sum(row.count for row in rows) if whole is None else whole
    digits = max(len(str(row.count)) for row in rows)
    rest = 2 + 2 + digits + 2 + 5  # blanks, the count, blanks, the share
    labels = [_cut(one_line(row.label), max(8, min(width // 2, width - rest - _LEAST_BAR))) for row in rows]
    named = max(cell_len(label) for label in labels)
    room = max(_LEAST_BAR, min(_WIDEST_BAR, width - named - rest))
    most = max(1, *(row.count for row in rows))
    lines = []
    for row, label in zip(rows, labels, strict=True):
        text = Text(label + " " * (named - cell_len(label)) + "  ", no_wrap=True, overflow="ellipsis")
        drawn = _bar(row.count / most, room, ascii_only)
        text.append(drawn, row.style).append(" " * (room - len(drawn)))
        text.append(f"  {row.count:>{digits}}").append(f"  {share(row.count, whole):>5}", "dim")
        lines.append(text)
    return lines


def _cut(label: str, cells: int) -> str:
    """`label`, at most so many cells wide."""
    from rich.cells import cell_len, set_cell_size

    return label if cell_len(label) <= cells else set_cell_size(label, cells - 1).rstrip() + "…"


def _bar(part: float, room: int, ascii_only: bool) -> str:
    """A bar of `part` (0 to 1) of `room` columns; anything above 0 is seen."""
    if ascii_only:
        return "#" * max(round(part * room), int(part > 0))
    eighths = max(round(8 * part * room), int(part > 0))
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def meter(part: float, room: int, *, ascii_only: bool = False) -> Text:
    """How much of a cap is used: `part` (0 to 1, cut to it) of `room` columns, the rest as a line."""
    from rich.text import Text

    filled = round(min(1.0, max(0.0, part)) * room)
    full, rest = ("#", ".") if ascii_only else ("━", "─")
    return Text.assemble((full * filled, "cyan"), (rest * (room - filled), "dim"))


def diff_lines(diff: str, *, most: int | None = None) -> tuple[list[Text], int]:
    """A unified difference, coloured line by line; and how many lines beyond `most` were left out."""
    from rich.text import Text

    lines = diff.splitlines()
    shown = lines if most is None or len(lines) <= most else lines[:most]
    texts = [Text(visible(line, limit=LINE), style=DIFF_STYLES[kind_of(line)]) for line in shown]
    return texts, len(lines) - len(shown)


def kind_of(line: str) -> str:
    """What a line of a unified difference is: "where", "added", "removed" or "same"."""
    if line.startswith(("+++ ", "--- ", "@@ ")):
        return "where"
    return {"+": "added", "-": "removed"}.get(line[:1], "same")


def text_lines(text: str, *, most: int | None = None) -> tuple[list[str], int]:
    """A long text as visible lines; and how many lines beyond `most` were left out."""
    lines = visible(text).splitlines()
    shown = lines if most is None or len(lines) <= most else lines[:most]
    return [line if most is None else visible(line, limit=LINE) for line in shown], len(lines) - len(shown)
