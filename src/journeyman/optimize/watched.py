"""What a watcher knows of a run and of the process that writes it, at the moment of each look."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from journeyman.errors import RunError
from journeyman.ledger import Spend
from journeyman.optimize.live import Live
from journeyman.runlog.lock import writer_pid

_WINDOW = 50  # settled steps over which the present rate is taken


@dataclass(frozen=True)
class Rates:
    """`per_minute`: evaluations; `usd_per_hour`: of work; None before there is anything to divide."""

    per_minute: float | None
    usd_per_hour: float | None


class Watched:
    """A run that is looked at from another process. Begins with a first look.

    Attributes:
        live: the run as it stands.
        writer: the process that works on it now; None if there is none on this machine.
        elapsed_s: working seconds until now. Between events, which carry the exact time, it is counted here.
    """

    def __init__(self, live: Live) -> None:
        self.live = live
        self.writer: int | None = None
        self.elapsed_s = 0.0
        self._looked_at = time.monotonic()
        self._said_s = 0.0
        self._sittings = 0
        self.look()
        if self.writer is not None:
            self.elapsed_s += _since_last_write(live.folder)

    @property
    def ended(self) -> bool:
        """Whether the run has come to its end."""
        return self.live.reason is not None

    @property
    def elsewhere(self) -> str:
        """The other machine that the last process worked on, where whether it lives cannot be seen; "" for this one."""
        host = self.live.sitting.host
        return host if host and host != socket.gethostname() else ""

    def look(self) -> bool:
        """Take in what is new; whether there was an event. Raises RunError if the run is gone or cannot be read."""
        # The writer first: one that ends gives its lock back behind its last event, so "no writer" is true of all that
        # is read after it.
        self.writer = writer_pid(self.live.folder)
        heard = self.live.look()
        if not heard and not self.live.folder.is_dir():
            raise RunError(f"the run in {self.live.folder} is gone: its folder was moved or removed")
        now, live = time.monotonic(), self.live
        if live.elapsed_s != self._said_s or live.sittings != self._sittings:
            self.elapsed_s = self._said_s = live.elapsed_s
            self._sittings = live.sittings
        elif self.writer is not None:
            self.elapsed_s += now - self._looked_at
        self._looked_at = now
        return heard

    def rates(self) -> Rates:
        """How fast it goes now, and what an hour costs."""
        settled = self.live.settled
        if len(settled) < 2 or self.elapsed_s <= 0:
            return Rates(None, None)
        first = settled[-_WINDOW] if len(settled) >= _WINDOW else settled[0]
        seconds = self.elapsed_s - first.at_s
        done = self.live.spent.evaluations - first.evaluations_so_far
        usd = self.live.spent.micro_usd / 1e6
        return Rates(60 * done / seconds if seconds > 0 else None, 3600 * usd / self.elapsed_s)

    def time_left_s(self) -> float | None:
        """Seconds to the deadline, of the work or of the clock, whichever is sooner; None without one."""
        known = []
        if self.live.budget.wall_s is not None:
            known.append(self.live.budget.wall_s - self.elapsed_s)
        if self.live.sitting.deadline is not None:
            known.append(self.live.sitting.deadline - time.time())
        return max(0.0, min(known)) if known else None

    def expected_s(self) -> float | None:
        """Seconds until the evaluations are spent at the present rate, or until the deadline if that is sooner."""
        rate, cap = self.rates().per_minute, self.live.budget.evaluations
        left = self.time_left_s()
        known = [] if left is None else [left]
        if rate and cap is not None:
            known.append(60 * (cap - self.live.spent.evaluations) / rate)
        return min(known) if known else None

    def spent_up(self) -> bool:
        """Whether a cap is reached, so that nothing new can begin."""
        budget, spent = self.live.budget, self.live.spent
        caps = ((getattr(budget, kind), getattr(spent, kind)) for kind in Spend.__struct_fields__)
        return any(cap is not None and used >= cap for cap, used in caps) or self.time_left_s() == 0.0


def _since_last_write(folder: Path) -> float:
    """Seconds since the run's files were last written."""
    times = [0.0]
    for name in ("run.sqlite-wal", "run.sqlite"):
        try:
            times.append(os.stat(folder / name).st_mtime)
        except FileNotFoundError:
            continue  # a log that was folded in just now
    return max(0.0, time.time() - max(times))
