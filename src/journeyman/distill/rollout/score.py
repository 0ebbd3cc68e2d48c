"""Log-probabilities by a full forward pass: what every sampler's own numbers are held against."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from journeyman.distill.model import LanguageModel, evaluating
from journeyman.distill.rollout.rollouts import Batch, Rollouts, pack

_TOKENS = 8192
_CHUNK = 512


def states_of(model: LanguageModel, batch: Batch, tokens: int = _TOKENS) -> torch.Tensor:
    """Hidden states [N, H] that predict `batch.tokens`, without gradient, in evaluation mode.

    Rows are computed so many at a time that a pass has at most `tokens` of them, padding cut off.
    """
    parts = []
    with torch.no_grad(), evaluating(model.model):
        for first, end, width, begin, stop in passes(batch, tokens):
            hidden = model.hidden(batch.ids[first:end, :width], batch.mask[first:end, :width])
            parts.append(hidden[batch.rows[begin:stop] - first, batch.columns[begin:stop]])
    return torch.cat(parts)


def passes(batch: Batch, tokens: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Consecutive rows for one pass each: (first row, end row, columns in use, first token, end token)."""
    widths = batch.mask.sum(dim=1).tolist()
    ends = batch.lengths.cumsum(0).tolist()
    first = 0
    while first < len(widths):
        end, width = first + 1, widths[first]
        while end < len(widths) and (end + 1 - first) * max(width, widths[end]) <= tokens:
            width = max(width, widths[end])
            end += 1
        yield first, end, width, ends[first - 1] if first else 0, ends[end - 1]
        first = end


def log_probs_of(model: LanguageModel, batch: Batch, temperature: float = 1.0) -> torch.Tensor:
    """Log-probability [N] float32 of each response token under `model`, its logits divided by `temperature` first."""
    hidden = states_of(model, batch)
    head = model.head()
    values = []
    with torch.no_grad():
        for states, tokens in zip(hidden.split(_CHUNK), batch.tokens.split(_CHUNK), strict=True):
            logits = head.logits(states).float() / temperature
            values.append(torch.log_softmax(logits, dim=-1).gather(1, tokens[:, None]).squeeze(1))
    return torch.cat(values)


@dataclass(frozen=True)
class Agreement:
    """How far a sampler's log-probabilities are from the scorer's, over N tokens.

    Attributes:
        tokens: N.
        mean: mean of |sampler - scorer|, in nats.
        largest: the largest of them, in nats.
        at: (row, position) of the largest.
        sampler: mean log-probability by the sampler, in nats.
        scorer: mean log-probability by the scorer, in nats.
    """

    tokens: int
    mean: float
    largest: float
    at: tuple[int, int]
    sampler: float
    scorer: float


def agreement(model: LanguageModel, rollouts: Rollouts, temperature: float = 1.0) -> Agreement | None:
    """The sampler's log-probabilities against a forward pass of `model`; None where the sampler gave none."""
    if rollouts.logp is None:
        return None
    batch = pack(rollouts, model.pad_id)
    scored = log_probs_of(model, batch, temperature)
    return compare(rollouts, batch, scored)


def compare(rollouts: Rollouts, batch: Batch, scored: Any) -> Agreement:
    """`rollouts.logp` against `scored` [N], which are in the order of `batch`, that of all rows."""
    sampled = rollouts.logp[rollouts.mask]
    apart = (sampled - scored).abs()
    worst = int(apart.argmax())
    row = int(torch.repeat_interleave(torch.arange(len(batch.lengths)), batch.lengths.cpu())[worst])
    return Agreement(
        len(apart), float(apart.mean()), float(apart[worst]), (row, int(batch.positions[worst])),
        float(sampled.mean()), float(scored.mean()),
    )  # fmt: skip
