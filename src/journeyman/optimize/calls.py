"""Calls of models: each attempt reserved before it leaves, each reply in the log together with what it cost.

An attempt is a ledger entry of its own, `k/call/n`: attempt n that proposal k made. It reserves the worst case in tokens
and money and settles at what the endpoint says; an outcome that nobody knows settles at the reservation, flagged.

A reply is written in the commit that settles it. If the process dies before the proposal is done, the proposal is made
again on resume, asks the same, and is given the reply it has already paid for. What was in flight at that moment is lost
and settled as unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from journeyman.ledger import Ledger, Spend
from journeyman.models import Completion, Cost, Model, Prompt
from journeyman.optimize import events
from journeyman.runlog import RunLog

Clock = Callable[[], float]


class PaidCalls:
    """The calls of one proposal. Used by one thread at a time.

    `paid`: replies of this proposal that are in the log already, by key. `attempts`: ledger entries it has already made.
    """

    def __init__(
        self,
        log: RunLog,
        ledger: Ledger,
        index: int,
        paid: Mapping[str, PaidReply] | None = None,
        attempts: int = 0,
    ) -> None:
        self._log = log
        self._ledger = ledger
        self._index = index
        self._paid = paid or {}
        self._attempts = attempts
        self._number = 0

    def complete(self, model: Model, prompt: Prompt) -> Completion:
        """The model's reply; one that was paid before is given again."""
        self._number += 1
        key = call_key(self._index, self._number)
        prompt = msgspec.structs.replace(prompt, key=key)
        paid = self._paid.get(key)
        if paid is not None and paid.digest == prompt.digest and paid.model == model.name:
            return paid.completion
        return model.complete(prompt, _Attempts(self, model, prompt, self._number))

    def next_attempt(self) -> str:
        """The ledger key of the next attempt."""
        self._attempts += 1
        return call_key(self._index, self._attempts)

    def reserve(self, key: str, worst: Cost) -> None:
        """Set the worst case aside, on the disk before anything is sent."""
        self._ledger.reserve(key, Spend(tokens=worst.tokens, micro_usd=worst.micro_usd))

    def settle(
        self,
        key: str,
        number: int,
        model: Model,
        prompt: Prompt,
        actual: Cost | None,
        said: Completion | None,
    ) -> None:
        """Book an attempt, and keep its reply in the same commit."""
        spend = None if actual is None else Spend(tokens=actual.tokens, micro_usd=actual.micro_usd)
        with self._log.commit():
            if said is not None:
                body, seen = _record(self._log, self._index, number, model.name, prompt, said)
                self._log.append(events.CALL, key, body, {**seen, "at_s": self._ledger.elapsed_s})
            self._ledger.settle(key, spend)


class _Attempts:
    """Pays the attempts at one reply."""

    def __init__(self, calls: PaidCalls, model: Model, prompt: Prompt, number: int) -> None:
        self._calls, self._model, self._prompt, self._number = calls, model, prompt, number
        self._key = ""

    def reserve(self, worst: Cost) -> None:
        """Before an attempt leaves."""
        self._key = self._calls.next_attempt()
        self._calls.reserve(self._key, worst)

    def settle(self, actual: Cost | None, completion: Completion | None) -> None:
        """After it."""
        self._calls.settle(self._key, self._number, self._model, self._prompt, actual, completion)


class PaidReply(msgspec.Struct, frozen=True):
    """A reply that the log holds. `digest`: of its prompt; `model`: whose it is."""

    digest: str
    model: str
    completion: Completion


def call_key(index: int, number: int) -> str:
    """`number`-th call, or attempt, of proposal `index`."""
    return f"{index}/call/{number}"


def paid_reply(log: RunLog, body: Mapping[str, Any]) -> tuple[str, PaidReply]:
    """The key of a call and its reply, from the body of a `call` event."""
    said = msgspec.convert(body, events.CallBody)
    completion = msgspec.json.decode(log.blob(said.reply), type=Completion)
    return call_key(said.index, said.number), PaidReply(said.digest, said.model, completion)


def _record(
    log: RunLog, index: int, number: int, model: str, prompt: Prompt, said: Completion
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Body and volatile part of a `call` event; the texts go into blobs."""
    asked = {
        "messages": [
            {
                "role": message.role,
                "text": message.text,
                "images": [
                    {"media_type": image.media_type, "digest": log.put_blob(image.data)}
                    for image in message.images
                ],
            }
            for message in prompt.messages
        ],
        "max_tokens": prompt.max_tokens,
        "temperature": prompt.temperature,
    }
    # Seconds and attempts differ between equal runs, so they stay out of what is compared.
    lasting = msgspec.structs.replace(said, latency_s=0.0, attempts=1)
    usage = said.usage
    body = events.CallBody(
        index, number, model, prompt.digest, log.put_blob(msgspec.json.encode(asked)),
        log.put_blob(msgspec.json.encode(lasting)), said.outcome, said.finish,
        usage.input if usage else None, usage.output if usage else None,
        usage.reasoning if usage else 0, usage.cached if usage else 0, said.micro_usd,
    )  # fmt: skip
    return events.plain(body), {
        "latency_s": said.latency_s,
        "attempts": said.attempts,
        "served_by": said.model,
    }
