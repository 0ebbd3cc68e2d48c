"""The records that flow between engine, search and proposer. All are frozen: a search may keep any of them.

A trial is light. Its files and its full verdict stay in the log and are read when they are looked at, so a search may
hold ten thousand trials of a run and cost a few megabytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from journeyman.ledger import Spend
from journeyman.models.message import media_type_of
from journeyman.verify import POLICY, Candidate, Status, Verdict

if TYPE_CHECKING:
    from journeyman.models import Completion, Model, Prompt

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

    def artifacts(self, index: int) -> dict[str, bytes]:
        """What the verifier wrote about trial `index`, by name."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """A source of one trial that is held in memory."""

    held_candidate: Candidate
    held_verdict: Verdict
    held_artifacts: dict[str, bytes] = field(default_factory=dict)

    def candidate(self, index: int) -> Candidate:
        """The candidate given."""
        return self.held_candidate

    def verdict(self, index: int) -> Verdict:
        """The verdict given."""
        return self.held_verdict

    def artifacts(self, index: int) -> dict[str, bytes]:
        """The artifacts given."""
        return self.held_artifacts


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
    def pictures(self) -> dict[str, bytes]:
        """The artifacts that a model can look at (PNG, JPEG, GIF, WebP), by name; none where feedback is kept back."""
        if not POLICY[self.status].fed_back:
            return {}
        artifacts = self.source.artifacts(self.index)
        return {name: data for name, data in artifacts.items() if media_type_of(data)}

    @property
    def ok(self) -> bool:
        """Whether there is a score."""
        return self.score is not None

    def held(self, *, artifacts: bool = False) -> Trial:
        """The same trial with files and verdict in memory, and artifacts if wanted: safe to hand to another thread."""
        kept = self.source.artifacts(self.index) if artifacts else {}
        return replace(self, source=Held(self.candidate, self.verdict, kept))


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
        source=Held(candidate, verdict, verdict.artifacts),
    )  # fmt: skip


class Brief(msgspec.Struct, frozen=True):
    """What every proposer is told about the task, in every request."""

    title: str
    statement: str
    constraints: str
    main: str
    maximize: bool
    unit: str = ""


class Calls(Protocol):
    """The one way from a proposal to a model, by which every attempt is paid and every reply recorded."""

    def complete(self, model: Model, prompt: Prompt) -> Completion:
        """The model's reply. A reply that was paid before a crash is given again, for nothing.

        Raises:
            BudgetExhausted: the worst case does not fit in what is left of tokens or money.
            As `Model.complete`.
        """
        ...


class Request(msgspec.Struct, frozen=True):
    """What a proposer is asked for.

    A search fills `index`, `parents` (the one to improve first; further ones are for comparison) and `hint`; the engine
    adds the rest before a proposer sees it: the brief, `failure` (why the last proposal from this parent gave no new
    candidate, "" if it did), how many evaluations and proposals were left when it was asked (None: no cap), and `calls`,
    the way to a model (None outside a run, and for a proposer that does not wait).

    What a hint may say, all of it optional: `chain` (int or str: the line of descent), `step` (int: how far it has come),
    `roles` (one word for each parent: "parent", "last", "best" or "inspiration"), `mode` ("rewrite", "edit" or
    "crossover"), `proposer` (the part of a mixture to use), `temperature` (float), `island` (int).
    """

    index: int
    parents: tuple[Trial, ...]
    hint: dict[str, Any] = {}
    brief: Brief | None = None
    failure: str = ""
    evaluations_left: int | None = None
    proposals_left: int | None = None
    calls: Calls | None = None


class Proposal(msgspec.Struct, frozen=True):
    """What a proposer gives back.

    `note` is one line for people; `data` is plain data that comes back as `Trial.data`; `transcript` holds prompt and
    reply, or whatever else should be on record, by name (a model's call is on record by itself). `spend`: tokens and
    money that did not go through `Request.calls`. `proposer`: the part of a mixture that made it, "" for the proposer
    itself.
    """

    candidate: Candidate
    note: str = ""
    data: dict[str, Any] = {}
    transcript: dict[str, bytes] = {}
    spend: Spend = Spend()
    proposer: str = ""
