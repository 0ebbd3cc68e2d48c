"""What an optimization writes to its log, and how it is read back.

A run is this sequence (key in parentheses; `reserve` and `settle` are the ledger's):

    session ()              volatile: process id, host, versions, deadline; one for each process that worked on the run
    candidate (0), verdict (0)                                             the seed; charged as nothing
    reserve (k), candidate (k), verdict (k) + settle (k)                   a proposal that was verified
    reserve (k), proposal_failed (k) + settle (k)                          a proposal that gave no candidate
    reserve (k), candidate (k), repeated (k) + settle (k)                  the same files as an earlier trial
    reserve (k/call/n), call (k/call/n) + settle (k/call/n)                attempt n of proposal k at a model, answered
    reserve (k/call/n), settle (k/call/n)                                  the same, not answered
    verdict (k, counts=False) + settle (k) + reserve (k/1), verdict (k) + settle (k/1)     noisy: measured again
    best (k)                in the commit of the verdict that made k the best
    pictures () + final () + end ()      of the finalist (volatile), held-out verdicts, the reason: the last of the run

What stands together with a `+` is one commit. Bodies hold nothing that differs between two equal runs: times, process
ids, attempts and measured seconds are in the volatile part.
"""

from __future__ import annotations

import os
import platform
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from journeyman.ledger import Reserved, Settled
from journeyman.optimize.trial import Proposal
from journeyman.verify import Candidate, Metric, Status, Verdict
from journeyman.verify.verdict import InstanceVerdict

SESSION = "session"
RESERVE = "reserve"
SETTLE = "settle"
CALL = "call"
CANDIDATE = "candidate"
VERDICT = "verdict"
REPEATED = "repeated"
FAILED = "proposal_failed"
BEST = "best"
FINAL = "final"
PICTURES = "pictures"
INTERRUPTED = "interrupted"
END = "end"


class CandidateBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """`files`: path -> digest of the blob; `transcript` likewise by name. `spend`: tokens and money of the proposal.

    `hint`: what the search said of it: island or chain, step, roles of the parents.
    """

    index: int
    digest: str
    files: dict[str, str]
    parents: tuple[int, ...] = ()
    proposer: str = ""
    note: str = ""
    data: dict[str, Any] = {}
    same_as: int | None = None
    transcript: dict[str, str] = {}
    spend: dict[str, int] = {}
    hint: dict[str, Any] = {}


class InstanceBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """An instance's verdict without what was measured."""

    instance: str
    status: Status
    score: float | None = None
    objective: float | None = None
    metrics: dict[str, Metric] = {}
    feedback: str = ""


class VerdictBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """A verdict without what was measured. `artifacts`: name -> digest of the blob.

    `counts`: False if the trial is measured once more before its score counts.
    """

    index: int
    status: Status
    score: float | None
    split: str
    instances: tuple[InstanceBody, ...] = ()
    metrics: dict[str, Metric] = {}
    feedback: str = ""
    artifacts: dict[str, str] = {}
    level: str = ""
    repeat: int = 0
    counts: bool = True


class RepeatedBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """Trial `index` takes the verdict of `same_as`."""

    index: int
    same_as: int
    status: Status
    score: float | None


class FailedBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why proposal `index` gave no candidate."""

    index: int
    kind: str
    message: str
    parents: tuple[int, ...] = ()
    proposer: str = ""


class CallBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """A model's reply: call `number` (from 1) of proposal `index`, and what it cost.

    `digest` names the prompt; `prompt` and `reply` are digests of blobs, both JSON. `input`, `output`, `reasoning` and
    `cached` are tokens, None where the endpoint did not say; `micro_usd` is None where nobody knows.
    """

    index: int
    number: int
    model: str
    digest: str
    prompt: str
    reply: str
    outcome: str
    finish: str = ""
    input: int | None = None
    output: int | None = None
    reasoning: int = 0
    cached: int = 0
    micro_usd: int | None = None


class FinalBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """Fresh held-out verdicts of the seed and of trial `index`, the finalist."""

    index: int
    seed: VerdictBody
    finalist: VerdictBody


class Measured(msgspec.Struct, frozen=True, omit_defaults=True):
    """The volatile part of a verdict. `at_s`: working seconds of the run when it came in.

    `instances`: wall and CPU seconds and memory in MB of each.
    """

    wall_s: float = 0.0
    cpu_s: float = 0.0
    cached: bool = False
    instances: list[tuple[float, float, float]] = []
    at_s: float = 0.0
    attempts: int = 1


Put = Callable[[bytes], str]
Get = Callable[[str], bytes]


def session_body(task: str, deadline: float | None, models_file: Path | None) -> dict[str, Any]:
    """Who works on the run now. `task`: folder of the task; `deadline`: Unix time; `models_file`: if one was named."""
    from journeyman import __version__

    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "journeyman": __version__,
        "command": sys.argv[:1],
        "task": task,
        "deadline": deadline,
        "models_file": None if models_file is None else str(models_file),
    }


def candidate_body(
    index: int,
    digest: str,
    proposal: Proposal,
    parents: tuple[int, ...],
    proposer: str,
    same_as: int | None,
    put: Put,
    *,
    hint: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Store the files and the transcript, and say where they are."""
    spend = {
        kind: n
        for kind, n in (("tokens", proposal.spend.tokens), ("micro_usd", proposal.spend.micro_usd))
        if n
    }
    body = CandidateBody(
        index, digest, {path: put(data) for path, data in proposal.candidate.files.items()}, parents, proposer,
        proposal.note, proposal.data, same_as, {name: put(data) for name, data in proposal.transcript.items()}, spend,
        hint or {},
    )  # fmt: skip
    return _plain(body)


def read_candidate_body(body: dict[str, Any]) -> CandidateBody:
    """The body of a `candidate` event."""
    return msgspec.convert(body, CandidateBody)


def files_of(body: CandidateBody, get: Get) -> Candidate:
    """The candidate, read back from its blobs."""
    return Candidate({path: get(digest) for path, digest in body.files.items()})


def verdict_body(index: int, verdict: Verdict, put: Put, *, counts: bool = True) -> VerdictBody:
    """Store the artifacts; leave out what was measured."""
    instances = tuple(
        InstanceBody(v.instance, v.status, v.score, v.objective, v.metrics, v.feedback)
        for v in verdict.instances
    )
    artifacts = {name: put(data) for name, data in verdict.artifacts.items()}
    return VerdictBody(
        index, verdict.status, verdict.score, verdict.split, instances, verdict.metrics, verdict.feedback, artifacts,
        verdict.level, verdict.repeat, counts,
    )  # fmt: skip


def measured(verdict: Verdict, at_s: float, attempts: int) -> dict[str, Any]:
    """The volatile part of a verdict's event."""
    instances = [(v.wall_s, v.cpu_s, v.memory_mb) for v in verdict.instances]
    return _plain(Measured(verdict.wall_s, verdict.cpu_s, verdict.cached, instances, at_s, attempts))


def read_verdict(body: dict[str, Any], volatile: dict[str, Any] | None) -> Verdict:
    """The verdict of a `verdict` event, without the bytes of its artifacts."""
    return verdict_of(msgspec.convert(body, VerdictBody), msgspec.convert(volatile or {}, Measured))


def verdict_of(body: VerdictBody, seen: Measured) -> Verdict:
    """Put a verdict together again."""
    times = seen.instances or [(0.0, 0.0, 0.0)] * len(body.instances)
    instances = tuple(
        InstanceVerdict(v.instance, v.status, v.score, v.objective, v.metrics, v.feedback, *t)
        for v, t in zip(body.instances, times, strict=True)
    )
    return Verdict(
        body.status, body.score, body.split, instances, body.metrics, body.feedback, {}, body.level, body.repeat,
        seen.cached, seen.wall_s, seen.cpu_s,
    )  # fmt: skip


def plain(body: msgspec.Struct) -> dict[str, Any]:
    """The body as the log takes it."""
    return _plain(body)


def ledger_event(event: Reserved | Settled) -> tuple[str, str, dict[str, Any]]:
    """Kind, key and body under which the log keeps a ledger's event."""
    body: dict[str, Any] = {kind: n for kind in _KINDS if (n := getattr(event.spend, kind))}
    if isinstance(event, Reserved):
        return RESERVE, event.key, body
    if not event.known:
        body["known"] = False
    return SETTLE, event.key, body


def decode_body(stored: bytes | None) -> dict[str, Any]:
    """A body as the log stored it."""
    return msgspec.msgpack.decode(stored or b"\x80", type=dict[str, Any])


_KINDS = ("evaluations", "proposals", "tokens", "micro_usd")


def _plain(body: msgspec.Struct) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(body)
    return made
