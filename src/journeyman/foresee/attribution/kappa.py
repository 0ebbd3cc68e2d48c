"""Agreement of two labelers beyond chance."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from journeyman.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

_RESAMPLES = 2000


class Kappa(msgspec.Struct, frozen=True):
    """Cohen's kappa of `n` items, with a bootstrap interval.

    Attributes:
        value: 1 for full agreement, 0 for what chance would give, below 0 for less. None: both gave one and the same label
            throughout, or there is no item, so that nothing can be told.
        low, high: 2.5th and 97.5th percentile over resampled items; None where there are none.
        agreed: items on which both gave the same label.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    agreed: int


def kappa(first: Sequence[Hashable], second: Sequence[Hashable], *, seed: int = 0) -> Kappa:
    """Cohen's kappa, (observed - expected) / (1 - expected), of labels given to the same items in the same order.

    J. Cohen: A coefficient of agreement for nominal scales. Educational and Psychological Measurement 20 (1960) 37-46.
    Raises UsageError: sequences of different lengths.
    """
    if len(first) != len(second):
        raise UsageError(f"agreement needs two labels for each item, not {len(first)} and {len(second)}")
    if not first:
        return Kappa(None, None, None, 0, 0)
    import numpy as np

    names = sorted({*first, *second}, key=repr)
    number = {name: i for i, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)))
    for a, b in zip(first, second, strict=True):
        counts[number[a], number[b]] += 1
    n, agreed = len(first), int(np.trace(counts))
    drawn = np.random.default_rng(seed).multinomial(n, counts.ravel() / n, size=_RESAMPLES)
    found = _of_counts(np.concatenate([counts.ravel()[None], drawn]).reshape(-1, *counts.shape))
    if np.isnan(found[0]):
        return Kappa(None, None, None, n, agreed)
    low, high = np.nanquantile(found, [0.025, 0.975])
    return Kappa(float(found[0]), float(low), float(high), n, agreed)


def _of_counts(counts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Kappa of each table of counts, shape (tables, labels, labels); NaN where the expected agreement is 1."""
    import numpy as np

    shares = counts / counts.sum(axis=(1, 2), keepdims=True)
    observed = np.trace(shares, axis1=1, axis2=2)
    expected = (shares.sum(axis=1) * shares.sum(axis=2)).sum(axis=1)
    beyond = np.where(expected < 1 - 1e-12, 1 - expected, np.nan)
    found: np.ndarray[Any, Any] = (observed - expected) / beyond
    return found
