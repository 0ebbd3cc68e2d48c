"""What a teacher says about N response tokens, and the contract that every teacher keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from journeyman.distill.losses.heads import Head
from journeyman.distill.rollout.rollouts import Batch


@dataclass(frozen=True)
class HiddenSignal:
    """Everything: hidden states [N, H] without gradient, and the head that turns them into next-token distributions."""

    hidden: Any
    head: Head


@dataclass(frozen=True)
class ServedSignal:
    """What a server tells: log q of the sampled tokens [N], and of its own K likeliest tokens, ids [N, K] and logq [N, K].

    K may be 0. `temperature` is the one the numbers were made with.
    """

    logq_token: Any
    ids: Any = None
    logq: Any = None
    temperature: float = 1.0


class Teacher(Protocol):
    """Scores the student's tokens in the order of `batch.tokens`. Raises ModelUnavailable where a server gives no answer."""

    name: str

    def signal(self, batch: Batch) -> HiddenSignal | ServedSignal:
        """What the teacher says about `batch.tokens`."""
        ...
