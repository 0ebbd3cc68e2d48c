"""A model that gives again what another one gave: for replays, with the network off and nothing paid.

It reads nothing itself. Whoever owns the log hands the replies over, by the key of the call they answered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import msgspec

from journeyman.errors import ModelUnavailable, ReplayMismatch, UsageError
from journeyman.models.completion import Completion, Cost
from journeyman.models.message import Prompt
from journeyman.models.model import FREE, Meter, Model
from journeyman.models.price import Price

_SAME = "a replay needs the task, search, seed and options of the run it repeats"


class Record(msgspec.Struct, frozen=True):
    """A reply on record, and the digest of the prompt that it answered."""

    prompt_digest: str
    completion: Completion


class Recorded(Model):
    """Answers a call from its record, and charges again what was charged then.

    Args:
        name: of the model that gave the replies.
        records: key of the call ("7/call/1") -> its record. Read, never changed.
        worst: what the model that is repeated reserved for a prompt. With it a budget refuses the replay exactly where
            it refused the original. None: the reply's own cost is reserved, and nothing for a call that has none.
        sees: whether that model took images.
        price: of that model, for those who ask; the recorded cost is what is charged.
        max_tokens: of that model.
        tools: whether it could call functions.
    """

    name: str = ""
    sees: bool = False
    price: Price | None = None
    max_tokens: int = 0
    tools: bool = True

    def __init__(
        self,
        name: str,
        records: Mapping[str, Record],
        *,
        worst: Callable[[Prompt], Cost] | None = None,
        sees: bool = True,
        price: Price | None = None,
        max_tokens: int = 16_384,
        tools: bool = True,
    ) -> None:
        self.name, self.sees, self.price, self.max_tokens, self.tools = name, sees, price, max_tokens, tools
        self._records = records
        self._worst = worst
        self._closed = threading.Event()

    def worst_case(self, prompt: Prompt) -> Cost:
        """What the original reserved, where that is known; else what its reply cost."""
        if self._worst is not None:
            return self._worst(prompt)
        record = self._records.get(prompt.key)
        return Cost() if record is None else _cost(record.completion) or Cost()

    def complete(self, prompt: Prompt, meter: Meter = FREE) -> Completion:
        """The reply on record, once more.

        Raises:
            ReplayMismatch: the call is not on record, or asked something else then.
            BudgetExhausted: the meter refused, as it did for the original if the call is not on record.
            ModelUnavailable: closed.
            UsageError: an image for a model that does not see, or tools for one that cannot call them.
        """
        if self._closed.is_set():
            raise ModelUnavailable(f"the record of '{self.name}' was closed")
        if not self.sees and any(message.images for message in prompt.messages):
            raise UsageError(f"the model '{self.name}' takes no images, and the prompt holds one")
        if prompt.tools and not self.tools:
            raise UsageError(f"the model '{self.name}' calls no functions, and the prompt holds some")
        record = self._records.get(prompt.key)
        if record is not None and record.prompt_digest != prompt.digest:
            raise ReplayMismatch(
                f"the call '{prompt.key}' of '{self.name}' asks something else than its record holds (prompt "
                f"{prompt.digest[:12]}, recorded {record.prompt_digest[:12]}): {_SAME}"
            )
        # Also for a call without a record: it may have none because a budget refused it.
        meter.reserve(self.worst_case(prompt))
        if record is None:
            meter.settle(Cost(), None)
            raise ReplayMismatch(
                f"the call '{prompt.key}' of '{self.name}' is not among the {len(self._records)} on record: {_SAME}"
            )
        meter.settle(_cost(record.completion), record.completion)
        return record.completion

    def close(self) -> None:
        """No call waits, so there is none to end; later ones are refused."""
        self._closed.set()


def _cost(completion: Completion) -> Cost | None:
    """None where the original did not know it either."""
    if completion.usage is None:
        return None
    return Cost(completion.usage.total, completion.micro_usd or 0)
