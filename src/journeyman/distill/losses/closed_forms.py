"""The forms of `forms.py` with their gradients written out, made in the memory that holds the distributions.

With a value whose gradient is sum_v c(v) * grad log p(v), the gradient by the logits is c(u) - p(u) * sum_v c(v).
"""

from __future__ import annotations

import math

import torch

from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.losses.token_sets import TokenSet, token_set
from journeyman.distill.losses.top import top_k


def on_vocabulary_(logp: torch.Tensor, logq: torch.Tensor, tokens: torch.Tensor, spec: LossSpec) -> torch.Tensor:
    """Values [n] of the forms without a token set. Afterwards `logp` [n, V] holds the gradient by the logits, and
    `logq` [n, V] nothing of use."""
    if spec.form == "full":
        ratio = torch.sub(logp, logq, out=logq)
        return _reverse_(logp.exp_(), ratio)
    if spec.form == "forward_kl":
        ratio = torch.sub(logq, logp)
        q, p = logq.exp_(), logp.exp_()
        p.sub_(q)
        return ratio.mul_(q).sum(-1)
    if spec.form == "jsd":
        mixed = torch.logaddexp(logp + math.log(spec.beta), logq + math.log1p(-spec.beta))
        q = logq.exp()
        teacher = logq.sub_(mixed).mul_(q).sum(-1)
        ratio = torch.sub(logp, mixed, out=mixed)
        student = _reverse_(logp.exp_(), ratio)
        logp.mul_(spec.beta)
        return spec.beta * student + (1 - spec.beta) * teacher
    return sampled_(logp, tokens, logq.gather(-1, tokens.unsqueeze(-1)).squeeze(-1))


def _reverse_(p: torch.Tensor, ratio: torch.Tensor) -> torch.Tensor:
    """Values sum p * ratio; `p` becomes p * (ratio - value). The sum is torch's own: a dot product adds up 100,000 numbers
    one after another, and loses a digit."""
    product = ratio.mul_(p)
    value = product.sum(-1)
    torch.addcmul(product, p, value.unsqueeze(-1), value=-1, out=p)
    return value


def sampled_(logp: torch.Tensor, tokens: torch.Tensor, logq_token: torch.Tensor) -> torch.Tensor:
    """Eq 3 as a reward: values log p(y) - log q(y) [n], from the teacher's log q(y) [n]. `logp` becomes the gradient."""
    at = tokens.unsqueeze(-1)
    value = logp.gather(-1, at) - logq_token.unsqueeze(-1)
    logp.exp_().mul_(-value).scatter_add_(-1, at, value)
    return value.squeeze(-1)


