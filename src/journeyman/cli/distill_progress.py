"""Progress of a training on stderr: a live panel on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from journeyman.cli.distill_standing import Standing, standing_lines, standing_words
from journeyman.cli.out import stderr
from journeyman.report.terminal import is_ascii_only
from journeyman.report.text import one_line, rich_text

if TYPE_CHECKING:
    from rich.console import Console, Group

    from journeyman.distill.events import Progress

LINE_EVERY_S = 10.0


@contextmanager
def shown(title: str, *, folder: Path | None = None, quiet: bool = False) -> Iterator[Callable[[Progress], None]]:
    """A callback that shows each step it is given, until the block ends.

    `title`: the pair; `folder`: of the run, whose log has what was measured before the first step.
    """
    console = stderr()
    standing = Standing(title, recalls=folder)
    if quiet:
        yield lambda progress: None
    elif console.is_terminal and not console.is_dumb_terminal:
        from rich.live import Live

        panel = Panel(standing, console)
        with Live(get_renderable=panel.draw, console=console, refresh_per_second=4):
            yield standing.take
    else:
        lines = Lines(standing, console)
        yield lines.take
        lines.last()


class Panel:
    """A few lines that are redrawn; nothing is computed but when the terminal asks for it."""

    def __init__(self, standing: Standing, console: Console) -> None:
        self._standing, self._console = standing, console

    def draw(self) -> Group:
        """The lines as they stand."""
        from rich.console import Group

        width, height = self._console.size
        # One row is left free: a picture as tall as the terminal would scroll it at every refresh.
        lines = standing_lines(
            self._standing, width=width, ascii_only=is_ascii_only(self._console), height=min(height - 1, 20)
        )
        return Group(*lines[: max(1, height - 1)])


class Lines:
    """A line for each evaluation, and one every ten seconds."""

    def __init__(self, standing: Standing, console: Console) -> None:
        self._standing, self._console = standing, console
        self._said_at = float("-inf")
        self._said = 0

    def take(self, progress: Progress) -> None:
        """Say a line if it is time for one."""
        self._standing.take(progress)
        if progress.evaluated is not None or time.monotonic() - self._said_at >= LINE_EVERY_S:
            self._say()

    def last(self) -> None:
        """Say where it stands at the end."""
        if self._standing.step and self._standing.step != self._said:
            self._say()

    def _say(self) -> None:
        self._said_at, self._said = time.monotonic(), self._standing.step
        words = ", ".join(standing_words(self._standing))
        self._console.print(rich_text(f"{one_line(self._standing.title)}: {words}"), soft_wrap=True)


@contextmanager
def counted(title: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A callback (done, whole) for work that is counted: a bar on a terminal, a line every ten seconds elsewhere."""
    console = stderr()
    if quiet:
        yield lambda done, whole: None
        return
    if console.is_terminal and not console.is_dumb_terminal:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(one_line(title, limit=50), total=None)
            yield lambda done, whole: bar.update(task, completed=done, total=whole)
        return
    said_at = time.monotonic()

    def say(done: int, whole: int) -> None:
        nonlocal said_at
        if done == whole or time.monotonic() - said_at >= LINE_EVERY_S:
            said_at = time.monotonic()
            console.print(rich_text(f"{one_line(title)}: {done}/{whole}"), soft_wrap=True)

    yield say
