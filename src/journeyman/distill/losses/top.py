"""The k largest of many values: exact, reproducible, and fast where there are a hundred thousand of them."""

from __future__ import annotations

from typing import Any

from journeyman.errors import UsageError

BLOCK = 64
"""Neighbours that share one maximum in the first look."""


def top_k(values: Any, k: int) -> tuple[Any, Any]:
    """The k largest of `values` [n, V] in each row, largest first, equal ones by lower id: (values [n, k], ids [n, k]).

    The k + 1 largest values lie in the k + 1 blocks with the largest maxima. If the last two of them differ, the k
    largest are known; rows in which they are equal are sorted in full, since there the lower id decides.

    Raises:
        UsageError: k is below 1 or larger than V.
    """
    import torch

    size = int(values.shape[-1])
    if not 1 <= k <= size:
        raise UsageError(f"k is {k}; it lies between 1 and the number of tokens, {size}")
    values = values.detach()
    blocks = size // BLOCK
    if k == size:
        found, ids = torch.sort(values, dim=-1, descending=True, stable=True)
        return found, ids
    if blocks < 4 * (k + 1):
        found, ids = values.topk(k + 1, dim=-1)
    else:
        found, ids = _by_blocks(values, k + 1, blocks)
    tied = found[:, k - 1] == found[:, k]
    found, ids = in_order(found[:, :k], ids[:, :k])
    if bool(tied.any()):
        rows = tied.nonzero().squeeze(-1)
        some, their_ids = torch.sort(values[rows], dim=-1, descending=True, stable=True)
        found[rows], ids[rows] = some[:, :k], their_ids[:, :k]
    return found, ids


def in_order(values: Any, ids: Any) -> tuple[Any, Any]:
    """Both [n, k] with the largest value first, equal values by lower id."""
    import torch

    ids, by_id = ids.sort(dim=-1)
    values, by_value = torch.sort(values.gather(-1, by_id), dim=-1, descending=True, stable=True)
    return values, ids.gather(-1, by_value)


def _by_blocks(values: Any, k: int, blocks: int) -> tuple[Any, Any]:
    """The k largest in any order among equals: of the k best blocks, and of the few values after the last whole block."""
    import torch

    n, size = values.shape
    even = blocks * BLOCK
    parts = values[:, :even].unflatten(-1, (blocks, BLOCK))
    best = parts.amax(-1).topk(k, dim=-1, sorted=False).indices
    candidates = torch.cat([parts.gather(1, best.unsqueeze(-1).expand(-1, -1, BLOCK)).flatten(1), values[:, even:]], -1)
    inside = best.unsqueeze(-1) * BLOCK + torch.arange(BLOCK, device=values.device)
    after = torch.arange(even, size, device=values.device).expand(n, -1)
    found, at = candidates.topk(k, dim=-1)
    return found, torch.cat([inside.flatten(1), after], -1).gather(-1, at)
