"""Calls of language models in an episode: each attempt reserved before it leaves, each reply in the log with what it cost.

An attempt is a ledger entry of its own, `CELL/SEED/INSTANCE/call/N`. It reserves the worst case in tokens and money and
settles at what the endpoint says; an outcome that nobody knows settles at the reservation, flagged. A reply is written in
the commit that settles it: where the episode is void (a kill, a budget that ran out), it is played again, asks the same,
and is given the replies it has already paid for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from journeyman.foresee import events
from journeyman.ledger import Ledger, Spend
from journeyman.models import Completion, Cost, Model, Prompt
from journeyman.runlog import RunLog

OVER = {
    "tokens": "the budget of tokens has no room for another call",
    "micro_usd": "the budget of money has no room for another call",
    "wall_s": "the deadline has come",
}
"""Kind of a budget -> why a run ends that comes to it."""


class PaidReply(msgspec.Struct, frozen=True):
    """A reply that the log holds. `digest`: of its prompt; `model`: whose it is."""

    digest: str
    model: str
    completion: Completion


class Till:
    """All calls of a run. Thread-safe: each episode has one thread, and the log's lock is the ledger's, too.

    `attempts`: of each episode, ledger entries it has made. `paid`: replies by the keys of their calls.
    """

    def __init__(self, log: RunLog, ledger: Ledger, paid: dict[str, PaidReply], attempts: dict[str, int]) -> None:
        self._log, self._ledger, self._paid, self._attempts = log, ledger, paid, attempts

    def of(self, episode: str) -> EpisodeCalls:
        """The calls of the episode with this key."""
        return EpisodeCalls(self, episode)

    def forget(self, episode: str, calls: int) -> None:
        """The episode is in the log: its replies are not asked for again."""
        for number in range(1, calls + 1):
            self._paid.pop(call_key(episode, number), None)

    def paid(self, key: str, model: Model, prompt: Prompt) -> Completion | None:
        """The reply to just this, if it is there."""
        known = self._paid.get(key)
        same = known is not None and known.digest == prompt.digest and known.model == model.name
        return known.completion if same and known is not None else None

    def reserve(self, episode: str, worst: Cost) -> str:
        """Set the worst case aside, on the disk before anything is sent; the entry's key. Raises BudgetExhausted."""
        with self._log.lock:
            number = self._attempts.get(episode, 0) + 1
            key = call_key(episode, number)
            self._ledger.reserve(key, Spend(tokens=worst.tokens, micro_usd=worst.micro_usd))
            self._attempts[episode] = number
        return key

    def settle(
        self, key: str, call: str, model: Model, prompt: Prompt, actual: Cost | None, said: Completion | None
    ) -> None:
        """Book an attempt, and keep its reply in the same commit."""
        spend = None if actual is None else Spend(tokens=actual.tokens, micro_usd=actual.micro_usd)
        with self._log.commit():
            if said is not None:
                body, volatile = _bodies(self._log, model.name, prompt, said, self._ledger.elapsed_s)
                self._log.append(events.CALL, call, body, volatile)
                self._paid[call] = PaidReply(prompt.digest, model.name, said)
            self._ledger.settle(key, spend)


class EpisodeCalls:
    """An agent's way to its models in one episode: what `Brief.calls` is. Used by one thread."""

    def __init__(self, till: Till, episode: str) -> None:
        self._till, self._episode = till, episode
        self.asked = 0

    def complete(self, model: Model, prompt: Prompt) -> Completion:
        """The model's reply; one that was paid before is given again."""
        self.asked += 1
        key = call_key(self._episode, self.asked)
        prompt = msgspec.structs.replace(prompt, key=key)
        paid = self._till.paid(key, model, prompt)
        return model.complete(prompt, _Meter(self._till, self._episode, key, model, prompt)) if paid is None else paid


class _Meter:
    """Pays the attempts at one reply."""

    def __init__(self, till: Till, episode: str, call: str, model: Model, prompt: Prompt) -> None:
        self._till, self._episode, self._call, self._model, self._prompt = till, episode, call, model, prompt
        self._key = ""

    def reserve(self, worst: Cost) -> None:
        """Before an attempt leaves."""
        self._key = self._till.reserve(self._episode, worst)

    def settle(self, actual: Cost | None, completion: Completion | None) -> None:
        """After it."""
        self._till.settle(self._key, self._call, self._model, self._prompt, actual, completion)


def call_key(episode: str, number: int) -> str:
    """`number`-th call, or attempt, of an episode, from 1."""
    return f"{episode}/call/{number}"


def paid_reply(log: RunLog, body: Mapping[str, Any]) -> PaidReply:
    """The reply of a `call` event."""
    said = msgspec.convert(body, events.CallBody)
    return PaidReply(said.digest, said.model, msgspec.json.decode(log.blob(said.reply), type=Completion))


def _bodies(
    log: RunLog, model: str, prompt: Prompt, said: Completion, at_s: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Body and volatile part of a `call` event. The prompt is not kept: the episode has all it is made of."""
    # Seconds and attempts differ between equal runs, so they stay out of what is compared.
    lasting = msgspec.structs.replace(said, latency_s=0.0, attempts=1)
    usage = said.usage
    body = events.CallBody(
        model, prompt.digest, log.put_blob(msgspec.json.encode(lasting)), str(said.outcome), said.finish,
        usage.input if usage else None, usage.output if usage else None, usage.reasoning if usage else 0,
        usage.cached if usage else 0, said.micro_usd,
    )  # fmt: skip
    volatile = {"latency_s": said.latency_s, "attempts": said.attempts, "served_by": said.model, "at_s": at_s}
    return msgspec.to_builtins(body), volatile
