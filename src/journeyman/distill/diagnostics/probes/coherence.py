"""Do the rollouts pull in one direction? Gradients of the loss, one for each rollout, and how far they agree.

    found = gradient_coherence(student, teacher, rollouts, LossSpec(), parameters="last_block")
    found.agreement, found.standard_error       # 1: all gradients alike; 0: as if at random; below: they cancel

With g_i the gradient of rollout i, in N of them:

    C = |sum g|^2 / (N sum |g|^2)       in [0, 1]: 1 all alike, 1/N at right angles
    R = |sum g| / sum |g|               in [0, 1]: what is left after cancelling
    U = (|sum g|^2 - sum |g|^2) / (N (N - 1)): mean inner product of pairs, an unbiased estimate of |E g|^2

The measure is ours; it tests the guess of arXiv 2604.13016 (section 6.2) that a teacher fails where token gradients cancel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import torch

from journeyman.distill.diagnostics.probes.cost import Cost
from journeyman.distill.losses.divergence import divergence
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.losses.weights import token_weights
from journeyman.distill.model import LanguageModel
from journeyman.distill.rollout.rollouts import Batch, Rollouts, pack
from journeyman.distill.teacher.signal import HiddenSignal, Teacher
from journeyman.errors import ModelUnsuitable, UsageError

Which = Literal["all", "last_block"]
Progress = Callable[[int, int], None]
"""on_progress(rollouts done, rollouts in all)."""


@dataclass(frozen=True)
class Coherence:
    """Attributes:
    c, r, u: C, R and U as above. u is in units of the squared gradient.
    agreement: u / mean |g|^2, in [-1/(N - 1), 1]: scale-free, so that teachers can be compared.
    standard_error: of `agreement`, by leaving out one rollout at a time.
    mean_norm: mean |g|.
    n: rollouts.
    cost: counted.

    None where it does not exist: all gradients are 0, or there are fewer rollouts than it takes (two; three for the error).
    """

    c: float | None
    r: float | None
    u: float | None
    agreement: float | None
    standard_error: float | None
    mean_norm: float
    n: int
    cost: Cost = field(default_factory=Cost)


def coherence(gradients: Any, cost: Cost | None = None) -> Coherence:
    """Of gradients [N, D]. Raises UsageError for none, or values that are not finite."""
    if gradients.ndim != 2 or not len(gradients):
        raise UsageError(f"gradients have shape {tuple(gradients.shape)}; a row for each of at least one rollout is needed")
    if not bool(torch.isfinite(gradients).all()):
        raise UsageError("a gradient is not finite; coherence of it says nothing")
    n = len(gradients)
    wide = gradients.double()
    gram = wide @ wide.T
    squares, total = gram.diagonal(), gram.sum()
    norms = squares.clamp(min=0).sqrt()
    cost = cost or Cost()
    if not float(squares.sum()):
        return Coherence(None, None, 0.0 if n > 1 else None, None, None, 0.0, n, cost)
    c = float(total / (n * squares.sum()))
    r = math.sqrt(max(float(total), 0.0)) / float(norms.sum())
    u = float((total - squares.sum()) / (n * (n - 1))) if n > 1 else None
    agreement = None if u is None else u / float(squares.mean())
    return Coherence(c, r, u, agreement, _jackknife(gram) if n > 2 else None, float(norms.mean()), n, cost)


def _jackknife(gram: Any) -> float | None:
    """Standard error of U / mean |g|^2 from the values without each of the N rollouts; None where one of them is 0 / 0."""
    n, squares = len(gram), gram.diagonal()
    totals = gram.sum() - 2 * gram.sum(1) + squares
    left = squares.sum() - squares
    if bool((left == 0).any()):
        return None
    values = (totals - left) / (n - 2) / left
    return math.sqrt((n - 1) * float(((values - values.mean()) ** 2).mean()))


def gradient_coherence(
    student: LanguageModel,
    teacher: Teacher,
    rollouts: Rollouts,
    spec: LossSpec,
    *,
    parameters: Which = "last_block",
    dimensions: int | None = 8191,
    seed: int = 0,
    rows: Sequence[int] | None = None,
    horizon: int | None = None,
    on_progress: Progress | None = None,
) -> Coherence:
    """Coherence of the loss's gradients over rollouts. One forward and one backward pass of each; no weight is changed.

    Args:
        parameters: with respect to which: all, or those of the last block and what follows it up to the head (the backward
            pass then ends there).
        dimensions: length of the random projection by which each gradient is kept, drawn by `seed`; inner products keep
            their expectation, with a relative error of about sqrt(2 / dimensions). Odd or prime is best: the columns of a
            weight matrix should not fall on one entry. None keeps all numbers: exact, and N x D of memory.
        rows: of the rollouts; default all.
        horizon: longest response allowed (aggregation `seq-mean-token-sum-norm` only).

    Raises:
        UsageError: `dimensions` below 2, no rollouts.
        ModelUnsuitable: "last_block" of a model whose blocks are not in `model.layers`; a served teacher.
    """
    chosen = list(range(len(rollouts))) if rows is None else list(rows)
    gradients = torch.stack(
        list(
            rollout_gradients(
                student, teacher, rollouts, spec, parameters=parameters, dimensions=dimensions, seed=seed, rows=chosen,
                horizon=horizon, on_progress=on_progress,
            )
        )
    )  # fmt: skip
    return coherence(gradients, _cost(rollouts, chosen, int(gradients.shape[1])))


def predict(
    student: LanguageModel,
    rollouts: Rollouts,
    *,
    parameters: Which = "last_block",
    dimensions: int | None = 8191,
    rows: Sequence[int] | None = None,
) -> Cost:
    """What `gradient_coherence` with these arguments takes."""
    chosen = list(range(len(rollouts))) if rows is None else list(rows)
    size = dimensions or sum(parameter.numel() for parameter in _parameters(student, parameters))
    return _cost(rollouts, chosen, size)


def rollout_gradients(
    student: LanguageModel,
    teacher: Teacher,
    rollouts: Rollouts,
    spec: LossSpec,
    *,
    parameters: Which = "last_block",
    dimensions: int | None = None,
    seed: int = 0,
    rows: Sequence[int] | None = None,
    horizon: int | None = None,
    on_progress: Progress | None = None,
) -> Iterator[Any]:
    """The gradient of each rollout's share of the loss, flat [D] float32, or its projection [dimensions].

    The shares add up to the loss of all `rows` under `spec.aggregation`. Arguments and errors as `gradient_coherence`.
    """
    chosen = list(range(len(rollouts))) if rows is None else list(rows)
    if not chosen:
        raise UsageError("there are no rollouts to take gradients of")
    if dimensions is not None and dimensions < 2:
        raise UsageError(f"dimensions is {dimensions}; a projection needs at least 2, or None to keep everything")
    wanted = _parameters(student, parameters)
    tokens = int(rollouts.lengths[chosen].sum())
    with _only(student.model, wanted):
        for done, row in enumerate(chosen, 1):
            batch = pack(rollouts, student.pad_id, [row])
            weights = token_weights(batch.lengths, spec.aggregation, tokens=tokens, sequences=len(chosen), horizon=horizon)
            loss = _loss(student, teacher, batch, weights, spec)
            found = torch.autograd.grad(loss, wanted, allow_unused=True)
            pairs = ((p, torch.zeros_like(p) if g is None else g) for p, g in zip(wanted, found, strict=True))
            flat = [gradient.detach().flatten().float() for _, gradient in pairs]
            yield torch.cat(flat) if dimensions is None else _projected(flat, dimensions, seed)
            if on_progress is not None:
                on_progress(done, len(chosen))


def _loss(student: LanguageModel, teacher: Teacher, batch: Batch, weights: Any, spec: LossSpec) -> Any:
    with torch.no_grad():
        signal = teacher.signal(batch)
    if not isinstance(signal, HiddenSignal):
        raise ModelUnsuitable(f"gradient coherence needs the teacher '{teacher.name}' in this process, not served")
    with torch.enable_grad():
        hidden = student.hidden(batch.ids, batch.mask)[batch.rows, batch.columns]
        return divergence(hidden, student.head(), signal.hidden, signal.head, batch.tokens, weights, spec).loss


def _parameters(student: LanguageModel, which: Which) -> list[Any]:
    """Each once, in the model's order."""
    body = student.base.model
    if which == "all":
        return list(student.base.parameters())
    if which != "last_block":
        raise UsageError(f"parameters '{which}' is unknown; use all or last_block")
    layers = getattr(body, "layers", None)
    if layers is None or not len(layers):
        raise ModelUnsuitable(f"the blocks of '{student.name}' are not in model.layers; use parameters='all'")
    norm = getattr(body, "norm", None)
    return [*layers[-1].parameters(), *(norm.parameters() if norm is not None else ())]


