"""How a local model chooses its next token: by the Gumbel-max trick, with a generator of its own.

argmax over (logit / temperature + Gumbel noise) is a draw from softmax(logit / temperature) (Gumbel 1954; Maddison,
Tarlow and Minka 2014, arXiv 1411.0030). So the library's greedy decoding is left to take the largest score, and chance
comes from a generator that belongs to this one reply: torch's global random state is neither read nor changed, and
other threads that draw from it cannot disturb a seeded reply.
"""

from __future__ import annotations

import torch
from transformers import (
    LogitsProcessor,
    LogitsProcessorList,
    MinPLogitsWarper,
    StoppingCriteria,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)


class Draw(LogitsProcessor):  # type: ignore[misc]
    """Replaces the scores of the next token by ones whose largest is the token drawn. For one reply of a batch of one.

    Args:
        seed: 0 to 2^64 - 1; None: from the operating system.
        device: where the scores are.
        temperature: 0: the most probable token, always.
        top_k, top_p, min_p: which tokens may be drawn, in this order and after the temperature; None: all.
        logprobs: keep the log-probability of each token drawn, in `logprobs`: at temperature 1 and among all tokens, but
            after whatever penalties the model's own settings have.
    """

    def __init__(
        self,
        seed: int | None,
        device: torch.device,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        logprobs: bool = False,
    ) -> None:
        self.logprobs: list[float] = []
        self._keep = logprobs
        self._generator = torch.Generator(device=device)
        if seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(seed)
        self._draws = temperature > 0.0
        self._warp = LogitsProcessorList()
        if self._draws and temperature != 1.0:
            self._warp.append(TemperatureLogitsWarper(float(temperature)))
        if self._draws and top_k:
            self._warp.append(TopKLogitsWarper(top_k))
        if self._draws and top_p is not None and top_p < 1.0:
            self._warp.append(TopPLogitsWarper(top_p))
        if self._draws and min_p:
            self._warp.append(MinPLogitsWarper(min_p))

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """`scores`: float [1, vocabulary], the logits. Returns the same shape, with the draw as its largest."""
        chosen = scores
        if self._draws:
            # -log of an exponential variate is a Gumbel variate; the smallest positive number keeps it finite.
            wait = torch.empty_like(scores, dtype=torch.float32).exponential_(generator=self._generator)
            chosen = self._warp(input_ids, scores) - wait.clamp_min(torch.finfo(torch.float32).tiny).log()
        if self._keep:
            token = chosen.argmax(dim=-1)
            self.logprobs.append(float(scores.float().log_softmax(dim=-1)[0, token[0]]))
        return chosen


class Until(StoppingCriteria):  # type: ignore[misc]
    """Ends a generation at the next token once `event` is set, which may be any object with `is_set`."""

    def __init__(self, event: object) -> None:
        self._event = event

    def __call__(self, input_ids: torch.Tensor, scores: object, **rest: object) -> torch.Tensor:
        """`input_ids`: int [batch, length]. Returns bool [batch]."""
        ended = bool(self._event.is_set())  # type: ignore[attr-defined]
        return torch.full((input_ids.shape[0],), ended, dtype=torch.bool, device=input_ids.device)
