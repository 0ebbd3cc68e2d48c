"""Follow a run that another process writes: a panel on a terminal, lines elsewhere."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from journeyman.cli.course import Against
from journeyman.cli.out import stderr
from journeyman.cli.panel import panel_lines, writer_words
from journeyman.cli.progress import LINE_EVERY_S, standing_words
from journeyman.report.terminal import is_ascii_only
from journeyman.report.text import rich_text

if TYPE_CHECKING:
    from rich.console import Console

    from journeyman.optimize.watched import Watched
    from journeyman.runs import Run

LOOK_EVERY_S = 0.5
"""Another process' file gives no event to wait for, so it is looked at twice a second; a look at nothing new costs a
single query."""


def follow(run: Run, against: Against) -> bool:
    """Show how `run` goes on, on stderr, until it ends (True) or Ctrl-C (False). Raises RunError if it cannot be read."""
    from journeyman.optimize.watched import Watched

    watched = Watched(run.live())
    if watched.ended:
        return True
    console = stderr()
    try:
        if console.is_terminal and not console.is_dumb_terminal:
            _with_panel(run, watched, against, console)
        else:
            _in_lines(run, watched, console)
        return True
    except KeyboardInterrupt:
        _say(console, run, watched)
        said = (
            f"process {watched.writer} goes on with the run"
            if watched.writer is not None
            else "the run is as it was"
        )
        console.print(rich_text(f"no longer watching; {said}"), soft_wrap=True)
        return False


def _with_panel(run: Run, watched: Watched, against: Against, console: Console) -> None:
    from rich.console import Group
    from rich.live import Live

    plain = is_ascii_only(console)
    with leaving_on_sigterm(), Live(console=console, screen=True, auto_refresh=False) as panel:
        while not watched.ended:
            width, height = console.size
            lines = panel_lines(run, watched, against, width=width, height=height, ascii_only=plain)
            panel.update(Group(*lines), refresh=True)
            time.sleep(LOOK_EVERY_S)
            watched.look()


def _in_lines(run: Run, watched: Watched, console: Console) -> None:
    """A line where it stands, one for each new best, one every ten seconds in which something happened."""
    said_best, said_at, said_writer = watched.live.best, time.monotonic(), watched.writer
    _say(console, run, watched)
    if watched.writer is None:
        _say_writer(console, run, watched)
    news = False
    while True:
        time.sleep(LOOK_EVERY_S)
        news = watched.look() or news
        if watched.ended:
            _say(console, run, watched)
            return
        now = time.monotonic()
        if news and (watched.live.best is not said_best or now - said_at >= LINE_EVERY_S):
            said_best, said_at, news = watched.live.best, now, False
            _say(console, run, watched)
        if watched.writer != said_writer:
            said_writer = watched.writer
            _say_writer(console, run, watched)


def _say(console: Console, run: Run, watched: Watched) -> None:
    live = watched.live
    title = run.header.get("task", run.run_id)
    if live.seed is None:
        console.print(rich_text(f"{title}: checking the seed"), soft_wrap=True)
        return
    words = standing_words(
        live.spent, live.budget, seed=live.seed.score, best=live.best.score if live.best else None,
        feasible=live.tally.feasible / live.tally.verified if live.tally.verified else None, failed=live.tally.failed,
        left_s=watched.expected_s() if watched.writer is not None else None,
    )  # fmt: skip
    console.print(rich_text(f"{title}: {', '.join(words)}"), soft_wrap=True)


def _say_writer(console: Console, run: Run, watched: Watched) -> None:
    said, command, _ = writer_words(run, watched)
    quoted = f" '{command}'" if command else ""
    console.print(rich_text(f"{run.header.get('task', run.run_id)}: {said}{quoted}"), soft_wrap=True)


@contextlib.contextmanager
def leaving_on_sigterm() -> Iterator[None]:
    """Within, SIGTERM unwinds, so that the terminal gets its own screen back."""

    def leave(*_: Any) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
