"""Every form of the loss on logits, in plain autograd: the plainest statement of what is optimised.

A form gives each token a value, and a gradient of the shape sum_v c(v) * grad log p(v). Where the coefficients c are a
choice (weights that are not differentiated, a reward), the value's own derivative is not what is wanted; then c is
multiplied as a constant. Formulas: Eq 3-5 of arXiv 2604.13016 and the loss of its released code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from journeyman.distill.losses.observes import Observes
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.losses.token_sets import TokenSet, token_set
from journeyman.distill.losses.top import top_k


@dataclass(frozen=True)
class Divergence:
    """Attributes:
    loss: scalar, sum of weights * per_token; its backward gives the gradient of the form.
    per_token: [N] without gradient, nats.
    mass_student: [N] probability that the student puts on the token set; None for forms without a set.
    mass_teacher: [N], the teacher's; None also where computing it would cost a pass over the vocabulary.
    """

    loss: Any
    per_token: Any
    mass_student: Any = None
    mass_teacher: Any = None


def divergence_of_logits(
    logits_s: Any, logits_t: Any, tokens: Any, weights: Any, spec: LossSpec, observe: Observes | None = None
) -> Divergence:
    """The loss of logits [N, V] of student and teacher, differentiable with respect to the student's.

    Args:
        logits_s, logits_t: before temperature. Half precision is raised to float32. The teacher's get no gradient.
        tokens: [N] int64 sampled tokens (form `sampled`; others do not look at them).
        weights: [N], see `token_weights`.
        spec: the form.
        observe: is shown all N tokens as one chunk, if it wants them.
    """
    import torch

    kind = torch.promote_types(logits_s.dtype, torch.float32)
    logp = torch.log_softmax(logits_s.to(kind) / spec.temperature, -1)
    logq = torch.log_softmax(logits_t.detach().to(kind) / spec.teacher_temperature, -1)
    everything = slice(0, int(logp.shape[0]))
    if observe is not None and observe.wants(everything):
        with torch.no_grad():
            observe.see(everything, logp.detach(), logq)
    if spec.form == "topk":
        top_s = None if spec.strategy == "teacher" else top_k(logp.detach(), spec.k)[1]
        top_t = None if spec.strategy == "student" else top_k(logq, spec.k)[1]
        chosen = token_set(top_s, top_t, spec.strategy)
        per_token, mass_s, mass_t = _on_a_set(logp, logq, chosen, spec)
    else:
        per_token, mass_s, mass_t = _on_the_vocabulary(logp, logq, tokens, spec), None, None
    loss = (weights.to(kind) * per_token).sum()
    return Divergence(loss, per_token.detach(), mass_s, mass_t)


def _on_the_vocabulary(logp: Any, logq: Any, tokens: Any, spec: LossSpec) -> Any:
    import torch

    if spec.form == "full":
        return (logp.exp() * (logp - logq)).sum(-1)
    if spec.form == "forward_kl":
        return (logq.exp() * (logq - logp)).sum(-1)
    if spec.form == "jsd":
        mixed = torch.logaddexp(logp + math.log(spec.beta), logq + math.log1p(-spec.beta))
        student = logp.exp() * (logp - mixed)
        teacher = logq.exp() * (logq - mixed)
        return (spec.beta * student + (1 - spec.beta) * teacher).sum(-1)
    at = tokens[:, None]
    ratio = (logp.gather(-1, at) - logq.gather(-1, at)).squeeze(-1)
    return _with_gradient(ratio, (ratio.detach() * logp.gather(-1, at).squeeze(-1)))


def _on_a_set(logp: Any, logq: Any, chosen: TokenSet, spec: LossSpec) -> tuple[Any, Any, Any]:
    import torch

    logp_set = logp.gather(-1, chosen.ids)
    logq_set = logq.gather(-1, chosen.ids)
    p = logp_set.exp() * chosen.valid
    q = logq_set.exp() * chosen.valid
    mass_s, mass_t = p.sum(-1).detach(), q.sum(-1)
    if spec.variant == "eq5":
        value = _renormalised(logp_set, logq_set, chosen.valid)
    elif not spec.tail:
        ratio = (logp_set - logq_set).detach()
        raw = {"student": p.detach(), "teacher": q, "uniform": chosen.valid.to(p.dtype)}[spec.weight]
        weight = raw / raw.sum(-1, keepdim=True).clamp_min(torch.finfo(p.dtype).tiny) if spec.renormalise else raw
        value = _with_gradient((weight * ratio).sum(-1), (weight * ratio * logp_set).sum(-1))
    if spec.tail or spec.min_mass:
        with_tail = _with_tail(logp, logq, chosen)
        value = with_tail if spec.tail else torch.where(mass_s < spec.min_mass, with_tail, value)
    return value, mass_s, mass_t


def _renormalised(logp_set: Any, logq_set: Any, valid: Any) -> Any:
    """Eq 5: KL between both distributions renormalised on the set; 0 on an empty one."""
    import torch

    p, q = (torch.log_softmax(torch.where(valid, x, -1e30), -1) for x in (logp_set, logq_set))
    return torch.where(valid, p.exp() * (p - q), 0.0).sum(-1)


def _with_tail(logp: Any, logq: Any, chosen: TokenSet) -> Any:
    """KL between the tokens of the set and one outcome more that holds all others."""
    import torch

    inside = torch.zeros_like(logp, dtype=torch.int8).scatter_add_(-1, chosen.ids, chosen.valid.to(torch.int8)) > 0
    tiny = torch.finfo(logp.dtype).tiny
    p_out, q_out = (torch.where(inside, 0.0, x.exp()).sum(-1).clamp_min(tiny) for x in (logp, logq))
    on_set = torch.where(inside, logp.exp() * (logp - logq), 0.0).sum(-1)
    return on_set + p_out * (p_out.log() - q_out.log())


def _with_gradient(value: Any, surrogate: Any) -> Any:
    """The number `value` with the gradient of `surrogate`."""
    return value.detach() + (surrogate - surrogate.detach())
