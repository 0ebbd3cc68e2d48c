"""How sure a mean is: intervals from a few repetitions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from journeyman.errors import UsageError


class Interval(msgspec.Struct, frozen=True):
    """A mean of `n` values with its two-sided confidence interval, in the values' own unit.

    `low` and `high` are None where `n` is 1: one value says nothing about the spread. `method` is "t" or "bootstrap".
    """

    mean: float
    low: float | None
    high: float | None
    n: int
    level: float = 0.95
    method: str = "t"


def t_interval(values: Sequence[float], *, level: float = 0.95) -> Interval:
    """Student's t interval of the mean: right for values that are about normal, also for as few as three.

    Raises UsageError: no values, one that is not finite, or a level outside (0, 1).
    """
    n, mean = _checked(values, level)
    if n == 1:
        return Interval(mean, None, None, 1, level, "t")
    from scipy import stats

    spread = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1))
    half = float(stats.t.ppf(0.5 + level / 2, n - 1)) * spread / math.sqrt(n)
    return Interval(mean, mean - half, mean + half, n, level, "t")


def bootstrap_interval(
    values: Sequence[float], *, level: float = 0.95, seed: int = 0, resamples: int = 9999
) -> Interval:
    """Bias-corrected and accelerated bootstrap interval of the mean: no assumption about the distribution, but too
    narrow below some ten values. Where all values are equal it has no width.

    Raises UsageError: as `t_interval`.
    """
    n, mean = _checked(values, level)
    if n == 1:
        return Interval(mean, None, None, 1, level, "bootstrap")
    if min(values) == max(values):
        return Interval(mean, mean, mean, n, level, "bootstrap")
    import numpy as np
    from scipy import stats

    found = stats.bootstrap(
        (np.asarray(values, dtype=float),), np.mean, confidence_level=level, n_resamples=resamples, method="BCa",
        rng=np.random.default_rng(seed),
    ).confidence_interval  # fmt: skip
    return Interval(mean, float(found.low), float(found.high), n, level, "bootstrap")


def _checked(values: Sequence[float], level: float) -> tuple[int, float]:
    if not values:
        raise UsageError("an interval needs at least one value")
    if not all(map(math.isfinite, values)):
        raise UsageError(
            f"an interval needs finite values, not {next(v for v in values if not math.isfinite(v))}"
        )
    if not 0 < level < 1:
        raise UsageError(f"a confidence level lies between 0 and 1, not {level:g}")
    return len(values), math.fsum(values) / len(values)
