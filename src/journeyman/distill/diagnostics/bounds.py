"""What a teacher that tells only some probabilities says about a position: values, and intervals that hold for certain.

Known are q of the sampled token and of the teacher's K likeliest tokens. The other tokens share the mass that is left, and
none of them has more than the least of the list. Every interval holds for all distributions that agree with that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from journeyman.distill.diagnostics.values import entropy, of_top_sets
from journeyman.distill.losses.token_sets import is_in
from journeyman.distill.losses.top import top_k

# How far, by rounding, probabilities may be from adding up to one, and what that makes of a sum in nats.
SLACK = 1e-5
NATS = 1e-4

# Exact where the list has at least k tokens.
OF_LISTS = ("overlap/advantage", "overlap/advantage_logged", "overlap/mass_weighted", "extreme/difference_shared")


def served_values(logp: Any, tokens: Any, logq_token: Any, told: tuple[Any, Any] | None, k: int) -> dict[str, Any]:
    """Values, and intervals as "name.low" and "name.high", each [n], from the student's `logp` [n, V] and what was told.

    `logq_token` [n] is of the sampled `tokens`; `told` (ids, logq) [n, K] are the teacher's likeliest tokens, or None.
    """
    n, vocabulary = logp.shape
    ids, logq = _in_order(told, n, logp.device)
    logq_y = logq_token.double().unsqueeze(1)
    known = _known(tokens.unsqueeze(1), logq_y.exp(), ids, logq.exp(), vocabulary)
    logp_known = logp.gather(1, known.ids).double()
    student = entropy(logp).double()
    log_ratio = torch.nan_to_num(logq_y.squeeze(1) - logp_known[:, -1], nan=0.0, posinf=torch.inf, neginf=-torch.inf)
    values = {"entropy/student": student, "log_ratio": log_ratio}
    low, high = _teacher_entropy(known)
    _interval(values, "entropy/teacher", low, high)
    _interval(values, "entropy/gap", *distance(student, low, high))
    _interval(values, "divergence/full", *_divergence(logp_known, known))
    _interval(values, "teacher/rank", *_rank(logq_y, logq, known))
    return values | (_of_lists(logp, ids, logq, known, min(k, vocabulary)) if ids.shape[1] else {})


@dataclass(frozen=True)
class Known:
    """What is known of q at n positions.

    Attributes:
        ids, q: [n, K + 1] the teacher's list and, last, the sampled token.
        valid: [n, K + 1] bool: false for a sampled token that the list has already (its q is 0 here).
        others: [n] how many tokens are unknown.
        rest: [n] their probability.
        cap: [n] the most that one of them can have.
    """

    ids: Any
    q: Any
    valid: Any
    others: Any
    rest: Any
    cap: Any


def _known(y: Any, q_y: Any, ids: Any, q: Any, vocabulary: int) -> Known:
    extra = ~is_in(y, ids) if ids.shape[1] else torch.ones_like(y, dtype=torch.bool)
    valid = torch.cat([torch.ones_like(ids, dtype=torch.bool), extra], 1)
    known_q = torch.cat([q, torch.where(extra, q_y, 0.0)], 1)
    others = (vocabulary - valid.sum(1)).double()
    rest = torch.where(others > 0, (1 - known_q.sum(1)).clamp(min=0), 0.0)
    cap = torch.minimum(q[:, -1], rest + SLACK) if ids.shape[1] else rest + SLACK
    cap = torch.maximum(cap, rest / others.clamp(min=1)) * (1 + SLACK)
    return Known(torch.cat([ids, y], 1), known_q, valid, others, rest, cap)


def _in_order(told: tuple[Any, Any] | None, n: int, device: Any) -> tuple[Any, Any]:
    """The teacher's list, likeliest first."""
    if told is None:
        return torch.zeros((n, 0), dtype=torch.int64, device=device), torch.zeros((n, 0), dtype=torch.float64, device=device)
    order = told[1].double().sort(dim=1, descending=True, stable=True)
    return told[0].gather(1, order.indices), order.values


def _interval(values: dict[str, Any], name: str, low: Any, high: Any) -> None:
    values[f"{name}.low"], values[f"{name}.high"] = low, high


def distance(at: Any, low: Any, high: Any) -> tuple[Any, Any]:
    """The least and the largest distance of `at` from a number in [low, high]."""
    return torch.maximum(low - at, at - high).clamp(min=0), torch.maximum((high - at).abs(), (at - low).abs())


