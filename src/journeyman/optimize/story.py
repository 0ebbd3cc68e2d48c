"""The story of a run, from its log: what was proposed in which order, what became of it, what it cost and who said what.

One pass over the log gives small frozen records, for the page and the terminal to show. What is large stays in the log
and is read when somebody asks for it: files, verdicts, prompts and replies. So the story of ten thousand proposals takes
about a second and a few megabytes; it needs its log open only for what is read later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from journeyman.optimize import events
from journeyman.optimize.archive import Archive
from journeyman.optimize.result import Result, result_of
from journeyman.optimize.said import Reply, Said, read_prompt, read_reply
from journeyman.optimize.state import NO_PROPOSAL
from journeyman.optimize.trial import SEED
from journeyman.runlog import RunLog
from journeyman.verify import Candidate, Metric, Status, Verdict

SEED_STEP, VERIFIED, REPEATED, OPEN = "seed", "verified", "repeated", "under way"
"""Kinds of a step; any other kind is that of a failed proposal."""

_MESSAGE = 400  # characters of a failure or feedback that a step keeps


@dataclass(frozen=True, slots=True)
class Call:
    """One reply of a model. Tokens are None where the endpoint did not say, `micro_usd` where nobody knows the price."""

    index: int
    """The proposal it was made for."""
    number: int
    """1 is the proposal's first."""
    model: str
    outcome: str
    finish: str
    input: int | None
    output: int | None
    cached: int
    reasoning: int
    micro_usd: int | None
    latency_s: float | None
    attempts: int
    at_s: float | None
    _log: RunLog = field(repr=False, compare=False)
    _prompt: str = field(repr=False)
    _reply: str = field(repr=False)

    @property
    def tokens(self) -> int:
        """Read and written together; 0 where the endpoint did not say."""
        return (self.input or 0) + (self.output or 0)

    def prompt(self) -> tuple[Said, ...]:
        """The messages that were sent, read from the log. Raises RunError if it is gone."""
        return read_prompt(self._log.blob(self._prompt))

    def reply(self) -> Reply:
        """What came back, read from the log. Raises RunError if it is gone."""
        return read_reply(self._log.blob(self._reply))


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one proposal, or of the seed.

    `kind`: "seed", "verified", "repeated", "under way", or the kind of failure of a proposal that gave no candidate.
    `status`: of its verdict; None without one. What stands under `..._so_far` is as of the moment it was settled, and
    `at_s` are working seconds of the run then. `message`: the beginning of the failure or of the feedback.
    """

    index: int
    parents: tuple[int, ...]
    proposer: str
    kind: str
    status: Status | None
    score: float | None
    improved: bool
    """Whether it became the best of the run."""
    best_so_far: float | None
    evaluations_so_far: int
    usd_so_far: float
    tokens_so_far: int
    at_s: float
    note: str
    message: str
    same_as: int | None
    metrics: dict[str, Metric]
    """Of its own verdict; means over instances."""
    calls: tuple[Call, ...]
    transcript: dict[str, str]
    """Name -> digest of what its proposer put on record; `Story.transcript` reads it."""
    line: str = ""
    """Where the search made it, "island 2" or "chain 0"; "" if the search has no such parts."""

    @property
    def failed(self) -> bool:
        """Whether the proposal gave no candidate."""
        return self.kind not in (SEED_STEP, VERIFIED, REPEATED, OPEN)

    @property
    def has_candidate(self) -> bool:
        """Whether there are files to show."""
        return not self.failed and self.kind != OPEN

    @property
    def model(self) -> str:
        """The model that was asked last; "" if none was."""
        return self.calls[-1].model if self.calls else ""


@dataclass(frozen=True)
class Story:
    """A run as its log tells it. Steps are in the order of their numbers, the seed's first."""

    result: Result
    steps: tuple[Step, ...]
    course: tuple[int, ...]
    """Numbers of the settled steps, in the order in which they were."""
    sittings: int
    """How many processes worked on it, one after the other."""
    header: dict[str, Any] = field(repr=False)
    created: float
    """Unix time, seconds."""
    _archive: Archive = field(repr=False, compare=False)
    _log: RunLog = field(repr=False, compare=False)
    _position: dict[int, int] = field(repr=False, compare=False)
    _failed_at: dict[int, int] = field(repr=False, compare=False)

    def step(self, index: int) -> Step:
        """The step of proposal `index`. Raises KeyError if there is none."""
        return self.steps[self._position[index]]

    def __contains__(self, index: object) -> bool:
        return index in self._position

    @property
    def calls(self) -> tuple[Call, ...]:
        """All replies of models, by proposal."""
        return tuple(call for step in self.steps for call in step.calls)

    def candidate(self, index: int) -> Candidate:
        """The files of trial `index`, read from the log. Raises KeyError if it gave none."""
        return self._archive.candidate(index)

    def verdict(self, index: int) -> Verdict | None:
        """The verdict of trial `index`, read from the log; of a repeated one, that of the earlier. None without one."""
        return self._archive.verdict(index) if self._archive.has_verdict(index) else None

    def failure(self, index: int) -> str:
        """Why proposal `index` gave no candidate, read from the log whole; "" if it gave one."""
        if index not in self._failed_at:
            return ""
        event = next(self._log.events(after=self._failed_at[index] - 1, page=1))
        return str((event.body or {}).get("message", ""))

    def transcript(self, index: int) -> dict[str, bytes]:
        """What the proposer of trial `index` put on record, by name, read from the log."""
        return {name: self._log.blob(digest) for name, digest in self.step(index).transcript.items()}


