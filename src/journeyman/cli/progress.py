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

    from journeyman.ledger import Budget, Spend
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

        from journeyman.report.text import one_line, rich_text

        grid = Table.grid(padding=(0, 2))
        if self._newest is None or self._first is None:
            grid.add_row(Spinner("dots"), rich_text(f"{self._title}: checking seed and verifier"))
            return grid
        done, whole = _done(self._newest)
        left = _time_left(self._first, self._newest, time.monotonic() - self._begun)
        # On a narrow terminal the words matter more than the bar.
        wide = self._console.width >= 110
        bar = 24 if wide else 10
        title = rich_text(one_line(self._title, limit=40), "bold")
        cells: list[RenderableType] = [title] if wide else []
        if whole:
            cells.append(ProgressBar(total=whole, completed=done, width=bar))
        room = self._console.width - (bar + 2 if whole else 0) - (title.cell_len + 2 if wide else 0)
        words = rich_text(_fitting(_words(self._newest, left), room))
        words.no_wrap, words.overflow = True, "ellipsis"
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


def standing_words(
    spent: Spend, budget: Budget, *, seed: float | None, best: float | None, feasible: float | None, failed: int,
    left_s: float | None,
) -> list[str]:  # fmt: skip
    """Where a run stands, in a few words each, the most important first.

    Of evaluations (of proposals where only those have a cap), tokens and money also the cap, where there is one.
    `feasible`: share of verified candidates that have a score, 0 to 1; `left_s`: seconds until it ends.
    """
    from journeyman.report.number import alike, duration

    if budget.evaluations is None and budget.proposals is not None:
        words = [f"{spent.proposals}/{budget.proposals} proposals"]
    elif budget.evaluations is None:
        words = [f"{spent.evaluations} evaluations"]
    else:
        words = [f"{spent.evaluations}/{budget.evaluations}"]
    shown = alike((best, seed))
    words.append(f"best {shown[0]} (seed {shown[1]})")
    if feasible is not None:
        words.append(f"feasible {100 * feasible:.0f} %")
    if failed:
        words.append(f"failed proposals {failed}")
    if spent.tokens:
        words.append(f"{spent.tokens}{'' if budget.tokens is None else f'/{budget.tokens}'} tokens")
    if spent.micro_usd:
        cap = "" if budget.micro_usd is None else f"/{budget.micro_usd / 1e6:.2f}"
        words.append(f"${spent.micro_usd / 1e6:.2f}{cap}")
    if left_s is not None:
        words.append(f"{duration(left_s)} left")
    return words


def _words(progress: Progress, left_s: float | None) -> list[str]:
    return standing_words(
        progress.spent, progress.budget, seed=progress.seed.score if progress.seed else None,
        best=progress.best.score if progress.best else None, feasible=progress.feasible_share,
        failed=progress.failed_proposals, left_s=left_s,
    )  # fmt: skip


def _fitting(words: list[str], width: int) -> str:
    """As many of `words` as fit on one line: the count, the best and the time left first, then the others in order.

    A line that wraps would change the height of what is redrawn, and jump.
    """
    first = [0, 1, len(words) - 1] if words[-1].endswith(" left") else [0, 1]
    kept = set(first)
    for i in range(len(words)):
        chosen = sorted(kept | {i})
        if len("  ".join(words[j] for j in chosen)) <= width:
            kept = set(chosen)
    return "  ".join(words[i] for i in sorted(kept))
