"""How to sample: the same words for every engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from journeyman.distill.rollout.rollouts import Rollouts
from journeyman.errors import UsageError


@dataclass(frozen=True)
class Sampling:
    """temperature 0 is greedy; `top_p` 1 and `top_k` 0 cut nothing off; `max_tokens` counts tokens, EOS included."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    max_tokens: int = 1024

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise UsageError(f"temperature is {self.temperature}; it must be 0 (greedy) or a positive number")
        if not 0 < self.top_p <= 1:
            raise UsageError(f"top_p is {self.top_p}; it lies above 0 and up to 1")
        if self.top_k < 0:
            raise UsageError(f"top_k is {self.top_k}; use 0 for no limit, or a positive number")
        if self.max_tokens < 1:
            raise UsageError(f"max_tokens is {self.max_tokens}; a response needs room for at least 1 token")


class Sampler(Protocol):
    """An engine that samples responses from one model with its weights of now.

    Equal arguments and weights give equal rollouts, whatever was sampled before.
    """

    def sample(self, prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, seed: int) -> Rollouts:
        """`n` responses to each prompt, ordered by prompt: rows i*n .. i*n+n-1 answer `prompts[i]`.

        Raises UsageError for an empty prompt or one that leaves the context no room, ModelUnavailable from a server.
        """
        ...