def on_set_(
    logp: torch.Tensor, logq: torch.Tensor, spec: LossSpec
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Values, the student's and the teacher's mass on the set, all [n]. `logp` and `logq` end as in `on_vocabulary_`."""
    top_s = None if spec.strategy == "teacher" else top_k(logp, spec.k)[1]
    top_t = None if spec.strategy == "student" else top_k(logq, spec.k)[1]
    chosen = token_set(top_s, top_t, spec.strategy)
    logq_set = logq.gather(-1, chosen.ids)
    q_rest = None
    if needs_tail(spec):
        q = logq.exp_()
        _take_out(q, chosen)
        q_rest = q.sum(-1)
    return on_told_set_(logp, chosen, logq_set, q_rest, spec)


def on_told_set_(
    logp: torch.Tensor, chosen: TokenSet, logq_set: torch.Tensor, q_rest: torch.Tensor | None, spec: LossSpec
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """As `on_set_`, from what the teacher says of a set: logq_set [n, K], and q_rest [n] outside of it if `needs_tail`."""
    logp_set = logp.gather(-1, chosen.ids)
    p = logp.exp_()
    p_set = _take_out(p, chosen)
    mass_p, mass_q = p_set.sum(-1), (logq_set.exp() * chosen.valid).sum(-1)
    rests = None if q_rest is None else (p.sum(-1), q_rest)
    value, coefficients = set_terms(logp_set, logq_set, chosen.valid, spec, mass=mass_p, rests=rests)
    total = coefficients.sum(-1, keepdim=True)
    p.mul_(-total).scatter_add_(-1, chosen.ids, coefficients - p_set * total)
    return value, mass_p, mass_q


def needs_tail(spec: LossSpec) -> bool:
    """Whether the mass outside of the set enters."""
    return spec.tail or spec.min_mass > 0


def set_terms(
    logp: torch.Tensor,
    logq: torch.Tensor,
    valid: torch.Tensor,
    spec: LossSpec,
    *,
    mass: torch.Tensor,
    rests: tuple[torch.Tensor, torch.Tensor] | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Values [n] and coefficients c [n, K] of a token set.

    Args:
        logp, logq: [n, K] log-probabilities on the set.
        valid: [n, K] bool, slots that count.
        mass: [n], the student's probability on the set.
        rests: both probabilities [n] outside of it, where `needs_tail`.
    """
    if spec.tail and rests is not None:
        return tail_terms(logp, logq, valid, *rests)
    value, coefficients = eq5_terms(logp, logq, valid) if spec.variant == "eq5" else code_terms(logp, logq, valid, spec)
    if rests is None:
        return value, coefficients
    tail_value, tail_coefficients = tail_terms(logp, logq, valid, *rests)
    leaked = mass < spec.min_mass
    return torch.where(leaked, tail_value, value), torch.where(leaked.unsqueeze(-1), tail_coefficients, coefficients)


def code_terms(
    logp: torch.Tensor, logq: torch.Tensor, valid: torch.Tensor, spec: LossSpec
) -> tuple[torch.Tensor, torch.Tensor]:
    """The released code's form: weight times log-ratio, the weight not differentiated."""
    if spec.weight == "uniform":
        raw = valid.to(logp.dtype)
        weight = raw / raw.sum(-1, keepdim=True).clamp_min(1) if spec.renormalise else raw
    else:
        log_weight = logp if spec.weight == "student" else logq
        weight = (torch.softmax(_only(log_weight, valid), -1) if spec.renormalise else log_weight.exp()) * valid
    coefficients = weight * (logp - logq)
    return coefficients.sum(-1), coefficients


def eq5_terms(logp: torch.Tensor, logq: torch.Tensor, valid: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Eq 5: KL of both renormalised on the set; logits do as well as log-probabilities. Coefficients sum to zero."""
    logp, logq = torch.log_softmax(_only(logp, valid), -1), torch.log_softmax(_only(logq, valid), -1)
    ratio = (logp - logq) * valid
    p = logp.exp() * valid
    value = (p * ratio).sum(-1)
    return value, p * (ratio - value.unsqueeze(-1))


def tail_terms(
    logp: torch.Tensor, logq: torch.Tensor, valid: torch.Tensor, p_rest: torch.Tensor, q_rest: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """KL with one outcome more for all tokens outside of the set, which hold p_rest and q_rest [n]."""
    tiny = torch.finfo(logp.dtype).tiny
    rest_ratio = p_rest.clamp_min(tiny).log() - q_rest.clamp_min(tiny).log()
    p, ratio = logp.exp() * valid, logp - logq
    value = (p * ratio).sum(-1) + p_rest * rest_ratio
    return value, p * (ratio - rest_ratio.unsqueeze(-1))


def _take_out(p: torch.Tensor, chosen: TokenSet) -> torch.Tensor:
    """Set the probabilities of the set to zero in `p` [n, V]; returns them [n, K], 0 in slots that are not valid."""
    inside = p.gather(-1, chosen.ids) * chosen.valid
    p.scatter_add_(-1, chosen.ids, -inside)  # x - x is exactly 0; a token fills one valid slot only
    return inside


def _only(logs: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    return torch.where(valid, logs, -1e30)
