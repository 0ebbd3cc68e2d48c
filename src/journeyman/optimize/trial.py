"""The records that flow between engine, search and proposer. All are frozen: a search may keep any of them.

A trial is light. Its files and its full verdict stay in the log and are read when they are looked at, so a search may
hold ten thousand trials of a run and cost a few megabytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import msgspec

from journeyman.ledger import Spend
from journeyman.verify import POLICY, Candidate, Status, Verdict

Plain = None | bool | int | float | str | list[Any] | dict[str, Any]
"""Plain data: what JSON can say."""

SEED = 0
"""Index of the trial that every run starts from: the task's own seed, charged neither as evaluation nor as proposal."""


class Source(Protocol):
    """Where a trial's files and full verdict are read from. Reading twice gives equal values."""

    def candidate(self, index: int) -> Candidate:
        """The files of trial `index`."""
        ...

    def verdict(self, index: int) -> Verdict:
        """The verdict that counts for trial `index`, without the bytes of its artifacts."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """A source of one trial that is held in memory."""

    held_candidate: Candidate
    held_verdict: Verdict

    def candidate(self, index: int) -> Candidate:
        """The candidate given."""
        return self.held_candidate

    def verdict(self, index: int) -> Verdict:
        """The verdict given."""
        return self.held_verdict


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate with the verdict that counts for it.

    `index` is the number of the proposal it came from (0: the seed). `score` is None unless `status` is `ok`.
    `parents` are indices of earlier trials, the one that was improved first. `data` is what the proposer noted for
    itself. `same_as` is the earlier trial with the same files, whose verdict this one shares.
    """

    index: int
    digest: str
    status: Status
    score: float | None
    parents: tuple[int, ...] = ()
    proposer: str = ""
    note: str = ""
    data: dict[str, Any] = field(default_factory=dict, compare=False)
    same_as: int | None = None
    source: Source = field(repr=False, compare=False, kw_only=True)

    @property
    def candidate(self) -> Candidate:
        """The files."""
        return self.source.candidate(self.index)

    @property
    def verdict(self) -> Verdict:
        """The whole verdict."""
        return self.source.verdict(self.index)

    @property
    def feedback(self) -> str:
        """What a proposer may be told about the verdict; empty where the policy for this status keeps it back."""
        return self.verdict.feedback if POLICY[self.status].fed_back else ""

    @property
    def ok(self) -> bool:
        """Whether there is a score."""
        return self.score is not None

    def held(self) -> Trial:
        """The same trial with its files and verdict in memory: safe to hand to another thread."""
        return replace(self, source=Held(self.candidate, self.verdict))


def trial_of(
    index: int,
    candidate: Candidate,
    verdict: Verdict,
    *,
    digest: str | None = None,
    parents: tuple[int, ...] = (),
    proposer: str = "",
    note: str = "",
    data: dict[str, Any] | None = None,
) -> Trial:
    """A trial that holds its candidate and verdict itself."""
    return Trial(
        index, digest or candidate.digest, verdict.status, verdict.score, parents, proposer, note, data or {},
        source=Held(candidate, verdict),
    )  # fmt: skip


class Brief(msgspec.Struct, frozen=True):
    """What every proposer is told about the task, in every request."""

    title: str
    statement: str
    constraints: str
    main: str
    maximize: bool
    unit: str = ""


class Request(msgspec.Struct, frozen=True):
    """What a proposer is asked for.

    A search fills `index`, `parents` (the one to improve first; further ones are for comparison) and `hint`; the engine
    adds the rest before a proposer sees it: the brief, `failure` (why the last proposal from this parent gave no
    candidate, "" if it did), and how many evaluations and proposals are left (None: no cap).
    """

    index: int
    parents: tuple[Trial, ...]
    hint: dict[str, Any] = {}
    brief: Brief | None = None
    failure: str = ""
    evaluations_left: int | None = None
    proposals_left: int | None = None


class Proposal(msgspec.Struct, frozen=True):
    """What a proposer gives back.

    `note` is one line for people; `data` is plain data that comes back as `Trial.data`; `transcript` holds prompt and
    reply, or whatever else should be on record, by name; `spend` is tokens and money only.
    """

    candidate: Candidate
    note: str = ""
    data: dict[str, Any] = {}
    transcript: dict[str, bytes] = {}
    spend: Spend = Spend()