def _teacher_entropy(known: Known) -> tuple[Any, Any]:
    """The tail's mass spread evenly has the most entropy; heaped into as few tokens as the cap allows, the least."""
    told = torch.special.entr(known.q).sum(1)
    less, more = (known.rest - SLACK).clamp(min=0), torch.where(known.others > 0, known.rest + SLACK, 0.0)
    # Entropy grows with the mass, but for slopes down to -1 where one token has more than 1/e: SLACK of it is within NATS.
    low, high = _heaped(less, known.cap), known.others * torch.special.entr(more / known.others.clamp(min=1))
    return (told + low - NATS).clamp(min=0), told + high + NATS


def _heaped(mass: Any, cap: Any) -> Any:
    heaps = (mass / cap).floor()
    return heaps * torch.special.entr(cap) + torch.special.entr((mass - heaps * cap).clamp(min=0))


def _divergence(logp: Any, known: Known) -> tuple[Any, Any]:
    """KL(p||q) is least where the unknown part of q is proportional to p. From above nothing bounds it."""
    p = torch.where(known.valid, logp.exp(), 0.0)
    told = torch.where(p > 0, p * (logp - known.q.log()), 0.0).sum(1)
    unknown = (1 - p.sum(1)).clamp(min=0)
    tail = -torch.special.entr(unknown) - unknown * (known.rest + SLACK).log()
    return (told + tail - NATS).clamp(min=0), torch.where(known.others > 0, torch.inf, told + NATS)


def _rank(logq_y: Any, logq: Any, known: Known) -> tuple[Any, Any]:
    """1 + how many tokens are likelier: counted in the list; behind it, as many as the remaining mass has room for."""
    before = 1 + (logq > logq_y).sum(1).double()
    q, rest, others = logq_y.squeeze(1).exp(), known.rest, known.others
    room = torch.minimum(others, torch.nan_to_num((rest + SLACK) / q, nan=0.0, posinf=torch.inf).floor())
    surely = (others > 0) & ((rest - SLACK) / others.clamp(min=1) > q)  # one of them lies above their mean
    behind = known.valid[:, -1]
    if logq.shape[1]:
        behind = behind & (logq_y < logq[:, -1:]).squeeze(1)
    return before + (behind & surely).double(), before + torch.where(behind, room, 0.0)


def _of_lists(logp: Any, ids: Any, logq: Any, known: Known, k: int) -> dict[str, Any]:
    """Overlap and what follows from it: exact where the server tells at least k tokens, else partly bounds."""
    logp_top, ids_p = top_k(logp, k)
    logp_top = logp_top.double()
    p, told = logp_top.exp(), min(k, ids.shape[1])
    shared = is_in(ids_p, ids[:, :told])
    match = (ids_p.unsqueeze(2) == known.ids.unsqueeze(1)) & known.valid.unsqueeze(1)
    q = torch.where(match, known.q.unsqueeze(1), 0.0).sum(2)
    size, mass_p, mass_q = shared.sum(1), (p * shared).sum(1), (q * shared).sum(1)
    missing = k - told
    if not missing:
        is_known = match.any(2)
        sets = of_top_sets(logp_top, torch.where(is_known, q.log(), logp_top), logq[:, :k], shared)
        values = {name: sets[name] for name in OF_LISTS}
        _interval(values, "overlap/ratio", size / k, size / k)
        _interval(values, "overlap/mass_student", mass_p, mass_p)
        _interval(values, "overlap/mass_teacher", mass_q, mass_q)
        _interval(values, "extreme/difference", *_extreme(p, q, is_known, torch.minimum(known.cap, known.rest + SLACK)))
        return values
    # Up to `missing` more of the student's tokens may be on the teacher's list, none likelier there than the last one told.
    room = (k - size).clamp(max=missing)
    likeliest = torch.where(shared, 0.0, p).sort(1, descending=True).values[:, :missing].sum(1)
    untold = torch.minimum(known.rest + SLACK + known.q[:, -1], room * logq[:, -1].exp() * (1 + SLACK))
    values = {}
    _interval(values, "overlap/ratio", size / k, (size + room) / k)
    _interval(values, "overlap/mass_student", mass_p, mass_p + likeliest)
    _interval(values, "overlap/mass_teacher", mass_q, mass_q + untold)
    return values


def _extreme(p: Any, q: Any, is_known: Any, cap: Any) -> tuple[Any, Any]:
    """The difference at the largest |advantage|. A token of unknown q may be it, with any q up to the cap."""
    cap = cap.unsqueeze(1).expand_as(p)
    log_ratio = torch.where(p > 0, (p / torch.where(is_known, q, cap)).log(), 0.0)
    magnitude = torch.where(is_known, (p * log_ratio).abs(), (p * log_ratio).clamp(min=0))
    candidate = ~is_known | (magnitude >= magnitude.max(1, keepdim=True).values)
    low = torch.where(candidate, torch.where(is_known, p - q, p - cap), torch.inf).min(1).values
    high = torch.where(candidate, torch.where(is_known, p - q, p), -torch.inf).max(1).values
    return low, high
