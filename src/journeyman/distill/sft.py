"""Plain supervised fine-tuning on (prompt, response) pairs of token ids: how lab models are pre-trained, and the cold start.

    examples = [(prompt_ids, response_ids), ...]
    sft(model, examples, epochs=1, batch=64, lr=1e-5)

The loss is the mean cross-entropy over the response tokens of a batch; prompts give none. Rows of a batch have similar
lengths, padding is on the right, and states of prompts never meet the head, so that little is computed for nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from journeyman.distill.losses.heads import Head
from journeyman.distill.model import LanguageModel
from journeyman.errors import DataInvalid, TrainingFailed, UsageError

Example = tuple[Sequence[int], Sequence[int]]
Schedule = Literal["constant", "cosine"]

# Batches whose examples are sorted by length together: enough for rows alike, few enough for batches mixed.
SORTED_TOGETHER = 32

# Logits that exist at one time; those of a longer batch are formed chunk by chunk, and once more in the backward pass.
LOGITS_AT_ONCE = 2**25


@dataclass(frozen=True)
class SftStep:
    """Update `step` (from 0) of `steps`. `loss` is in nats per response token, `gradient_norm` before clipping, `tokens`
    counts those of responses.
    """

    step: int
    steps: int
    loss: float
    gradient_norm: float
    lr: float
    tokens: int


@dataclass(frozen=True)
class SftResult:
    """What came of it: how many updates, the mean loss of the last tenth of them (nats a token), response tokens seen."""

    steps: int
    loss: float
    tokens: int


def sft(
    model: LanguageModel,
    examples: Sequence[Example],
    *,
    steps: int | None = None,
    epochs: float | None = None,
    batch: int = 64,
    lr: float = 1e-5,
    schedule: Schedule = "cosine",
    warmup: float = 0.05,
    weight_decay: float = 0.01,
    betas: tuple[float, float] = (0.9, 0.999),
    clip: float = 1.0,
    seed: int = 0,
    bf16: bool = False,
    micro_tokens: int = 32_768,
    gradient_checkpointing: bool = False,
    on_step: Callable[[SftStep], None] | None = None,
) -> SftResult:
    """Train `model` in place with AdamW; its weights keep their type, `bf16` only runs the forward under autocast.

    Args:
        steps, epochs: how long, exactly one of them; examples start over in a new order when all were seen.
        batch: examples an update. lr: highest learning rate.
        schedule: `constant`, or `cosine` down to 0 at the last step; `warmup`: share of the steps in which lr rises
            linearly, in [0, 1).
        clip: gradient norm is clipped at it; 0 clips nothing.
        seed: decides the order of the examples and nothing else.
        micro_tokens: padded tokens of one forward pass; a larger batch is accumulated, with the same result.
        gradient_checkpointing: recompute activations in the backward pass, for long responses.
        on_step: called after each update.

    Raises:
        DataInvalid: no examples, an empty prompt or response, or one longer than the model's context.
        UsageError: options that contradict one another or lie out of range.
        TrainingFailed: the loss or its gradient is no longer finite.
    """
    import torch

    _refuse(model, examples, steps, epochs, batch, lr, schedule, warmup)
    total = steps if steps is not None else max(1, round((epochs or 0) * len(examples) / batch))
    weights = [p for p in model.model.parameters() if p.requires_grad]
    if not weights:
        raise UsageError(f"'{model.name}' has no weights to train; open it with trainable=True")
    optimizer = torch.optim.AdamW(weights, lr=lr, betas=betas, weight_decay=weight_decay)
    if gradient_checkpointing:
        model.base.activation_checkpointing_enable()
    losses: list[float] = []
    seen = 0
    for step, rows in zip(range(total), batches(examples, batch, seed), strict=False):
        rate = lr * scale_at(step, total, schedule, warmup)
        for group in optimizer.param_groups:
            group["lr"] = rate
        count = sum(len(response) for _, response in rows)
        loss = 0.0
        for piece in _pieces(rows, micro_tokens):
            with torch.autocast(model.device.type, torch.bfloat16, enabled=bf16):
                part = _loss(model, piece) / count
            part.backward()
            loss += float(part.detach())
        norm = float(torch.nn.utils.clip_grad_norm_(weights, clip or math.inf))
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise TrainingFailed(f"at step {step} the loss is {loss}, its gradient norm {norm}; use a smaller lr than {lr}")
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss)
        seen += count
        if on_step is not None:
            on_step(SftStep(step, total, loss, norm, rate, count))
    if gradient_checkpointing:
        model.base.activation_checkpointing_disable()
    last = losses[-max(1, total // 10) :]
    return SftResult(len(losses), sum(last) / len(last), seen)


def scale_at(step: int, steps: int, schedule: Schedule, warmup: float) -> float:
    """Factor on the learning rate at a 0-based step, in (0, 1]: a linear rise, then constant or half a cosine."""
    rising = round(warmup * steps)
    if step < rising:
        return (step + 1) / rising
    if schedule == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def batches(examples: Sequence[Example], batch: int, seed: int) -> Iterator[list[Example]]:
    """Batches without end: every epoch in a new order, with examples of similar length side by side.

    Some batches' worth of shuffled examples are sorted together, cut, and their batches put in random order. A rest that
    fills no batch waits for the next epoch, except where there is no full batch at all.
    """
    import torch

    order = torch.Generator().manual_seed(seed)
    size = min(batch, len(examples))
    while True:
        shuffled: list[int] = torch.randperm(len(examples), generator=order).tolist()
        cut: list[list[int]] = []
        for start in range(0, len(shuffled), size * SORTED_TOGETHER):
            chunk = sorted(shuffled[start : start + size * SORTED_TOGETHER], key=lambda i: sum(map(len, examples[i])))
            cut += [chunk[at : at + size] for at in range(0, len(chunk) - size + 1, size)]
        for at in torch.randperm(len(cut), generator=order).tolist():
            yield [examples[i] for i in cut[at]]


def _pieces(rows: list[Example], micro_tokens: int) -> Iterator[list[Example]]:
    longest = max(len(prompt) + len(response) for prompt, response in rows)
    each = max(1, micro_tokens // longest)
    for start in range(0, len(rows), each):
        yield rows[start : start + each]


def _loss(model: LanguageModel, rows: list[Example]) -> Any:
    """Sum of the negative log-likelihood over the response tokens of `rows`."""
    import torch
    import torch.utils.checkpoint

    length = max(len(prompt) + len(response) for prompt, response in rows)
    ids = torch.full((len(rows), length), model.pad_id, dtype=torch.int64)
    states: list[int] = []
    tokens: list[int] = []
    for at, (prompt, response) in enumerate(rows):
        ids[at, : len(prompt) + len(response)] = torch.tensor([*prompt, *response])
        first = at * length + len(prompt) - 1
        states += range(first, first + len(response))
        tokens += response
    device = model.device
    # Padding stands on the right, where causal attention never looks back from: no mask is needed.
    hidden = model.hidden(ids.to(device), None).flatten(0, 1)[torch.tensor(states, device=device)]
    head, said = model.head(), torch.tensor(tokens, device=device)
    chunk = max(1, LOGITS_AT_ONCE // head.size)
    if len(tokens) <= chunk:
        return _nll(head, hidden, said)
    parts = zip(hidden.split(chunk), said.split(chunk), strict=True)
    return sum(torch.utils.checkpoint.checkpoint(_nll, head, *part, use_reentrant=False) for part in parts)


def _nll(head: Head, hidden: Any, tokens: Any) -> Any:
    import torch

    return torch.nn.functional.cross_entropy(head.logits(hidden).float(), tokens, reduction="sum")


def _refuse(
    model: LanguageModel,
    examples: Sequence[Example],
    steps: int | None,
    epochs: float | None,
    batch: int,
    lr: float,
    schedule: str,
    warmup: float,
) -> None:
    if (steps is None) == (epochs is None):
        raise UsageError("say how long to train: exactly one of steps and epochs")
    if (steps if steps is not None else epochs or 0) <= 0:
        raise UsageError(f"{'steps' if steps is not None else 'epochs'} must be positive")
    if batch < 1:
        raise UsageError(f"batch is {batch}; it must be at least 1")
    if not 0 < lr < math.inf:
        raise UsageError(f"lr is {lr}; it must be a positive number")
    if schedule not in ("constant", "cosine"):
        raise UsageError(f"schedule {schedule!r} is unknown; use constant or cosine")
    if not 0 <= warmup < 1:
        raise UsageError(f"warmup is {warmup}; it is a share of the steps, below 1")
    if not examples:
        raise DataInvalid("there are no examples to train on")
    for at, (prompt, response) in enumerate(examples):
        if not prompt or not response:
            raise DataInvalid(f"example {at}: {'prompt' if not prompt else 'response'} has no tokens")
        if len(prompt) + len(response) > model.context:
            raise DataInvalid(
                f"example {at} has {len(prompt) + len(response)} tokens, more than the context of {model.context}"
            )