def story_of(log: RunLog) -> Story:
    """The story of the run in `log`, as far as it got; a log without calls of models is fine.

    Raises RunError if its seed was not verified yet, RunCorrupt if the log cannot be read.
    """
    result = result_of(log)
    teller = Teller(log)
    for seq, kind, key, body, volatile in log.rows():
        teller.hear(seq, kind, key, body or b"\x80", volatile or b"\x80")
    steps = teller.steps()
    return Story(
        result, steps, tuple(teller.course), teller.sittings, log.header, log.created, teller.archive, log,
        {step.index: position for position, step in enumerate(steps)}, teller.failed_at,
    )  # fmt: skip


# Only what a step keeps is decoded.


class _CandidateHead(msgspec.Struct, frozen=True):
    index: int
    digest: str
    parents: tuple[int, ...] = ()
    proposer: str = ""
    note: str = ""
    same_as: int | None = None
    transcript: dict[str, str] = {}
    hint: dict[str, Any] = {}


class _VerdictHead(msgspec.Struct, frozen=True):
    index: int
    status: Status
    score: float | None
    metrics: dict[str, Metric] = {}
    feedback: str = ""
    counts: bool = True


class _FailedHead(msgspec.Struct, frozen=True):
    index: int
    kind: str
    message: str
    parents: tuple[int, ...] = ()
    proposer: str = ""


class _CallHead(msgspec.Struct, frozen=True):
    index: int
    number: int
    model: str
    prompt: str = ""
    reply: str = ""
    outcome: str = ""
    finish: str = ""
    input: int | None = None
    output: int | None = None
    reasoning: int = 0
    cached: int = 0
    micro_usd: int | None = None


class _Seen(msgspec.Struct, frozen=True):
    at_s: float | None = None
    latency_s: float | None = None
    attempts: int = 1


class _Amounts(msgspec.Struct, frozen=True):
    evaluations: int = 0
    tokens: int = 0
    micro_usd: int = 0


@dataclass
class _Draft:
    """A step while its events come in."""

    kind: str = OPEN
    parents: tuple[int, ...] = ()
    proposer: str = ""
    note: str = ""
    message: str = ""
    same_as: int | None = None
    status: Status | None = None
    score: float | None = None
    improved: bool = False
    best: float | None = None
    evaluations: int = 0
    micro_usd: int = 0
    tokens: int = 0
    at_s: float = 0.0
    metrics: dict[str, Metric] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    transcript: dict[str, str] = field(default_factory=dict)
    line: str = ""


def _reader(kind: Any) -> Callable[[bytes], Any]:
    return msgspec.msgpack.Decoder(kind).decode


