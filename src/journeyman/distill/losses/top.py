"""The k largest of many values, exactly and reproducibly."""

from __future__ import annotations

from typing import Any

from journeyman.errors import UsageError


def top_k(values: Any, k: int) -> tuple[Any, Any]:
    """The k largest of `values` [n, V] in each row, largest first, equal ones by lower id: (values [n, k], ids [n, k]).

    Raises:
        UsageError: k is larger than V.
    """
    if k > values.shape[-1]:
        raise UsageError(f"k is {k}, but there are only {values.shape[-1]} tokens")
    found, ids = values.sort(dim=-1, descending=True, stable=True)
    return found[:, :k], ids[:, :k]
