"""Intervals of shares and of differences of shares, for counts as small as eight."""

from __future__ import annotations

import math

import msgspec

from journeyman.errors import UsageError


class Share(msgspec.Struct, frozen=True):
    """`hits` of `n`, with a two-sided interval of the share; [0, 1] where n is 0."""

    hits: int
    n: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        """None where there was nothing to count."""
        return self.hits / self.n if self.n else None


class Difference(msgspec.Struct, frozen=True):
    """A difference of two shares with its two-sided interval, in -1..1."""

    value: float
    low: float
    high: float


def share_of(hits: int, n: int, *, level: float = 0.95) -> Share:
    """Wilson's score interval: it holds its level near 0 and 1, too.

    E. B. Wilson: Probable inference, the law of succession, and statistical inference. JASA 22 (1927) 209-212.
    Raises UsageError: counts that no share can have, or a level outside (0, 1).
    """
    if not 0 <= hits <= n:
        raise UsageError(f"{hits} of {n} is no share")
    if n == 0:
        return Share(0, 0, 0.0, 1.0)
    z = _normal_quantile(level)
    share, shrink = hits / n, 1.0 + z * z / n
    middle = (share + z * z / (2 * n)) / shrink
    half = z / shrink * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Share(hits, n, 0.0 if hits == 0 else max(0.0, middle - half), 1.0 if hits == n else min(1.0, middle + half))


def difference(of: Share, against: Share) -> Difference:
    """`of` less `against`, two independent samples; the interval is the hybrid of their own intervals.

    R. G. Newcombe: Interval estimation for the difference between independent proportions. Statistics in Medicine 17
    (1998) 873-890, method 10. Raises UsageError where one of them counted nothing.
    """
    a, b = of.share, against.share
    if a is None or b is None:
        raise UsageError("a difference of shares needs at least one replay on each side")
    low = (a - b) - math.hypot(a - of.low, against.high - b)
    high = (a - b) + math.hypot(of.high - a, b - against.low)
    return Difference(a - b, max(-1.0, low), min(1.0, high))


def _normal_quantile(level: float) -> float:
    if not 0 < level < 1:
        raise UsageError(f"a confidence level lies between 0 and 1, not {level:g}")
    from statistics import NormalDist

    return NormalDist().inv_cdf(0.5 + level / 2)
