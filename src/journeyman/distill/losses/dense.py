"""The loss over the whole vocabulary, a chunk of tokens at a time, the gradient formed before the next chunk begins.

Three matrices of the size of a chunk's logits never exist together: the student's logits become log-probabilities, then
the gradient, in one piece of memory; the teacher's become whatever the form needs. The gradient goes into the sums of
hidden states and head at once, so that the backward pass has nothing left to compute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    vocabulary, dtype = int(teacher.through.weight.shape[0]), teacher.through.dtype
    rows = chunk_rows(student, gradients, chunk, matrices=2)
    memory = torch.empty((rows, vocabulary), dtype=dtype, device=tokens.device)

    def form_(at: slice, logp: torch.Tensor) -> PerToken:
        logq = memory[: len(logp)]
        teacher.through.write(teacher.hidden[at], logq)
        torch.log_softmax(logq, -1, out=logq)
        if observe is not None and observe.wants(at):
            observe.see(at, logp, logq)
        if spec.form == "topk":
            return PerToken(*on_set_(logp, logq, spec))
        parts = [on_vocabulary_(logp[part], logq[part], tokens[at][part], spec) for part in cached_rows(logp)]
        return PerToken(torch.cat(parts))

    return by_chunks(student, weights, gradients, rows, form_)


def by_chunks(
    student: Side,
    weights: torch.Tensor,
    gradients: Gradients,
    rows: int,
    form_: Callable[[slice, torch.Tensor], PerToken],
) -> PerToken:
    """For each chunk of tokens: the student's log-probabilities [n, V], which `form_` turns into the gradient by its logits
    and values; then the gradient into the sums."""
    count, vocabulary = int(weights.shape[0]), int(student.through.weight.shape[0])
    capped = student.through.outer is not None and gradients.wanted
    memory = [
        torch.empty((rows, vocabulary), dtype=student.through.dtype, device=weights.device) for _ in range(1 + capped)
    ]
    found = []
    for at in chunks(count, rows):
        logp = memory[0][: at.stop - at.start]
        student.through.write(student.hidden[at], logp)
        slope = student.through.slope(logp, out=memory[1][: len(logp)]) if capped else None
        torch.log_softmax(logp, -1, out=logp)
        found.append(form_(at, logp))
        if gradients.wanted:
            gradient = logp if slope is None else logp.mul_(slope)
            gradients.add(at, gradient, weights[at], student.hidden[at], student.through)
    if not found:
        return PerToken(weights.new_zeros(0))
    return PerToken(
        torch.cat([part.value for part in found]),
        _joined([part.mass_student for part in found]),
        _joined([part.mass_teacher for part in found]),
    )


def _joined(parts: list[torch.Tensor | None]) -> torch.Tensor | None:
    there = [part for part in parts if part is not None]
    return torch.cat(there) if there else None


def chunk_rows(student: Side, gradients: Gradients, chunk: int | None, matrices: int) -> int:
    """How many tokens' logits exist together. `matrices` of that size are needed, and one more where logits are capped."""
    capped = student.through.outer is not None and gradients.wanted
    vocabulary, count = int(student.through.weight.shape[0]), int(student.hidden.shape[0])
    fit = rows_that_fit(vocabulary, student.through.dtype, student.hidden.device, matrices + capped)
    return min(chunk or fit, max(count, 1))


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
