"""The trials of a run, on disk: files and verdicts are read from the log when somebody looks at them.

In memory stay two numbers a trial (where its events are) and its digest, so ten thousand trials cost a few megabytes
whatever the size of their files. The last few looked at are kept.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

import msgspec

from journeyman.optimize import events
from journeyman.runlog import Event, RunLog
from journeyman.verify import Candidate, Verdict

_KEPT = 32

T = TypeVar("T")


class Archive:
    """Reads trials from a log; a `Source` for `Trial`. Whoever appends an event says here where it went."""

    def __init__(self, log: RunLog) -> None:
        self._log = log
        self._candidate_at: dict[int, int] = {}
        self._verdict_at: dict[int, int] = {}
        self._first_with: dict[str, int] = {}
        self._candidates: _Recent[Candidate] = _Recent()
        self._verdicts: _Recent[Verdict] = _Recent()

    def add_candidate(self, index: int, digest: str, seq: int, candidate: Candidate | None = None) -> None:
        """Candidate `index` is in event `seq`. `candidate` itself, where it is at hand, saves a reading."""
        self._candidate_at[index] = seq
        self._first_with.setdefault(digest, index)
        if candidate is not None:
            self._candidates.put(index, candidate)

    def add_verdict(self, index: int, seq: int, verdict: Verdict | None = None) -> None:
        """The verdict of trial `index` is in event `seq`; a later one replaces it."""
        self._verdict_at[index] = seq
        self._verdicts.drop(index)
        if verdict is not None:
            self._verdicts.put(index, verdict)

    def share_verdict(self, index: int, original: int) -> None:
        """Trial `index` has the files, and so the verdict, of `original`."""
        self._verdict_at[index] = self._verdict_at[original]

    def forget(self, index: int, digest: str) -> None:
        """Trial `index` never got a verdict of its own making: the next one with these files is verified anew."""
        if self._first_with.get(digest) == index:
            del self._first_with[digest]

    def first_with(self, digest: str) -> int | None:
        """The earliest trial with these files."""
        return self._first_with.get(digest)

    def has_candidate(self, index: int) -> bool:
        """Whether proposal `index` has given a candidate."""
        return index in self._candidate_at

    def has_verdict(self, index: int) -> bool:
        """Whether trial `index` has a verdict."""
        return index in self._verdict_at

    def record(self, index: int) -> events.CandidateBody:
        """The `candidate` event of trial `index`."""
        return events.read_candidate_body(self._event(self._candidate_at[index]).body or {})

    def candidate(self, index: int) -> Candidate:
        """The files of trial `index`."""
        kept = self._candidates.get(index)
        if kept is None:
            kept = events.files_of(self.record(index), self._log.blob)
            self._candidates.put(index, kept)
        return kept

    def verdict(self, index: int) -> Verdict:
        """The verdict that counts for trial `index`, without the bytes of its artifacts."""
        kept = self._verdicts.get(index)
        if kept is None:
            event = self._event(self._verdict_at[index])
            kept = events.read_verdict(event.body or {}, event.volatile)
            self._verdicts.put(index, kept)
        return kept

    def artifacts(self, index: int) -> dict[str, bytes]:
        """Artifacts of the verdict of trial `index`, by name."""
        body = msgspec.convert(self._event(self._verdict_at[index]).body, events.VerdictBody)
        return {name: self._log.blob(digest) for name, digest in body.artifacts.items()}

    def _event(self, seq: int) -> Event:
        return next(self._log.events(after=seq - 1, page=1))


class _Recent(Generic[T]):
    """The few most recently used values."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, T] = OrderedDict()

    def get(self, index: int) -> T | None:
        value = self._kept.get(index)
        if value is not None:
            self._kept.move_to_end(index)
        return value

    def put(self, index: int, value: T) -> None:
        self._kept[index] = value
        self._kept.move_to_end(index)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def drop(self, index: int) -> None:
        self._kept.pop(index, None)
