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

# Rows of at least so many tokens are worked off one by one on a CPU: a row's exponentials then stay in its cache.
_LONG_ROW = 8192


def token_values(logp: Any, logq: Any, tokens: Any, k: int, spec: LossSpec | None = None) -> dict[str, Any]:
    """Values by name, each [n]: of log-probabilities `logp`, `logq` [n, V] and sampled `tokens` [n], in nats.

    Both must be normalised. -inf is a token that cannot be: it adds nothing where p is 0, and an infinite divergence where
    only the teacher rules it out. `spec` adds "mass/on_set", where its loss has a token set.
    """
    of_set = spec is not None and spec.form == "topk"
    widest = min(max(k, spec.k if spec is not None and of_set else 0), logp.shape[1])
    tops_p, tops_q = top_k(logp, widest), top_k(logq, widest)
    k = min(k, logp.shape[1])
    (logp_top, ids_p), (logq_top, ids_q) = ([v[:, :k] for v in tops] for tops in (tops_p, tops_q))
    values = _of_distributions(logp, logq)
    values |= of_top_sets(_wide(logp_top), _wide(logq.gather(1, ids_p)), _wide(logq_top), is_in(ids_p, ids_q))
    values |= _of_sampled(logp, logq, tokens, logq_top)
    if spec is not None and of_set:
        chosen = token_set(tops_p[1][:, : spec.k], tops_q[1][:, : spec.k], spec.strategy)
        values["mass/on_set"] = (_wide(logp.gather(1, chosen.ids)).exp() * chosen.valid).sum(-1)
    return values


def _row_by_row(values: Any) -> bool:
    return bool(values.device.type == "cpu" and values.shape[1] >= _LONG_ROW)


def entropy(logp: Any) -> Any:
    """[n]: of the distributions with log-probabilities `logp` [n, V], in nats."""
    if _row_by_row(logp):
        weights = logp.new_empty(logp.shape[1])
        sums = torch.stack([torch.dot(torch.exp(row, out=weights), row) for row in logp.unbind()])
    else:
        sums = torch.linalg.vecdot(logp.exp(), logp)
    impossible = ~torch.isfinite(sums)
    if bool(impossible.any()):
        rows = logp[impossible]
        sums[impossible] = torch.where(rows > -torch.inf, rows.exp() * rows, 0.0).sum(-1)
    return -sums


def _of_distributions(logp: Any, logq: Any) -> dict[str, Any]:
    """Entropies and KL(p||q) over the whole vocabulary: two exponentials and three dot products a row."""
    sums = _sums_by_row(logp, logq) if _row_by_row(logp) else _sums(logp, logq)
    impossible = ~torch.isfinite(sums).all(0)  # 0 * -inf somewhere in the row
    if bool(impossible.any()):
        sums[:, impossible] = _careful_sums(logp[impossible], logq[impossible])
    student, cross, teacher = sums.unbind()
    return {
        "entropy/student": -student,
        "entropy/teacher": -teacher,
        "divergence/full": (student - cross).clamp(min=0),  # below 0 by rounding only
    }


def _sums(logp: Any, logq: Any) -> Any:
    """[3, n]: sums of p log p, p log q and q log q."""
    p, q = logp.exp(), logq.exp()
    return torch.stack([torch.linalg.vecdot(p, logp), torch.linalg.vecdot(p, logq), torch.linalg.vecdot(q, logq)])


def _sums_by_row(logp: Any, logq: Any) -> Any:
    """The same with one row of memory; the fastest on a CPU where rows are long."""
    sums = logp.new_empty(3, len(logp))
    weights = logp.new_empty(logp.shape[1])
    for i, (row_p, row_q) in enumerate(zip(logp.unbind(), logq.unbind(), strict=True)):
        torch.exp(row_p, out=weights)
        sums[0, i], sums[1, i] = torch.dot(weights, row_p), torch.dot(weights, row_q)
        torch.exp(row_q, out=weights)
        sums[2, i] = torch.dot(weights, row_q)
    return sums


def _careful_sums(logp: Any, logq: Any) -> Any:
    """The same where tokens may be impossible: 0 log 0 and 0 log q are 0."""
    pairs = ((logp, logp), (logp, logq), (logq, logq))
    return torch.stack([torch.where(a > -torch.inf, a.exp() * b, 0.0).sum(-1) for a, b in pairs])


def of_top_sets(logp: Any, logq: Any, logq_top: Any, shared: Any) -> dict[str, Any]:
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
        rank[deep] = 1 + _count_above(logq, logq_y, deep)
    ratio = torch.nan_to_num(logq_y - logp_y, nan=0.0, posinf=torch.inf, neginf=-torch.inf).squeeze(1)
    return {"log_ratio": ratio, "teacher/rank": rank}


def _count_above(values: Any, limits: Any, rows: Any) -> Any:
    """[len(rows)]: how many of `values` [n, V] exceed `limits` [n, 1] in these rows."""
    if not _row_by_row(values):
        return torch.count_nonzero(values[rows] > limits[rows], dim=1)
    flags = values.new_empty(values.shape[1])  # a comparison into floats, and their sum, are many times faster than bools
    return torch.stack([torch.gt(values[row], limits[row], out=flags).sum() for row in rows.tolist()]).long()


def _wide(values: Any) -> Any:
    """In float64 where the device has it: k values a token, so it costs nothing."""
    return values if values.device.type == "mps" else values.double()
