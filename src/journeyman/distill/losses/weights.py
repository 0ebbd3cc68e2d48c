"""How tokens become one number: a weight for each of them, so that the loss is sum(weights * per_token).

The denominators are explicit. A micro-batch, or one rank of several, is given those of the whole batch; then the parts'
losses and gradients add up to the whole's, exactly, whatever way the rows were dealt out.

    token_weights(lengths, "token-mean")                                   # one batch, its own denominators
    token_weights(lengths[:8], "token-mean", tokens=int(lengths.sum()))    # a part of it
"""

from __future__ import annotations

from typing import Any

from journeyman.distill.losses.spec import Aggregation
from journeyman.errors import UsageError


def token_weights(
    lengths: Any,
    aggregation: Aggregation,
    *,
    tokens: int | None = None,
    sequences: int | None = None,
    horizon: int | None = None,
) -> Any:
    """Weights [N] float32 of the N = sum(lengths) response tokens, in the order (row, position).

    Args:
        lengths: [B] int64, response tokens of each row.
        aggregation: `token-mean`: every token 1 / tokens. `seq-mean-token-sum`: 1 / sequences. `seq-mean-token-mean`:
            1 / (sequences * length of its row). `seq-mean-token-sum-norm`: 1 / (sequences * horizon).
        tokens: response tokens of the whole batch, over micro-batches and ranks; default those of `lengths`.
        sequences: rows of the whole batch; default B.
        horizon: the longest response allowed, the same at every step (`seq-mean-token-sum-norm` only).

    Raises:
        UsageError: an unknown aggregation, a denominator below 1, or no horizon where it is needed.
    """
    import torch

    tokens = int(lengths.sum()) if tokens is None else tokens
    sequences = int(lengths.shape[0]) if sequences is None else sequences
    for name, value in (("tokens", tokens), ("sequences", sequences), ("horizon", horizon)):
        if value is not None and value < 1:
            raise UsageError(f"{name} is {value}; a denominator is at least 1")
    if aggregation == "token-mean":
        rows = torch.full_like(lengths, 1.0 / tokens, dtype=torch.float32)
    elif aggregation == "seq-mean-token-sum":
        rows = torch.full_like(lengths, 1.0 / sequences, dtype=torch.float32)
    elif aggregation == "seq-mean-token-mean":
        rows = 1.0 / (sequences * lengths.to(torch.float32))
    elif aggregation == "seq-mean-token-sum-norm":
        if horizon is None:
            raise UsageError("seq-mean-token-sum-norm divides by the horizon: pass horizon, the longest response allowed")
        rows = torch.full_like(lengths, 1.0 / (sequences * horizon), dtype=torch.float32)
    else:
        raise UsageError(f"aggregation {aggregation!r} is unknown")
    return torch.repeat_interleave(rows, lengths)
