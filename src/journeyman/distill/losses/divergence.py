"""The loss from hidden states and heads, without the logits of more than a chunk of tokens in memory.

    weights = token_weights(batch.lengths, spec.aggregation)
    found = divergence(hidden_s, student.head(), hidden_t, teacher.head(), batch.tokens, weights, spec)
    found.loss.backward()

The gradient is formed in the forward pass, chunk by chunk, and handed over in the backward pass. Form `topk` in variant
`eq5` looks at k rows of the head per token only, where the vocabulary is large; all others see all of it.
"""

from __future__ import annotations

from typing import Any

import torch

from journeyman.distill.losses.dense import Side, dense
from journeyman.distill.losses.forms import Divergence
from journeyman.distill.losses.gathered import gathered
from journeyman.distill.losses.heads import Head
from journeyman.distill.losses.observes import Observes
from journeyman.distill.losses.projection import Gradients, no_gradients, projection
from journeyman.distill.losses.spec import LossSpec
from journeyman.errors import ModelUnsuitable, UsageError

GATHERED_FROM = 64
"""Tokens of the vocabulary to each slot of a set, from which on gathering rows is quicker than multiplying by all."""


def divergence(
    hidden_s: Any,
    head_s: Head,
    hidden_t: Any,
    head_t: Head,
    tokens: Any,
    weights: Any,
    spec: LossSpec,
    *,
    chunk: int | None = None,
    observe: Observes | None = None,
) -> Divergence:
    """The loss of N tokens, differentiable once with respect to `hidden_s` and the student's head.

    Args:
        hidden_s, hidden_t: [N, Hs], [N, Ht] last hidden states that predict the tokens. The teacher's get no gradient.
        head_s, head_t: over the same vocabulary; the very same weights will do. A head that needs no gradient costs none.
        tokens: [N] int64 sampled tokens (form `sampled`; others do not look at them).
        weights: [N], see `token_weights`.
        chunk: tokens whose logits exist together; default as many as fit 160 MiB (1 GiB on an accelerator).
        observe: is shown both distributions of the chunks it wants; the result does not depend on it.

    Raises:
        ModelUnsuitable: the heads are over vocabularies of different sizes.
        UsageError: lengths that do not agree, a chunk below 1, k larger than the vocabulary, a token outside of it, or a
            second backward pass through the same loss.
    """
    _check(hidden_s, head_s, hidden_t, head_t, tokens, weights, spec, chunk)
    gradients = no_gradients(hidden_s, head_s)
    with torch.no_grad(), torch.autocast(hidden_s.device.type, enabled=False):
        student = Side(hidden_s.detach(), projection(head_s, hidden_s, spec.temperature))
        teacher = Side(hidden_t.detach(), projection(head_t, hidden_t, spec.teacher_temperature))
        weights = weights.detach().to(student.through.dtype)
        if _gathers(spec, head_s.size):
            found = gathered(student, teacher, weights, spec, gradients, chunk=chunk, observe=observe)
        else:
            found = dense(student, teacher, tokens, weights, spec, gradients, chunk=chunk, observe=observe)
        loss = (weights * found.value).sum()
    if gradients.wanted:
        loss = Formed.apply(loss, gradients, hidden_s, head_s.weight, head_s.bias)
    return Divergence(loss, found.value, found.mass_student, found.mass_teacher)


def _gathers(spec: LossSpec, vocabulary: int) -> bool:
    slots = spec.k * (2 if spec.strategy in ("union", "symmetric_difference") else 1)
    only_the_set = spec.form == "topk" and spec.variant == "eq5" and not spec.min_mass
    return only_the_set and vocabulary >= GATHERED_FROM * slots


class Formed(torch.autograd.Function):  # type: ignore[misc]
    """A loss whose gradient is there already: the backward pass scales it and gives it away."""

    @staticmethod
    def forward(ctx: Any, loss: Any, gradients: Gradients, hidden: Any, weight: Any, bias: Any) -> Any:
        """The loss as it is."""
        ctx.parts = [
            (part, None if part is None else of.dtype)
            for part, of in ((gradients.hidden, hidden), (gradients.weight, weight), (gradients.bias, bias))
        ]
        return loss.clone()

    @staticmethod
    def backward(ctx: Any, above: Any) -> Any:
        """In place, so that no second matrix of the head's size exists."""
        if ctx.parts is None:
            raise UsageError("this loss has been differentiated before; call divergence again for another backward pass")
        parts, ctx.parts = ctx.parts, None
        return None, None, *(None if part is None else part.mul_(above).to(dtype) for part, dtype in parts)


def _check(
    hidden_s: Any, head_s: Head, hidden_t: Any, head_t: Head, tokens: Any, weights: Any, spec: LossSpec, chunk: int | None
) -> None:
    count = int(tokens.shape[0])
    for name, rows in (("hidden_s", hidden_s), ("hidden_t", hidden_t), ("weights", weights)):
        if int(rows.shape[0]) != count:
            raise UsageError(f"{name} has {int(rows.shape[0])} rows, but there are {count} tokens")
    if head_s.size != head_t.size:
        raise ModelUnsuitable(
            f"the student's head has {head_s.size} tokens, the teacher's {head_t.size}: they need the same tokenizer; "
            "where only padding differs, give both heads the tokenizer's size as vocab"
        )
    if chunk is not None and chunk < 1:
        raise UsageError(f"chunk is {chunk}; it is a number of tokens, at least 1")
    if spec.form == "sampled" and count:
        least, most = int(tokens.min()), int(tokens.max())
        if least < 0 or most >= head_s.size:
            raise UsageError(f"token ids run from {least} to {most}, but the heads know 0 to {head_s.size - 1}")
