"""A run that another process may be writing, kept current by its new events only.

Looking costs what was appended since the last look, whatever the length of the run. Only whole commits are seen, so a
step that is told here is settled and stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from journeyman.errors import RunCorrupt
from journeyman.ledger import Budget, Spend
from journeyman.optimize import events
from journeyman.optimize.plan import Plan
from journeyman.optimize.story import Step, Teller
from journeyman.optimize.tally import Tally
from journeyman.optimize.trial import SEED
from journeyman.runlog import RunLog

PROPOSING = "being proposed"
CALLING = "waiting for its model"
VERIFYING = "being verified"
AGAIN = "being measured again"


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A proposal that is not settled. `stage`: one of the four above."""

    index: int
    stage: str


@dataclass(frozen=True, slots=True)
class Sitting:
    """The process that worked on the run last. `host`: its machine; `deadline`: Unix time, None without one."""

    pid: int = 0
    host: str = ""
    deadline: float | None = None


class Live:
    """The state of the run in `log`, which stays open. Begins empty: call `look`.

    Attributes:
        settled: what became of the proposals, in the order in which they were settled, the seed first.
        spent: the sum of all settlements.
        best: the best step so far; None before the seed has a score.
        tally: how the proposals ended, by kind.
        sitting: who worked on it last; `sittings`: how many processes did.
        elapsed_s: working seconds at the last event that says them.
        interrupted: whether the last process stopped in good order before the end.
        reason: why it ended; None while it can go on.
    """

    def __init__(self, log: RunLog) -> None:
        plan = msgspec.convert(log.header["plan"], Plan)
        self._log = log
        self._teller = Teller(log)
        self._after = 0
        self._open: dict[str, None] = {}
        self.budget: Budget = plan.budget(log.header.get("max_wall_s"))
        self.maximize: bool = log.header["maximize"]
        self.settled: list[Step] = []
        self.spent = Spend()
        self.best: Step | None = None
        self.tally = Tally()
        self.sitting = Sitting()
        self.elapsed_s = 0.0
        self.interrupted = False
        self.reason: str | None = None

    @property
    def folder(self) -> Path:
        """Where the run lives."""
        return self._log.folder

    @property
    def seed(self) -> Step | None:
        """The seed's step, once it was verified."""
        return self.settled[0] if self.settled else None

    @property
    def sittings(self) -> int:
        """How many processes worked on it, one after the other."""
        return self._teller.sittings

    def look(self) -> bool:
        """Take in what was appended since the last look; whether there was anything.

        Raises RunCorrupt for an event that cannot be read, RunError if the file cannot.
        """
        before, told = self._after, len(self._teller.course)
        for seq, kind, key, body, volatile in self._log.rows(after=before):
            try:
                self._hear(seq, kind, key, body or b"\x80", volatile or b"\x80")
            except (msgspec.MsgspecError, LookupError, ValueError, TypeError) as error:
                raise RunCorrupt(
                    f"event {seq} of the run in {self._log.folder} is none that an optimization writes ({error})"
                ) from error
            self._after = seq
        # Now that their commits are whole: costs and "best" stand behind the verdict they belong to.
        for index in self._teller.course[told:]:
            self._settle(self._teller.step(index))
        return self._after > before

    def under_way(self) -> list[UnderWay]:
        """Proposals that are not settled, in the order they were begun."""
        calling = {key.partition("/")[0] for key in self._open if "/call/" in key}
        found = []
        for key in self._open:
            index, _, part = key.partition("/")
            if part.startswith("call/"):
                continue
            if part:
                stage = AGAIN
            elif self._teller.archive.has_candidate(int(index)):
                stage = VERIFYING
            else:
                stage = CALLING if index in calling else PROPOSING
            found.append(UnderWay(int(index), stage))
        return found

    def _hear(self, seq: int, kind: str, key: str, body: bytes, volatile: bytes) -> None:
        self._teller.hear(seq, kind, key, body, volatile)
        if kind == events.RESERVE:
            self._open[key] = None
        elif kind == events.SETTLE:
            self._open.pop(key, None)
            amounts = events.decode_body(body)
            self.spent = self.spent + Spend(**{k: n for k, n in amounts.items() if k != "known"})
        elif kind == events.SESSION:
            said: dict[str, Any] = events.decode_body(volatile)
            # A deadline by the clock is kept from the first sitting.
            deadline = self.sitting.deadline or said.get("deadline")
            self.sitting = Sitting(said.get("pid", 0), said.get("host", ""), deadline)
            self.interrupted = False
        elif kind == events.END:
            self.reason = events.decode_body(body)["reason"]
        if kind in _TIMED:
            self.elapsed_s = events.decode_body(volatile).get("at_s", self.elapsed_s)
        if kind == events.INTERRUPTED:
            self.interrupted = True

    def _settle(self, step: Step) -> None:
        self.settled.append(step)
        if step.improved or (step.index == SEED and step.score is not None):
            self.best = step
        self.tally.add(step)


_TIMED = frozenset({events.VERDICT, events.CALL, events.INTERRUPTED})
