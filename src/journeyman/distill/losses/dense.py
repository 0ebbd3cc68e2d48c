"""The loss over the whole vocabulary, a chunk of tokens at a time, the gradient formed before the next chunk begins.

Three matrices of the size of a chunk's logits never exist together: the student's logits become log-probabilities, then
the gradient, in one piece of memory; the teacher's become whatever the form needs. The gradient goes into the sums of
hidden states and head at once, so that the backward pass has nothing left to compute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from journeyman.distill.losses.closed_forms import on_set_, on_vocabulary_
from journeyman.distill.losses.observes import Observes
from journeyman.distill.losses.projection import Gradients, Projection
from journeyman.distill.losses.spec import LossSpec

CHUNK_BYTES = {"cpu": 80 * 2**20}
"""What one matrix of a chunk may take: two of them and the head's gradient are what the loss needs."""
CHUNK_BYTES_ELSEWHERE = 512 * 2**20
CACHED = 2**18
"""Numbers that stay in a processor's cache between two looks at them."""


@dataclass(frozen=True)
class Side:
    """One model's part: hidden states [N, H] without gradient, and its head."""

    hidden: torch.Tensor
    through: Projection


@dataclass(frozen=True)
class PerToken:
    """What a pass found, all [N]; None where it was not computed."""

    value: torch.Tensor
    mass_student: torch.Tensor | None = None
    mass_teacher: torch.Tensor | None = None


def dense(
    student: Side,
    teacher: Side,
    tokens: torch.Tensor,
    weights: torch.Tensor,
    spec: LossSpec,
    gradients: Gradients,
    *,
    chunk: int | None,
    observe: Observes | None,
) -> PerToken:
    """Values of all tokens; what `gradients` wants is added to it."""
    count, vocabulary = int(tokens.shape[0]), int(student.through.weight.shape[0])
    capped = student.through.outer is not None and gradients.wanted
    rows = chunk or rows_that_fit(vocabulary, student.through.dtype, tokens.device, matrices=3 if capped else 2)
    rows = min(rows, max(count, 1))
    memory_s, memory_t, *slopes = (
        torch.empty((rows, vocabulary), dtype=student.through.dtype, device=tokens.device) for _ in range(2 + capped)
    )
    has_set = spec.form == "topk"
    value, mass_s, mass_t = (torch.empty(count, dtype=student.through.dtype, device=tokens.device) for _ in range(3))
    for at in chunks(count, rows):
        logp, logq = memory_s[: at.stop - at.start], memory_t[: at.stop - at.start]
        student.through.write(student.hidden[at], logp)
        teacher.through.write(teacher.hidden[at], logq)
        slope = student.through.slope(logp, out=slopes[0][: at.stop - at.start]) if capped else None
        for logits in (logp, logq):
            torch.log_softmax(logits, -1, out=logits)
        if observe is not None and observe.wants(at):
            observe.see(at, logp, logq)
        if has_set:
            value[at], mass_s[at], mass_t[at] = on_set_(logp, logq, spec)
        else:
            for part in cached_rows(logp):
                value[at][part] = on_vocabulary_(logp[part], logq[part], tokens[at][part], spec)
        if gradients.wanted:
            gradient = logp if slope is None else logp.mul_(slope)
            gradients.add(at, gradient, weights[at], student.hidden[at], student.through)
    return PerToken(value, mass_s, mass_t) if has_set else PerToken(value)


def rows_that_fit(vocabulary: int, dtype: torch.dtype, device: torch.device, matrices: int = 2) -> int:
    """Tokens to a chunk, so that `matrices` of [rows, vocabulary] take no more memory than two of the size allowed."""
    allowed = CHUNK_BYTES.get(device.type, CHUNK_BYTES_ELSEWHERE) * 2 // matrices
    rows = int(allowed // (vocabulary * dtype.itemsize))
    return max(1, rows // 32 * 32 if rows >= 32 else rows)


def chunks(count: int, rows: int) -> Iterator[slice]:
    """Slices of `rows` that cover 0..count."""
    for start in range(0, count, rows):
        yield slice(start, min(start + rows, count))


def cached_rows(matrix: torch.Tensor) -> Iterator[slice]:
    """On a processor, slices of rows that fit its cache; elsewhere all rows at once."""
    rows, width = matrix.shape
    if matrix.device.type != "cpu":
        yield slice(0, rows)
        return
    yield from chunks(rows, max(torch.get_num_threads(), CACHED // width))
