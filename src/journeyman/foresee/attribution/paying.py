"""What replays and judges cost: every attempt at a model is reserved before it leaves and settled after."""

from __future__ import annotations

import msgspec

from journeyman.ledger import Ledger, Spend
from journeyman.models import Completion, Cost, Model, Prompt


class Paying:
    """Pays for the attempts at replies of one piece of work, from one thread. `key`: names it in the ledger, once.

    Attributes:
        tokens, micro_usd: so far; an attempt whose cost nobody knows counts at its worst case.
    """

    def __init__(self, ledger: Ledger, key: str) -> None:
        self.tokens = self.micro_usd = 0
        self._ledger, self._key = ledger, key
        self._attempts = 0

    def reserve(self, worst: Cost) -> None:
        """Before an attempt leaves. Raises BudgetExhausted."""
        self._attempts += 1
        self._ledger.reserve(f"{self._key}/{self._attempts}", Spend(tokens=worst.tokens, micro_usd=worst.micro_usd))

    def settle(self, actual: Cost | None, completion: Completion | None) -> None:
        """After it."""
        spend = None if actual is None else Spend(tokens=actual.tokens, micro_usd=actual.micro_usd)
        settled = self._ledger.settle(f"{self._key}/{self._attempts}", spend)
        self.tokens += settled.spend.tokens
        self.micro_usd += settled.spend.micro_usd


class ReplayCalls:
    """An agent's way to its models in one replay: what `Brief.calls` is.

    Args:
        work: names the replay in the ledger, once.
        episode: key of the logged episode, by which scripted models find their replies: the n-th call is "EPISODE/call/n".
    """

    def __init__(self, ledger: Ledger, work: str, episode: str) -> None:
        self._paying = Paying(ledger, work)
        self._episode = episode
        self._asked = 0

    def complete(self, model: Model, prompt: Prompt) -> Completion:
        """The model's reply. Raises as `Model.complete`."""
        self._asked += 1
        return model.complete(msgspec.structs.replace(prompt, key=f"{self._episode}/call/{self._asked}"), self._paying)
