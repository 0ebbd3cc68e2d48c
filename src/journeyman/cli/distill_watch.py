"""Follow a training that another process makes: a panel on a terminal, lines elsewhere."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from journeyman.cli.distill_standing import Standing, standing_lines, standing_of, standing_words
from journeyman.cli.out import stderr
from journeyman.cli.watch import LOOK_EVERY_S, leaving_on_sigterm
from journeyman.cli.words import ref_of
from journeyman.errors import RunError
from journeyman.report.terminal import is_ascii_only
from journeyman.report.text import one_line, rich_text
from journeyman.runlog.lock import writer_pid

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from journeyman.distill.report.story import Story, Teller
    from journeyman.runs import Run

LINE_EVERY_S = 10.0


class Watched:
    """A training that is looked at from another process. `story`: as it stands; `writer`: who works on it now."""

    def __init__(self, run: Run) -> None:
        from journeyman.distill.report.story import Teller

        self.run = run
        self.writer: int | None = None
        self._teller: Teller = Teller(run.log)
        self.story: Story
        self.standing: Standing
        self.look(first=True)

    @property
    def ended(self) -> bool:
        """Whether the run has come to its end."""
        return self.story.reason is not None

    def look(self, *, first: bool = False) -> bool:
        """Take in what is new; whether there was an event. Raises RunError if the run is gone or cannot be read."""
        # The writer first: one that ends gives its lock back behind its last event.
        self.writer = writer_pid(self.run.folder)
        heard = self._teller.look()
        if not heard and not self.run.folder.is_dir():
            raise RunError(f"the run in {self.run.folder} is gone: its folder was moved or removed")
        if heard or first:
            self.story = self._teller.story()
            self.standing = standing_of(self.story)
        return heard

    def writer_words(self) -> tuple[str, str]:
        """Who works on the run, and a style."""
        if self.writer is not None:
            return f"process {self.writer} works on it", "green"
        if self.story.host and self.story.host != socket.gethostname():
            where = f"process {self.story.pid} on {one_line(self.story.host)}"
            return f"{where} worked on it; not seen from here", "yellow"
        return f"its process is gone; go on with: journeyman run resume {ref_of(self.run.folder)}", "bold yellow"


def follow(run: Run) -> bool:
    """Show how `run` goes on, on stderr, until it ends (True) or Ctrl-C (False). Raises RunError if it cannot be read."""
    watched = Watched(run)
    if watched.ended:
        return True
    console = stderr()
    try:
        if console.is_terminal and not console.is_dumb_terminal:
            _with_panel(watched, console)
        else:
            _in_lines(watched, console)
        return True
    except KeyboardInterrupt:
        _say(watched, console)
        goes_on = watched.writer is not None
        said = f"process {watched.writer} goes on with the run" if goes_on else "the run is as it was"
        console.print(rich_text(f"no longer watching; {said}"), soft_wrap=True)
        return False


def _with_panel(watched: Watched, console: Console) -> None:
    from rich.console import Group
    from rich.live import Live

    plain = is_ascii_only(console)
    with leaving_on_sigterm(), Live(console=console, screen=True, auto_refresh=False) as panel:
        while not watched.ended:
            width, height = console.size
            panel.update(Group(*panel_lines(watched, width=width, height=height, ascii_only=plain)), refresh=True)
            time.sleep(LOOK_EVERY_S)
            watched.look()


def panel_lines(watched: Watched, *, width: int, height: int, ascii_only: bool) -> list[Text]:
    """At most `height` lines: who works on it, and where it stands."""
    said, style = watched.writer_words()
    head = [rich_text(said[i : i + width], style) for i in range(0, len(said), width)]
    lines = standing_lines(watched.standing, width=width, ascii_only=ascii_only, height=height - len(head) - 1)
    return [*head, *lines][:height]


def _in_lines(watched: Watched, console: Console) -> None:
    said_at, said_writer, scored = time.monotonic(), watched.writer, len(watched.standing.scores)
    _say(watched, console)
    if watched.writer is None:
        _say_writer(watched, console)
    news = False
    while True:
        time.sleep(LOOK_EVERY_S)
        news = watched.look() or news
        if watched.ended:
            _say(watched, console)
            return
        now = time.monotonic()
        if news and (len(watched.standing.scores) != scored or now - said_at >= LINE_EVERY_S):
            said_at, scored, news = now, len(watched.standing.scores), False
            _say(watched, console)
        if watched.writer != said_writer:
            said_writer = watched.writer
            _say_writer(watched, console)


def _say(watched: Watched, console: Console) -> None:
    words = standing_words(watched.standing)
    console.print(rich_text(f"{one_line(watched.standing.title)}: {', '.join(words)}"), soft_wrap=True)


def _say_writer(watched: Watched, console: Console) -> None:
    said, _ = watched.writer_words()
    console.print(rich_text(f"{one_line(watched.standing.title)}: {said}"), soft_wrap=True)
