"""Bring a run's state back from its log: every ask and tell again, in order, no evaluation repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from journeyman.errors import RunCorrupt
from journeyman.ledger import Budget, Reserved, Settled, Spend
from journeyman.optimize import events
from journeyman.optimize.calls import PaidReply, paid_reply
from journeyman.optimize.state import Left, Made, State
from journeyman.optimize.trial import Trial
from journeyman.runlog import RunLog
from journeyman.verify import Status


class Replayed(msgspec.Struct, frozen=True):
    """What the log says besides the state.

    `ledger_events`: what the ledger needs to know: open reservations one by one, everything settled as one sum.
    `elapsed_s`: working seconds up to the last event that says them. For proposals under way, by index: `paid`, the replies
    of models that were paid for, by key, and `attempts`, how many ledger entries their calls have made.
    """

    ledger_events: list[Reserved | Settled]
    elapsed_s: float
    deadline: float | None
    paid: Mapping[int, Mapping[str, PaidReply]]
    attempts: Mapping[int, int]


class _CandidateHead(msgspec.Struct, frozen=True):
    digest: str
    parents: tuple[int, ...] = ()
    proposer: str = ""
    note: str = ""
    data: dict[str, Any] = {}
    same_as: int | None = None
    spend: dict[str, int] = {}


class _VerdictHead(msgspec.Struct, frozen=True):
    index: int
    status: Status
    score: float | None
    counts: bool = True


class _At(msgspec.Struct, frozen=True):
    at_s: float = 0.0


class _Amounts(msgspec.Struct, frozen=True, omit_defaults=True):
    evaluations: int = 0
    proposals: int = 0
    tokens: int = 0
    micro_usd: int = 0
    known: bool = True


def replay(log: RunLog, state: State, caps: Budget) -> Replayed:
    """Feed the log to `state`. `caps`: the run's.

    Raises RunCorrupt for a log that no engine wrote, RunError for a search that does not repeat itself.
    """
    try:
        return _replay(log, state, caps)
    except msgspec.MsgspecError as error:
        raise RunCorrupt(
            f"the log of the run in {log.folder} has an event that cannot be read: {error}"
        ) from error


def _replay(log: RunLog, state: State, caps: Budget) -> Replayed:
    candidate: Callable[[bytes], _CandidateHead] = msgspec.msgpack.Decoder(_CandidateHead).decode
    verdict: Callable[[bytes], _VerdictHead] = msgspec.msgpack.Decoder(_VerdictHead).decode
    at: Callable[[bytes], _At] = msgspec.msgpack.Decoder(_At).decode
    amounts: Callable[[bytes], _Amounts] = msgspec.msgpack.Decoder(_Amounts).decode
    used = _Used(amounts)
    open_: dict[str, bytes] = {}
    calls: dict[int, list[dict[str, Any]]] = {}
    attempts: Counter[int] = Counter()
    settled: Counter[bytes] = Counter()
    told: dict[int, Trial] = {}
    elapsed_s, deadline = 0.0, None
    for seq, kind, key, body, volatile in log.rows():
        if kind == events.RESERVE:
            open_[key] = body or b""
            index, _, attempt = key.partition("/call/")
            if attempt:
                attempts[int(index)] = int(attempt)
            else:
                if "/" not in key:
                    state.ask(int(key), used.left(caps))
                used.add(body or b"", 1)
        elif kind == events.SETTLE:
            reserved = open_.pop(key, None)
            if reserved is None:
                raise RunCorrupt(
                    f"the log of the run in {log.folder} settles {key!r}, which was not reserved"
                )
            settled[body or b""] += 1
            if "/call/" not in key:
                used.add(reserved, -1)
                used.add(body or b"", 1)
        elif kind == events.CALL:
            elapsed_s = at(volatile).at_s if volatile else elapsed_s
            said = events.decode_body(body)
            calls.setdefault(said["index"], []).append(said)
        elif kind == events.CANDIDATE:
            calls.pop(int(key), None)
            head = candidate(body or b"")
            made = Made(
                head.digest, head.parents, head.proposer, head.note, head.data, head.same_as, **head.spend
            )
            state.candidate_came(int(key), made, seq)
        elif kind == events.VERDICT:
            judged = verdict(body or b"")
            trial = state.verdict_came(judged.index, judged.status, judged.score, seq, counts=judged.counts)
            elapsed_s = at(volatile).at_s if volatile else elapsed_s
            if trial is not None:
                told = {trial.index: trial}
        elif kind == events.REPEATED:
            repeated = verdict(body or b"")
            state.verdict_repeated(repeated.index, repeated.status, repeated.score)
        elif kind == events.BEST:
            # Stands in the commit of the verdict it follows from.
            state.best_is(told[int(key)])
        elif kind == events.FAILED:
            elapsed_s = at(volatile).at_s if volatile else elapsed_s
            calls.pop(int(key), None)
            failure = events.decode_body(body)
            state.proposal_failed(int(key), failure["kind"], failure["message"], failure.get("proposer", ""))
        elif kind == events.INTERRUPTED and volatile:
            elapsed_s = at(volatile).at_s
        elif kind == events.SESSION and volatile:
            # Time between sessions is not working time, but a deadline by the clock is kept from the first one.
            deadline = deadline or events.decode_body(volatile).get("deadline")
    ledger: list[Reserved | Settled] = []
    for number, (body, count) in enumerate(settled.items()):
        # A run has few different amounts, so ten thousand settlements become a handful.
        a = amounts(body)
        sum_ = Spend(count * a.evaluations, count * a.proposals, count * a.tokens, count * a.micro_usd)
        ledger += (Reserved(f"before/{number}", sum_), Settled(f"before/{number}", sum_, a.known))
    for key, body in open_.items():
        a = amounts(body)
        ledger.append(Reserved(key, Spend(a.evaluations, a.proposals, a.tokens, a.micro_usd)))
    paid = {index: dict(paid_reply(log, said) for said in bodies) for index, bodies in calls.items()}
    return Replayed(ledger, elapsed_s, deadline, paid, attempts)


class _Used:
    """Evaluations and proposals spent or reserved at a point of the log."""

    def __init__(self, amounts: Callable[[bytes], _Amounts]) -> None:
        self._amounts = amounts
        # A run has few different amounts; each is decoded once.
        self._known: dict[bytes, tuple[int, int]] = {}
        self._evaluations = self._proposals = 0

    def add(self, body: bytes, sign: int) -> None:
        known = self._known.get(body)
        if known is None:
            a = self._amounts(body)
            known = self._known[body] = (a.evaluations, a.proposals)
        self._evaluations += sign * known[0]
        self._proposals += sign * known[1]

    def left(self, caps: Budget) -> Left:
        return Left(
            None if caps.evaluations is None else max(0, caps.evaluations - self._evaluations),
            None if caps.proposals is None else max(0, caps.proposals - self._proposals),
        )