class Teller:
    """Takes the events of a log one by one, and can say at any moment what the steps are.

    `archive` finds what is large. `course`: numbers of the settled steps, in their order. `sittings`: processes so far.
    """

    def __init__(self, log: RunLog) -> None:
        self.archive = Archive(log)
        self.course: list[int] = []
        self.sittings = 0
        self.failed_at: dict[int, int] = {}
        self._log = log
        self._drafts: dict[int, _Draft] = {}
        self._best: float | None = None
        self._evaluations = self._tokens = self._micro_usd = 0
        self._at_s = 0.0
        self._seen = _reader(_Seen)
        self._amounts = _reader(_Amounts)
        self._hears: dict[str, tuple[Callable[[bytes], Any], Callable[[int, Any, _Seen], None]]] = {
            events.CANDIDATE: (_reader(_CandidateHead), self._candidate),
            events.VERDICT: (_reader(_VerdictHead), self._verdict),
            events.REPEATED: (_reader(events.RepeatedBody), self._repeated),
            events.FAILED: (_reader(_FailedHead), self._failed),
            events.CALL: (_reader(_CallHead), self._call),
        }

    def hear(self, seq: int, kind: str, key: str, body: bytes, volatile: bytes) -> None:
        """The next event, as `RunLog.rows` gives it, an empty map (b"\\x80") for a missing part."""
        if kind in self._hears:
            read, told = self._hears[kind]
            seen = self._seen(volatile)
            self._at_s = self._at_s if seen.at_s is None else seen.at_s
            told(seq, read(body), seen)
        elif kind == events.RESERVE:
            self._draft(_index_of(key))
        elif kind == events.SETTLE:
            self._settle(_index_of(key), self._amounts(body))
        elif kind == events.BEST:
            # In the commit of the verdict it follows from, behind its settlement.
            draft = self._draft(int(key))
            draft.improved = int(key) != SEED
            draft.best = self._best = draft.score
        elif kind == events.SESSION:
            self.sittings += 1

    def step(self, index: int) -> Step:
        """The step of proposal `index` as it stands. Raises KeyError if there is none."""
        return _step(index, self._drafts[index])

    def steps(self) -> tuple[Step, ...]:
        """All steps as they stand, in the order of their numbers."""
        return tuple(_step(index, self._drafts[index]) for index in sorted(self._drafts))

    def _draft(self, index: int) -> _Draft:
        draft = self._drafts.get(index)
        if draft is None:
            draft = self._drafts[index] = _Draft()
        return draft

    def _candidate(self, seq: int, head: _CandidateHead, seen: _Seen) -> None:
        self.archive.add_candidate(head.index, head.digest, seq)
        draft = self._draft(head.index)
        draft.parents, draft.proposer, draft.note = head.parents, head.proposer, head.note
        draft.same_as, draft.transcript = head.same_as, head.transcript
        part = next((name for name in ("island", "chain") if name in head.hint), None)
        draft.line = "" if part is None else f"{part} {head.hint[part]}"

    def _verdict(self, seq: int, head: _VerdictHead, seen: _Seen) -> None:
        self.archive.add_verdict(head.index, seq)
        if head.counts:
            draft = self._draft(head.index)
            draft.message, draft.metrics = head.feedback[:_MESSAGE], head.metrics
            self._came(head.index, SEED_STEP if head.index == SEED else VERIFIED, head.status, head.score)

    def _repeated(self, seq: int, head: events.RepeatedBody, seen: _Seen) -> None:
        self.archive.share_verdict(head.index, head.same_as)
        self._came(head.index, REPEATED, head.status, head.score)

    def _failed(self, seq: int, head: _FailedHead, seen: _Seen) -> None:
        if head.kind in NO_PROPOSAL:
            self._drafts.pop(head.index, None)
            return
        draft = self._draft(head.index)
        draft.parents, draft.message = head.parents, head.message[:_MESSAGE]
        draft.proposer = head.proposer
        self.failed_at[head.index] = seq
        self._came(head.index, head.kind, None, None)

    def _call(self, seq: int, head: _CallHead, seen: _Seen) -> None:
        self._draft(head.index).calls.append(
            Call(
                head.index, head.number, head.model, head.outcome, head.finish, head.input, head.output, head.cached,
                head.reasoning, head.micro_usd, seen.latency_s, seen.attempts, seen.at_s, self._log, head.prompt, head.reply,
            )
        )  # fmt: skip

    def _came(self, index: int, kind: str, status: Status | None, score: float | None) -> None:
        draft = self._draft(index)
        draft.kind, draft.status, draft.score = kind, status, score
        draft.best, draft.at_s = self._best, self._at_s
        self._stand(draft)
        self.course.append(index)

    def _settle(self, index: int, amounts: _Amounts) -> None:
        self._evaluations += amounts.evaluations
        self._tokens += amounts.tokens
        self._micro_usd += amounts.micro_usd
        draft = self._drafts.get(index)
        if draft is not None:
            self._stand(draft)

    def _stand(self, draft: _Draft) -> None:
        draft.evaluations, draft.tokens, draft.micro_usd = self._evaluations, self._tokens, self._micro_usd


def _index_of(key: str) -> int:
    return int(key.partition("/")[0])


def _step(index: int, draft: _Draft) -> Step:
    return Step(
        index, draft.parents, draft.proposer, draft.kind, draft.status, draft.score, draft.improved, draft.best,
        draft.evaluations, draft.micro_usd / 1e6, draft.tokens, draft.at_s, draft.note, draft.message, draft.same_as,
        draft.metrics, tuple(draft.calls), draft.transcript, draft.line,
    )  # fmt: skip
