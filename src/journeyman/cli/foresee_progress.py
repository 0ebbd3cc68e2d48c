"""Progress of an evaluation on stderr: a live bar with each cell's success on a terminal, plain lines elsewhere.

Both only keep the newest snapshot; drawing is on the terminal's own clock, so showing progress costs the run nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from typing import TYPE_CHECKING

from journeyman.cli.out import stderr
from journeyman.report.number import duration
from journeyman.report.text import one_line, rich_text

if TYPE_CHECKING:
    from rich.console import Console, Group

    from journeyman.foresee import Progress

LINE_EVERY_S = 10.0
MOST_CELLS = 12
"""Cells that are shown on a terminal; of the others there is a count."""


def users_prints_aside() -> AbstractContextManager[object]:
    """What a user's own agent, world or world model prints goes to stderr: stdout is for results."""
    return redirect_stdout(sys.stderr)


@contextmanager
def shown(title: str, *, quiet: bool = False) -> Iterator[Callable[[Progress], None]]:
    """A callback that shows each snapshot it is given, until the block ends. `title`: the world."""
    console = stderr()
    if quiet:
        yield lambda progress: None
    elif console.is_terminal and not console.is_dumb_terminal:
        from rich.live import Live

        bar = Bar(title, console)
        with Live(get_renderable=bar.draw, console=console, refresh_per_second=4, transient=True):
            yield bar.take
    else:
        lines = Lines(title, console)
        yield lines.take
        lines.last()


class Bar:
    """A bar, and below it a line for each cell: its success so far, its calls an episode."""

    def __init__(self, title: str, console: Console) -> None:
        self._title, self._console = title, console
        self._newest: Progress | None = None

    def take(self, progress: Progress) -> None:
        """Keep the newest snapshot."""
        self._newest = progress

    def draw(self) -> Group:
        """What the newest snapshot looks like."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        progress = self._newest
        if progress is None:
            return Group(rich_text(f"{one_line(self._title, limit=40)}: opening"))
        title, words = one_line(self._title, limit=30), "  ".join(_words(progress))
        room = self._console.width - len(title) - len(words) - 6
        bar = ProgressBar(total=max(1, progress.episodes), completed=progress.played, width=min(24, max(8, room)))
        grid = Table.grid(padding=(0, 2))
        grid.add_row(rich_text(title, "bold"), bar, rich_text(words))
        shown = min(len(progress.cells), MOST_CELLS, max(1, self._console.height - 3))
        lines = [rich_text(f"  {line}") for line in cell_lines(progress, self._console.width - 2)[:shown]]
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
        if len(progress.cells) > shown:
            lines.append(rich_text(f"  and {len(progress.cells) - shown} more", "dim"))
        return Group(grid, *lines)


class Lines:
    """A line every ten seconds, and one at the end."""

    def __init__(self, title: str, console: Console) -> None:
        self._title, self._console = one_line(title), console
        self._newest: Progress | None = None
        self._said: Progress | None = None
        self._said_at = time.monotonic()

    def take(self, progress: Progress) -> None:
        """Say a line if it is time for one."""
        self._newest = progress
        if time.monotonic() - self._said_at >= LINE_EVERY_S:
            self._say(progress)

    def last(self) -> None:
        """Say where it stands at the end."""
        if self._newest is not None and self._newest is not self._said:
            self._say(self._newest)

    def _say(self, progress: Progress) -> None:
        self._said, self._said_at = progress, time.monotonic()
        rates = [f"{label} {rate}" for label, rate in zip(labels(progress), _rates(progress), strict=True)]
        words = ", ".join([*_words(progress), *rates])
        self._console.print(rich_text(one_line(f"{self._title}: {words}", limit=1000)), soft_wrap=True)


def cell_lines(progress: Progress, width: int) -> list[str]:
    """`success 0.78  calls 6.8  scripted | exact | normal | none`, a line for each cell."""
    lines = []
    for cell, label, rate in zip(progress.cells, labels(progress), _rates(progress), strict=True):
        calls = f"{cell.calls / cell.played:.1f}" if cell.played else "–"
        lines.append(f"success {rate:>4}  calls {calls:>4}  {one_line(label, limit=max(8, width - 26))}")
    return lines


def labels(progress: Progress) -> list[str]:
    """The cells' names without the parts that all of them share."""
    parts = [cell.cell.split(" | ") for cell in progress.cells]
    alike = [len({row[at] for row in parts}) == 1 for at in range(min(map(len, parts)))]
    kept = [" | ".join(part for at, part in enumerate(row) if at >= len(alike) or not alike[at]) for row in parts]
    return [label or cell.cell for label, cell in zip(kept, progress.cells, strict=True)]


def _rates(progress: Progress) -> list[str]:
    return ["–" if cell.success_rate is None else f"{cell.success_rate:.2f}" for cell in progress.cells]


def _words(progress: Progress) -> list[str]:
    """How far it is, what it has cost, how long it still takes."""
    words = [f"{progress.played}/{progress.episodes} episodes"]
    if progress.spent.tokens:
        words.append(f"{progress.spent.tokens} tokens")
    if progress.spent.micro_usd:
        cap = "" if progress.budget.micro_usd is None else f"/{progress.budget.micro_usd / 1e6:.2f}"
        words.append(f"${progress.spent.micro_usd / 1e6:.2f}{cap}")
    if progress.left_s is not None and progress.played < progress.episodes:
        words.append(f"{duration(progress.left_s)} left")
    return words
