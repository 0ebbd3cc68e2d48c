"""How many times faster: the median of paired ratios with an interval that assumes nothing about how times are spread."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from msgspec import Struct


class Ratio(Struct, frozen=True):
    """Speed of a candidate relative to a reference, from blocks timed in pairs.

    `median` is the median over pairs of t_reference / t_candidate: 1 is as fast, 2 twice as fast. The true median lies in
    [`low`, `high`] with probability `confidence`, whatever the distribution. `candidate_s` and `reference_s` are the times
    of one block in seconds, pair by pair, in the order in which they were taken.
    """

    median: float
    low: float
    high: float
    confidence: float
    candidate_s: tuple[float, ...]
    reference_s: tuple[float, ...]

    @property
    def pairs(self) -> int:
        """Number of pairs."""
        return len(self.candidate_s)

    @property
    def spread(self) -> float:
        """Half the interval's width relative to the median."""
        return (self.high - self.low) / (2 * self.median)


def ratio_of(candidate_s: Sequence[float], reference_s: Sequence[float], confidence: float = 0.95) -> Ratio:
    """The ratio from paired block times in seconds, all > 0, at least one pair. Raises ValueError otherwise."""
    if not candidate_s or len(candidate_s) != len(reference_s):
        raise ValueError(f"{len(candidate_s)} candidate times and {len(reference_s)} reference times make no pairs")
    if min(*candidate_s, *reference_s) <= 0:
        raise ValueError("a block took no time at all; blocks must be longer than the clock's resolution")
    ratios = [r / c for c, r in zip(candidate_s, reference_s, strict=True)]
    low, high, reached = median_interval(ratios, confidence)
    return Ratio(statistics.median(ratios), low, high, reached, tuple(candidate_s), tuple(reference_s))


def median_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float, float]:
    """(low, high, confidence reached) for the median of independent values, from order statistics.

    The j-th smallest and j-th largest of n values enclose the median with probability 1 - 2 P(Binomial(n, 1/2) < j). The
    narrowest such interval with at least `confidence` is returned; where even the extremes do not reach it (n < 6 for 95 %)
    they are returned with what they do reach.
    """
    ordered = sorted(values)
    n = len(ordered)
    if n == 0:
        raise ValueError("no values, no median")
    best, tail = 1, 2.0 ** (1 - n)
    below = tail / 2
    for j in range(2, (n + 1) // 2 + 1):
        below += math.comb(n, j - 1) * 2.0**-n
        if 1 - 2 * below < confidence:
            break
        best, tail = j, 2 * below
    return ordered[best - 1], ordered[n - best], max(0.0, 1 - tail)
