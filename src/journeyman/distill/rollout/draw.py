"""Choosing a token from logits: temperature, top-k, top-p, greedy, with random numbers that belong to one row each.

Every row of a call has its own stream, seeded by the call's seed and the row's number. So a response depends neither on
what was sampled before, nor on which rows share its batch, nor on rows that finished early, and two engines that see
equal logits draw equal tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from journeyman.distill.rollout.sampling import Sampling

_BLOCK = 64
_TABLE = 1024
_MASK = (1 << 64) - 1


def mixed(seed: int, row: int) -> int:
    """A 63-bit seed for one row: neighbouring seeds and rows give unrelated streams (the mixer of SplitMix64)."""
    z = (seed * 0x9E3779B97F4A7C15 + (row + 1) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return (z ^ (z >> 31)) >> 1


class Dice:
    """Uniform numbers in [0, 1) for some rows of a call, one number a row and step.

    They are made on the CPU, so that a seed means the same on every device.
    """

    def __init__(self, seed: int, rows: Sequence[int], device: Any = "cpu") -> None:
        self._streams = [torch.Generator().manual_seed(mixed(seed, row)) for row in rows]
        self._device = device
        self._block: torch.Tensor | None = None
        self._at = _BLOCK

    def roll(self) -> torch.Tensor:
        """The next number of each row: [rows] float64."""
        if self._at == _BLOCK:
            drawn = [torch.rand(_BLOCK, dtype=torch.float64, generator=stream) for stream in self._streams]
            self._block = torch.stack(drawn, dim=1).to(self._device)
            self._at = 0
        assert self._block is not None
        self._at += 1
        return self._block[self._at - 1]

    def keep(self, which: torch.Tensor) -> None:
        """Go on with some of the rows only; `which` [m] int64 counts within those of now."""
        self._streams = [self._streams[i] for i in which.tolist()]
        if self._block is not None:
            self._block = self._block[:, which]


def choose(logits: torch.Tensor, sampling: Sampling, uniform: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
    """One token a row of `logits` [B, V]: (tokens [B] int64, their log-probabilities [B] float32).

    The log-probability is that of the distribution after temperature and before top-k and top-p; greedy choice
    (temperature 0) states it at temperature 1. top-k cuts first, top-p then the rest, as transformers and vLLM do: the
    smallest number of the likeliest tokens whose share reaches `top_p` stays.

    Args:
        uniform: [B] float64 in [0, 1); not looked at (and may be None) for greedy choice.
    """
    logits = logits.float()
    if sampling.temperature == 0:
        tokens = logits.argmax(dim=-1)
        return tokens, torch.log_softmax(logits, dim=-1).gather(1, tokens[:, None]).squeeze(1)
    assert uniform is not None
    if sampling.temperature != 1.0:
        logits = logits / sampling.temperature
    probabilities = torch.softmax(logits, dim=-1)
    if sampling.top_p < 1 or 0 < sampling.top_k < logits.shape[-1]:
        kept, ids = shortlist(probabilities, sampling.top_p, sampling.top_k)
        tokens = ids.gather(1, invert(kept, uniform)[:, None]).squeeze(1)
    else:
        tokens = invert(probabilities, uniform)
    return tokens, probabilities.gather(1, tokens[:, None]).squeeze(1).log()


def shortlist(probabilities: torch.Tensor, top_p: float, top_k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """What top-k, then top-p leave of `probabilities` [B, V]: (probabilities [B, m] in falling order, 0 where cut; ids)."""
    size = probabilities.shape[-1]
    limit = min(top_k or size, size)
    width = limit if top_k else min(_BLOCK, size)
    while True:
        if width < size:
            values, ids = probabilities.topk(width, dim=-1)
        else:
            values, ids = probabilities.sort(dim=-1, descending=True, stable=True)
        if width == limit:
            break
        if bool((values.sum(-1, dtype=torch.float64) >= top_p).all()):
            break
        width = min(8 * width, limit)
    if top_p < 1:
        before = values.double().cumsum(-1)
        total = before[:, -1:].clone() if width == limit else 1.0
        before = before.roll(1, dims=-1)
        before[:, 0] = 0.0
        values = values.masked_fill(before >= top_p * total, 0.0)
    return values, ids


def invert(weights: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """The index [B] at which the running sum of `weights` [B, V] (not negative) passes `uniform` [B] of the total.

    Sums are float64. A long row is summed in blocks first and looked up inside of one block then.
    """
    size = weights.shape[-1]
    if size <= _TABLE:
        return _passes(weights.double().cumsum(-1), uniform)[0]
    padding = -size % _BLOCK
    if padding:
        weights = torch.nn.functional.pad(weights, (0, padding))
    blocks = weights.view(weights.shape[0], -1, _BLOCK)
    running = blocks.sum(-1).double().cumsum(-1)
    block, within = _passes(running, uniform)
    inside = blocks[torch.arange(len(block), device=block.device), block].double().cumsum(-1)
    return block * _BLOCK + _passes(inside, within)[0]


def _passes(running: torch.Tensor, uniform: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """First index whose running sum exceeds uniform * total, and how far into that index's share the target lies."""
    total = running[:, -1]
    target = torch.minimum(uniform * total, total * (1 - 2.0**-52))[:, None]
    index = torch.searchsorted(running, target, right=True).clamp_(max=running.shape[-1] - 1)
    above = running.gather(1, index)
    below = running.gather(1, (index - 1).clamp_(min=0)).masked_fill_(index == 0, 0.0)
    within = (target - below) / (above - below)
    return index.squeeze(1), within.squeeze(1).clamp_(0.0, 1.0)
