"""Whether a claimed confidence is borne out: reliability bins, expected calibration error, Brier score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from journeyman.errors import UsageError

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Predictions with a confidence in [low, high), the last bin's end with it: how many, and the means."""

    low: float
    high: float
    n: int
    confidence: float
    right: float


@dataclass(frozen=True)
class Calibration:
    """Attributes:
    n: predictions.
    ece: expected calibration error, sum over bins of n_b / n |right_b - confidence_b|, in 0..1 (Naeini et al. 2015).
    brier: mean of (confidence - right)^2, in 0..1 (Brier 1950).
    bins: those that hold a prediction.
    """

    n: int
    ece: float
    brier: float
    bins: tuple[Bin, ...]


def calibration(confidences: Sequence[float], right: Sequence[bool], bins: int = BINS) -> Calibration:
    """Of confidences in 0..1 and whether each prediction was right, in bins of equal width.

    Raises UsageError: no predictions, not as many of one as of the other, or a confidence out of range.
    """
    n = len(confidences)
    if n == 0 or n != len(right):
        raise UsageError(f"calibration needs as many confidences as outcomes, and one at least; not {n} and {len(right)}")
    outside = [c for c in confidences if not 0.0 <= c <= 1.0]
    if outside:
        raise UsageError(f"a confidence lies between 0 and 1, not {outside[0]:g}")
    within: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for confidence, hit in zip(confidences, right, strict=True):
        within[min(int(confidence * bins), bins - 1)].append((confidence, hit))
    made = tuple(_bin(i / bins, (i + 1) / bins, some) for i, some in enumerate(within) if some)
    ece = math.fsum(b.n / n * abs(b.right - b.confidence) for b in made)
    brier = math.fsum((c - r) ** 2 for c, r in zip(confidences, right, strict=True)) / n
    return Calibration(n, ece, brier, made)


def _bin(low: float, high: float, within: Sequence[tuple[float, bool]]) -> Bin:
    n = len(within)
    return Bin(low, high, n, math.fsum(confidence for confidence, _ in within) / n, sum(hit for _, hit in within) / n)