@contextmanager
def _only(model: Any, wanted: Sequence[Any]) -> Iterator[None]:
    """Only these parameters take gradients, and the model does not drop out; all as before at the end."""
    before = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    training = model.training
    ids = {id(parameter) for parameter in wanted}
    try:
        model.eval()
        for parameter, _ in before:
            parameter.requires_grad_(id(parameter) in ids)
        yield
    finally:
        for parameter, flag in before:
            parameter.requires_grad_(flag)
        model.train(training)


def _projected(parts: Sequence[Any], dimensions: int, seed: int) -> Any:
    """[dimensions]: entry j mod `dimensions` of the sum takes coordinate j of each part with a random sign."""
    generator = torch.Generator(device=parts[0].device).manual_seed(seed)
    total = torch.zeros(dimensions, device=parts[0].device)
    for part in parts:
        signs = torch.randint(0, 2, part.shape, generator=generator, dtype=torch.int8, device=part.device)
        signed = torch.where(signs.bool(), part, -part)
        padded = torch.nn.functional.pad(signed, (0, -len(signed) % dimensions))
        total += padded.view(-1, dimensions).sum(0)
    return total


def _cost(rollouts: Rollouts, rows: Sequence[int], size: int) -> Cost:
    responses = int(rollouts.lengths[list(rows)].sum())
    prompts = sum(len(rollouts.prompts[int(rollouts.prompt_of[row])]) for row in rows)
    return Cost(forward=2 * (responses + prompts), backward=responses + prompts, kept_bytes=4 * size * len(rows))
