"""What two next-token distributions tell at each position: the formulas of the metrics, one row of values a token.

Notation: p is the student's distribution, q the teacher's, S_p and S_q their k likeliest tokens, I what they share, y the
sampled token. Equation numbers are those of arXiv 2604.13016. NaN marks a token where a value does not exist.
"""

from __future__ import annotations

from typing import Any

import torch

from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.losses.token_sets import is_in, token_set
from journeyman.distill.losses.top import top_k

# Elements of one tile: its exponentials stay in the processor's cache between the pass that makes and those that read them.
_TILE = {"cpu": 1 << 19}
_LARGE_TILE = 1 << 24


def token_values(logp: Any, logq: Any, tokens: Any, k: int, spec: LossSpec | None = None) -> dict[str, Any]:
    """Values by name, each [n]: of log-probabilities `logp`, `logq` [n, V] and sampled `tokens` [n], in nats.

    Both must be normalised. -inf is a token that cannot be: it adds nothing where p is 0, and an infinite divergence where
    only the teacher rules it out. `spec` adds "mass/on_set", p on the loss's own token set, where the loss has one.
    """
    values = _of_distributions(logp, logq)
    wide = min(max(k, spec.k if spec is not None and spec.form == "topk" else 0), logp.shape[1])
    top_p, top_q = top_k(logp, wide), top_k(logq, wide)
    k = min(k, logp.shape[1])
    logp_top, ids_p = top_p[0][:, :k], top_p[1][:, :k]
    logq_top, ids_q = top_q[0][:, :k], top_q[1][:, :k]
    values |= _of_top_sets(_wide(logp_top), _wide(logq.gather(1, ids_p)), _wide(logq_top), is_in(ids_p, ids_q))
    values |= _of_sampled(logp, logq, tokens, logq_top)
    if spec is not None and spec.form == "topk":
        values["mass/on_set"] = _mass_on_set(logp, top_p[1], top_q[1], spec)
    return values


def _of_distributions(logp: Any, logq: Any) -> dict[str, Any]:
    """Entropies and KL(p||q) over the whole vocabulary. Three dot products a row, and no temporary larger than a tile."""
    n, vocab = logp.shape
    sums = logp.new_empty((3, n))  # sum p log p, sum p log q, sum q log q
    rows = max(1, _TILE.get(logp.device.type, _LARGE_TILE) // max(vocab, 1))
    for at in range(0, n, rows):
        tile_p, tile_q = logp[at : at + rows], logq[at : at + rows]
        p, q = tile_p.exp(), tile_q.exp()
        for i, (weights, logs) in enumerate(((p, tile_p), (p, tile_q), (q, tile_q))):
            dots = torch.linalg.vecdot(weights, logs)
            if not bool(torch.isfinite(dots).all()):  # 0 * -inf: a token that cannot be
                dots = torch.where(weights > 0, weights * logs, 0.0).sum(-1)
            sums[i, at : at + rows] = dots
    student, cross, teacher = sums.unbind()
    return {
        "entropy/student": -student,
        "entropy/teacher": -teacher,
        "divergence/full": (student - cross).clamp(min=0),  # below 0 by rounding only
    }


def _of_top_sets(logp: Any, logq: Any, logq_top: Any, shared: Any) -> dict[str, Any]:
    """From S_p's log-probabilities under both models [n, k], S_q's under the teacher [n, k], and which of S_p are in I."""
    p, q = logp.exp(), logq.exp()
    size = shared.sum(-1)
    mass_p, mass_q = (p * shared).sum(-1), (q * shared).sum(-1)
    log_ratio = torch.nan_to_num(logq - logp, nan=0.0, posinf=0.0, neginf=-torch.inf)  # +inf only where p is 0
    advantage = torch.where(p > 0, p * log_ratio, 0.0) / p.sum(-1, keepdim=True)
    # -KL(p||q), both renormalised on I, is sum_I p/mass_p log(q/p) + log(mass_p/mass_q)
    inner = torch.where(shared & (p > 0), p * log_ratio, 0.0).sum(-1) / mass_p + (mass_p / mass_q).log()
    eq7 = torch.where((mass_p > 0) & (mass_q > 0), inner.clamp(max=0) / size, torch.nan)
    return {
        "overlap/ratio": size / logp.shape[1],
        "overlap/mass_student": mass_p,
        "overlap/mass_teacher": mass_q,
        "overlap/mass_weighted": (mass_p + mass_q) / (p.sum(-1) + logq_top.exp().sum(-1)),
        "overlap/advantage": eq7,
        "overlap/advantage_logged": torch.where(shared, advantage, 0.0).sum(-1),  # a sum; pooled over pairs by the reader
        "extreme/difference": _extreme(advantage.abs(), p - q),
        "extreme/difference_shared": torch.where(size > 0, _extreme(advantage.abs().where(shared, -1.0), p - q), torch.nan),
    }


def _extreme(magnitude: Any, difference: Any) -> Any:
    """`difference` at the largest `magnitude`; of equal ones the student's likelier token (slots are sorted)."""
    return difference.gather(1, magnitude.argmax(-1, keepdim=True)).squeeze(1)


def _of_sampled(logp: Any, logq: Any, tokens: Any, logq_top: Any) -> dict[str, Any]:
    """Log-ratio of the sampled token, and its rank under the teacher: 1 + how many tokens are likelier."""
    y = tokens.unsqueeze(1)
    logp_y, logq_y = logp.gather(1, y), logq.gather(1, y)
    rank = 1 + (logq_top > logq_y).sum(-1)
    deep = (logq_y < logq_top[:, -1:]).squeeze(1).nonzero().squeeze(1)  # the list tells the rank of all others
    if len(deep):
        rank[deep] = 1 + torch.count_nonzero(logq[deep] > logq_y[deep], dim=1)
    ratio = torch.nan_to_num(logq_y - logp_y, nan=0.0, posinf=torch.inf, neginf=-torch.inf).squeeze(1)
    return {"log_ratio": ratio, "teacher/rank": rank}


def _mass_on_set(logp: Any, ids_p: Any, ids_q: Any, spec: LossSpec) -> Any:
    """[n]: the student's probability of the tokens that the loss looks at."""
    k = min(spec.k, logp.shape[1])
    chosen = token_set(ids_p[:, :k], ids_q[:, :k], spec.strategy)
    return (_wide(logp.gather(1, chosen.ids)).exp() * chosen.valid).sum(-1)


def _wide(values: Any) -> Any:
    """In float64 where the device has it: k values a token, so it costs nothing."""
    return values if values.device.type == "mps" else values.double()
