"""Eq 5 from k rows of the head per token.

Both distributions are renormalised on the set, so the vocabulary's normaliser cancels and the coefficients sum to zero:
no token outside of the set gets any gradient. What remains is to find the set, which takes logits but no gradient.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from journeyman.distill.losses.closed_forms import eq5_terms
from journeyman.distill.losses.dense import PerToken, Side, chunks, rows_that_fit
from journeyman.distill.losses.observes import Observes
from journeyman.distill.losses.projection import Gradients
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.losses.token_sets import token_set
from journeyman.distill.losses.top import in_order, top_k

SEARCHED_TOKENS, SEARCHED_BYTES = 512, 32 * 2**20
"""Tokens that are looked up together, and the memory for their logits on a part of the vocabulary."""
GATHERED_NUMBERS = 2**22
"""Numbers in the rows of the head that are gathered at once."""


@dataclass(frozen=True)
class Found:
    """The likeliest tokens of N positions: ids [N, k], and the logarithm of the sum of all exp(logit) [N]."""

    ids: torch.Tensor
    normaliser: torch.Tensor


def gathered(
    student: Side,
    teacher: Side,
    weights: torch.Tensor,
    spec: LossSpec,
    gradients: Gradients,
    *,
    chunk: int | None,
    observe: Observes | None,
) -> PerToken:
    """Values of all tokens; what `gradients` wants is added to it. A mass is None where its model was not searched."""
    found_s = None if spec.strategy == "teacher" else search(student, spec.k)
    found_t = None if spec.strategy == "student" else search(teacher, spec.k)
    top_s, top_t = (None if found is None else found.ids for found in (found_s, found_t))
    chosen = token_set(top_s, top_t, spec.strategy)
    count, slots = chosen.ids.shape
    value = torch.empty(count, dtype=student.through.dtype, device=weights.device)
    masses = [None if found is None else torch.empty_like(value) for found in (found_s, found_t)]
    widest = max(student.hidden.shape[1], teacher.hidden.shape[1])
    for at in chunks(count, max(1, GATHERED_NUMBERS // (slots * widest))):
        ids, valid = chosen.ids[at], chosen.valid[at]
        logits_s, rows_s = student.through.gather(student.hidden[at], ids)
        logits_t, _ = teacher.through.gather(teacher.hidden[at], ids)
        value[at], coefficients = eq5_terms(logits_s, logits_t, valid)
        for mass, found, logits in zip(masses, (found_s, found_t), (logits_s, logits_t), strict=True):
            if mass is not None and found is not None:
                mass[at] = ((logits - found.normaliser[at].unsqueeze(-1)).exp() * valid).sum(-1)
        if gradients.wanted:
            if student.through.outer is not None:
                coefficients = coefficients * student.through.slope(logits_s)
            gradients.add_rows(at, coefficients, ids, rows_s, weights[at], student.hidden[at], student.through)
    if observe is not None:
        _show(student, teacher, observe, chunk)
    return PerToken(value, *masses)


def search(side: Side, k: int) -> Found:
    """The k likeliest tokens of every position, equal ones by lower id, a part of the vocabulary at a time."""
    count, vocabulary = int(side.hidden.shape[0]), int(side.through.weight.shape[0])
    device, dtype = side.hidden.device, side.through.dtype
    ids = torch.empty((count, k), dtype=torch.int64, device=device)
    normaliser = torch.empty(count, dtype=dtype, device=device)
    rows = min(SEARCHED_TOKENS, max(count, 1))
    width = min(vocabulary, max(k + 1, SEARCHED_BYTES // (rows * dtype.itemsize)))
    memory = torch.empty(rows * width, dtype=dtype, device=device)
    for at in chunks(count, rows):
        n = at.stop - at.start
        values, found, total = None, None, None
        for part in chunks(vocabulary, width):
            logits = memory[: n * (part.stop - part.start)].view(n, -1)
            side.through.write(side.hidden[at], logits, part)
            some, where = top_k(logits, min(k, logits.shape[1]))
            where = where + part.start
            sums = logits.sub_(some[:, :1]).exp_().sum(-1).log_().add_(some[:, 0])
            if values is None or found is None or total is None:
                values, found, total = some, where, sums
                continue
            values, found = in_order(torch.cat([values, some], -1), torch.cat([found, where], -1))
            values, found, total = values[:, :k], found[:, :k], torch.logaddexp(total, sums)
        if found is not None and total is not None:
            ids[at], normaliser[at] = found, total
    return Found(ids, normaliser)


def _show(student: Side, teacher: Side, observe: Observes, chunk: int | None) -> None:
    """Both distributions in full for the chunks that the observer wants."""
    count, vocabulary = int(student.hidden.shape[0]), int(student.through.weight.shape[0])
    rows = min(chunk or rows_that_fit(vocabulary, student.through.dtype, student.hidden.device), max(count, 1))
    memory: list[torch.Tensor] = []
    for at in chunks(count, rows):
        if not observe.wants(at):
            continue
        if not memory:
            shape = (rows, vocabulary)
            memory = [torch.empty(shape, dtype=side.through.dtype, device=side.hidden.device) for side in (student, teacher)]
        logs = [matrix[: at.stop - at.start] for matrix in memory]
        for side, log in zip((student, teacher), logs, strict=True):
            side.through.write(side.hidden[at], log)
            torch.log_softmax(log, -1, out=log)
        observe.see(at, *logs)
