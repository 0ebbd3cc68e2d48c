"""Eq 5 from k rows of the head per token.

Both distributions are renormalised on the set, so the vocabulary's normaliser cancels and the coefficients sum to zero:
no token outside of the set gets any gradient. What remains is to find the set, which takes logits but no gradient.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from journeyman.distill.losses.closed_forms import eq5_terms
from journeyman.distill.losses.dense import PerToken, Side, chunks, rows_that_fit
from journeyman.distill.losses.observes import Observes
from journeyman.distill.losses.projection import Gradients
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.losses.token_sets import token_set
from journeyman.distill.losses.top import BLOCK, top_k

SEARCHED_TOKENS = 2048
"""Tokens that are searched together: many, so that a part of the head is read from memory once for all of them."""
SEARCHED_BYTES = {"cpu": 32 * 2**20}
"""Memory for their logits on a part of the vocabulary."""
SEARCHED_BYTES_ELSEWHERE = 512 * 2**20
GATHERED_NUMBERS = 2**20
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
    width = SEARCHED_BYTES.get(device.type, SEARCHED_BYTES_ELSEWHERE) // (rows * dtype.itemsize)
    width = max(width // BLOCK, 1 + 2 * k // BLOCK) * BLOCK
    memory = torch.empty(rows * min(width, vocabulary), dtype=dtype, device=device)
    for at in chunks(count, rows):
        best, total = None, None
        for part in _parts(vocabulary, width):
            logits = memory[: (at.stop - at.start) * (part.stop - part.start)].view(at.stop - at.start, -1)
            side.through.write(side.hidden[at], logits, part)
            maxima = _blocks(logits).amax(-1)
            best = top_k(logits, k) if best is None else better(best, logits, maxima, part.start)
            sums = _log_sum_exp_(logits, maxima)
            total = sums if total is None else torch.logaddexp(total, sums)
        if best is not None and total is not None:
            ids[at], normaliser[at] = best[1], total
    return Found(ids, normaliser)


def better(
    best: tuple[torch.Tensor, torch.Tensor], logits: torch.Tensor, maxima: torch.Tensor, first: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The k largest of `best` (values and ids [n, k], in order) and of `logits` [n, v], whose ids begin at `first`.

    Only what beats the k-th value so far can enter, and an equal value of a higher id cannot; the blocks' maxima tell
    where to look.
    """
    values, ids = best
    k, blocks = values.shape[1], _blocks(logits)
    row, block = (maxima > values[:, -1:]).nonzero(as_tuple=True)
    if 4 * len(row) > maxima.numel():  # nearly everything is better than before: a plain search is shorter
        some, where = top_k(logits, min(k, logits.shape[1]))
        merged, order = torch.sort(torch.cat([values, some], -1), dim=-1, descending=True, stable=True)
        return merged[:, :k], torch.cat([ids, where + first], -1).gather(-1, order[:, :k])
    looked_at = blocks[row, block]
    hit, place = (looked_at > values[row, -1:]).nonzero(as_tuple=True)
    row, new_values, new_ids = row[hit], looked_at[hit, place], first + block[hit] * blocks.shape[-1] + place
    changed, inverse, counts = torch.unique_consecutive(row, return_inverse=True, return_counts=True)
    if not len(changed):
        return best
    most = int(counts.max())
    at = torch.arange(len(row), device=row.device) - (counts.cumsum(0) - counts)[inverse]
    offered = values.new_full((len(changed), most), -torch.inf)
    offered_ids = ids.new_full((len(changed), most), torch.iinfo(ids.dtype).max)
    offered[inverse, at], offered_ids[inverse, at] = new_values, new_ids
    merged, order = torch.sort(torch.cat([values[changed], offered], -1), dim=-1, descending=True, stable=True)
    values[changed] = merged[:, :k]
    ids[changed] = torch.cat([ids[changed], offered_ids], -1).gather(-1, order[:, :k])
    return values, ids


def _parts(vocabulary: int, width: int) -> Iterator[slice]:
    """Slices that cover the vocabulary; all but the last hold whole blocks."""
    even = vocabulary // BLOCK * BLOCK if vocabulary > width else vocabulary
    yield from chunks(even, width)
    if even < vocabulary:
        yield slice(even, vocabulary)


def _blocks(logits: torch.Tensor) -> torch.Tensor:
    """[n, v] as [n, blocks, BLOCK], or as one block where v has no whole number of them."""
    v = logits.shape[1]
    return logits.unflatten(-1, (-1, BLOCK if v % BLOCK == 0 else v))


def _log_sum_exp_(logits: torch.Tensor, maxima: torch.Tensor) -> torch.Tensor:
    """Logarithms [n] of the sums of exp(logits) [n, v], which are lost: one fused pass, read off at the largest logit."""
    largest, block = maxima.max(-1)
    torch.log_softmax(logits, -1, out=logits)
    return largest - _blocks(logits)[torch.arange(len(block), device=block.device), block].amax(-1)


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
