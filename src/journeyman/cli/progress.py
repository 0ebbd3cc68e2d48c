"""Progress of an optimization on stderr: a live bar on a terminal, plain lines elsewhere.

Both only keep the newest snapshot; drawing is on the terminal's own clock, so showing progress costs the run nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from journeyman.cli.out import stderr

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from journeyman.optimize import Progress

LINE_EVERY_S = 10.0
BEST_EVERY_S = 1.0


@contextmanager
def shown(title: str, *, quiet: bool = False) -> Iterator[Callable[[Progress], None]]:
    """A callback that shows each snapshot it is given, until the block ends. `title` says what is being optimized."""
    console = stderr()
    if quiet:
        yield lambda progress: None
    elif console.is_terminal:
        from rich.live import Live

        bar = Bar(title, console)
        with Live(get_renderable=bar.draw, console=console, refresh_per_second=8):
            yield bar.take
    else:
        lines = Lines(title, console)
        yield lines.take
        lines.last()


class Bar:
    """One line that is redrawn: title, bar, count, best so far, feasible share, spend, time left."""

    def __init__(self, title: str, console: Console) -> None:
        self._title = title
        self._console = console
        self._begun = time.monotonic()
        self._first: Progress | None = None
        self._newest: Progress | None = None

    def take(self, progress: Progress) -> None:
        """Keep the newest snapshot."""
        if _is_another_run(self._newest, progress):
            self._first, self._begun = None, time.monotonic()
        self._first = self._first or progress
        self._newest = progress

    def draw(self) -> RenderableType:
        """The line for the newest snapshot."""
        from rich.progress_bar import ProgressBar
        from rich.spinner import Spinner
        from rich.table import Table

        from journeyman.report.text import rich_text

        grid = Table.grid(padding=(0, 2))
        if self._newest is None or self._first is None:
            grid.add_row(Spinner("dots"), rich_text(f"{self._title}: checking seed and verifier"))
            return grid
        done, whole = _done(self._newest)
        left = _time_left(self._first, self._newest, time.monotonic() - self._begun)
        words = rich_text("  ".join(_words(self._newest, left)))
        # On a narrow terminal the words matter more than the bar.
        wide = self._console.width >= 110
        cells: list[RenderableType] = [rich_text(self._title, "bold")] if wide else []
        if whole:
            cells.append(ProgressBar(total=whole, completed=done, width=24 if wide else 10))
        grid.add_row(*cells, words)
        return grid


class Lines:
    """A line when the best improves, at most one a second, and one every ten seconds."""

    def __init__(self, title: str, console: Console) -> None:
        self._title = title
        self._console = console
        self._begun = time.monotonic()
        self._first: Progress | None = None
        self._newest: Progress | None = None
        self._said_at = float("-inf")
        self._said_best: float | None = None
        self._said: Progress | None = None

    def take(self, progress: Progress) -> None:
        """Say a line if it is time for one."""
        if _is_another_run(self._newest, progress):
            self._first, self._begun = None, time.monotonic()
        self._first = self._first or progress
        self._newest = progress
        now = time.monotonic()
        best = progress.best.score if progress.best else None
        if now - self._said_at >= (BEST_EVERY_S if best != self._said_best else LINE_EVERY_S):
            self._said_at, self._said_best = now, best
            self._say(progress)

    def last(self) -> None:
        """Say where it stands at the end."""
        if self._newest is not None and self._newest is not self._said:
            self._say(self._newest)

    def _say(self, progress: Progress) -> None:
        assert self._first is not None
        self._said = progress
        left = _time_left(self._first, progress, time.monotonic() - self._begun)
        self._console.print(f"{self._title}: {', '.join(_words(progress, left))}", soft_wrap=True)


def _is_another_run(before: Progress | None, now: Progress) -> bool:
    """With several seeds one run follows another; what is spent only grows within one."""
    return before is not None and now.spent.proposals < before.spent.proposals


def _done(progress: Progress) -> tuple[int, int | None]:
    """How far along: evaluations, else proposals; None where neither has a cap."""
    if progress.budget.evaluations is not None:
        return progress.spent.evaluations, progress.budget.evaluations
    if progress.budget.proposals is not None:
        return progress.spent.proposals, progress.budget.proposals
    return progress.spent.evaluations, None


def _time_left(first: Progress, newest: Progress, seconds: float) -> float | None:
    """Seconds until the evaluations are spent at the rate so far, or until the deadline if that is sooner."""
    done, whole = _done(newest)
    began, _ = _done(first)
    by_rate = seconds * (whole - done) / (done - began) if whole is not None and done > began else None
    known = [t for t in (by_rate, newest.time_left_s) if t is not None]
    return min(known) if known else None


def _words(progress: Progress, left_s: float | None) -> list[str]:
    from journeyman.report.number import alike, duration

    done, whole = _done(progress)
    seed = progress.seed.score if progress.seed else None
    best = progress.best.score if progress.best else None
    shown = alike((best, seed))
    words = [f"{done}/{whole}" if whole is not None else f"{done} evaluations", f"best {shown[0]} (seed {shown[1]})"]
    if progress.feasible_share is not None:
        words.append(f"feasible {100 * progress.feasible_share:.0f} %")
    if progress.failed_proposals:
        words.append(f"failed proposals {progress.failed_proposals}")
    if progress.spent.tokens:
        words.append(f"{progress.spent.tokens} tokens")
    if progress.spent.micro_usd:
        words.append(f"${progress.spent.micro_usd / 1e6:.2f}")
    if left_s is not None:
        words.append(f"{duration(left_s)} left")
    return words
