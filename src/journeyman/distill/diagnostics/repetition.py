"""Where a response repeats itself, on token ids."""

from __future__ import annotations

from typing import Any


def repeated(tokens: Any, lengths: Any, n: int = 8) -> Any:
    """[N] bool: the token completes an n-gram that occurred before in the same response.

    `tokens` [N] are B responses of `lengths` [B], one behind the other. The first tokens of a repeated passage do not
    count: only from the n-th on is it known to be one. Exact (no hashing); sorts N numbers about log2(n) + 1 times.
    """
    import torch

    tokens, lengths = tokens.to("cpu", torch.int64), lengths.to("cpu", torch.int64)
    total = len(tokens)
    found = torch.zeros(total, dtype=torch.bool)
    if total < n:
        return found
    row = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
    base = int(tokens.max()) + 1
    # key[t] names the window of `width` tokens that begins at t; windows are doubled until they cover n tokens.
    key = torch.unique(row * base + tokens, return_inverse=True)[1]
    width = 1
    while width < n:
        step = min(width, n - width)  # the two halves may overlap
        key = torch.unique(key[:-step] * (total + 1) + key[step:], return_inverse=True)[1]
        width += step
    starts = torch.arange(len(key))
    inside = row[: len(key)] == row[n - 1 :]
    key, starts = key[inside], starts[inside]
    first = torch.full((total,), total).scatter_reduce(0, key, starts, "amin")
    found[starts[starts > first[key]] + n - 1] = True
    return found
