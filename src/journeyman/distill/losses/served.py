"""The loss where the teacher is served, and tells log q of the sampled tokens or of its own likeliest ones.

Two forms can be had from that. `sampled` is exact in the mean and noisy, as with any teacher. `topk` with strategy
`teacher` is the very loss of a teacher in process, since a server's log-probabilities are those of the whole vocabulary;
`tail` adds the bucket that keeps the student from moving mass to where nobody looks. What cannot be had is any set that
holds the student's own tokens: a server scores its own list, not one that is sent to it.
"""

from __future__ import annotations

from typing import Any

import torch

from journeyman.distill.losses.closed_forms import needs_tail, on_told_set_, sampled_
from journeyman.distill.losses.dense import PerToken, Side, by_chunks, chunk_rows
from journeyman.distill.losses.divergence import Formed
from journeyman.distill.losses.forms import Divergence
from journeyman.distill.losses.heads import Head
from journeyman.distill.losses.observes import Observes
from journeyman.distill.losses.projection import no_gradients, projection
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.losses.token_sets import token_set
from journeyman.distill.losses.top import top_k
from journeyman.distill.teacher.signal import ServedSignal
from journeyman.errors import ModelUnsuitable, UsageError

LEAST_REST = 1e-6
"""Teacher's mass outside of its list, at least: below it, 1 less the sum of a list cannot be told from rounding."""


def divergence_served(
    hidden_s: Any,
    head_s: Head,
    signal: ServedSignal,
    tokens: Any,
    weights: Any,
    spec: LossSpec,
    *,
    chunk: int | None = None,
    observe: Observes | None = None,
) -> Divergence:
    """The loss of N tokens, differentiable once with respect to `hidden_s` [N, H] and the student's head.

    Args: as `divergence`; `observe` is shown the student's distribution, and None for the teacher's.

    Raises:
        ModelUnsuitable: the server tells tokens that the student does not have.
        UsageError: a form that a served teacher cannot give, fewer than k tokens told, another temperature than the loss
            asks for, or lengths that do not agree.
    """
    _check(hidden_s, head_s, signal, tokens, weights, spec)
    gradients = no_gradients(hidden_s, head_s)
    with torch.no_grad(), torch.autocast(hidden_s.device.type, enabled=False):
        student = Side(hidden_s.detach(), projection(head_s, hidden_s, spec.temperature))
        weights = weights.detach().to(student.through.dtype)
        told = _told(signal, spec, student.through.dtype)

        def form_(at: slice, logp: torch.Tensor) -> PerToken:
            if observe is not None and observe.wants(at):
                observe.see(at, logp, None)
            if spec.form == "sampled":
                return PerToken(sampled_(logp, tokens[at], told[0][at]))
            logq, ids = told[0][at], told[1][at]
            q_rest = (1 - logq.exp().sum(-1)).clamp_min(LEAST_REST) if needs_tail(spec) else None
            return PerToken(*on_told_set_(logp, token_set(None, ids, "teacher"), logq, q_rest, spec))

        found = by_chunks(student, weights, gradients, chunk_rows(student, gradients, chunk, matrices=1), form_)
        loss = (weights * found.value).sum()
    if gradients.wanted:
        loss = Formed.apply(loss, gradients, hidden_s, head_s.weight, head_s.bias)
    return Divergence(loss, found.value, found.mass_student, found.mass_teacher)


def _told(signal: ServedSignal, spec: LossSpec, dtype: torch.dtype) -> tuple[torch.Tensor, ...]:
    """(log q of the sampled tokens [N],) or (log q of the teacher's k likeliest [N, k], their ids)."""
    if spec.form == "sampled":
        return (signal.logq_token.to(dtype),)
    logq, at = top_k(signal.logq.to(dtype), spec.k)
    return logq, signal.ids.gather(-1, at)


def _check(hidden_s: Any, head_s: Head, signal: ServedSignal, tokens: Any, weights: Any, spec: LossSpec) -> None:
    if spec.form != "sampled" and (spec.form, spec.strategy) != ("topk", "teacher"):
        asked = f"form {spec.form!r}" + (f" with strategy {spec.strategy!r}" if spec.form == "topk" else "")
        raise UsageError(
            f"{asked} needs the teacher's whole distribution, which a server does not tell; "
            "use form 'sampled', form 'topk' with strategy 'teacher', or a teacher in this process"
        )
    if signal.temperature != spec.teacher_temperature:
        raise UsageError(
            f"the served log-probabilities are of temperature {signal.temperature}, "
            f"but the loss asks for teacher_temperature {spec.teacher_temperature}"
        )
    listed = 0 if signal.ids is None else int(signal.ids.shape[1])
    if spec.form == "topk" and listed < spec.k:
        raise UsageError(f"the server tells {listed} tokens per position, but k is {spec.k}: lower k, or ask it for more")
    if spec.form == "topk" and signal.ids.numel() and int(signal.ids.max()) >= head_s.size:
        raise ModelUnsuitable(
            f"the server tells token {int(signal.ids.max())}, but the student knows 0 to {head_s.size - 1}: "
            "they need the same tokenizer"
        )
    count = int(tokens.shape[0])
    for name, rows in (("hidden_s", hidden_s), ("weights", weights), ("the signal", signal.logq_token)):
        if int(rows.shape[0]) != count:
            raise UsageError(f"{name} has {int(rows.shape[0])} rows, but there are {count} tokens")
