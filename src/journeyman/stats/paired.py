"""Differences between two methods that were run on the same cells: interval, exact test, correction, power.

A cell is one task with one seed. Differences come in groups, one group for each task, so that a task counts once however
many of its cells there are: the mean is the mean of the groups' means.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from journeyman.errors import UsageError
from journeyman.stats.interval import Interval

Groups = Sequence[Sequence[float]]
"""Differences, one inner sequence for each task."""

_ENUMERATED = 20
"""Up to so many differences all 2^n patterns of signs are looked at."""

_DRAWN = 100_000

_SIMULATED = 12

Test = Literal["sign flips", "t"]


class Outcomes(NamedTuple):
    """How often the difference was above, at and below zero."""

    wins: int
    ties: int
    losses: int


def mean_of_groups(groups: Groups) -> float:
    """The mean of the groups' means. Raises UsageError: no group, an empty one, or a value that is not finite."""
    _check(groups)
    return math.fsum(math.fsum(group) / len(group) for group in groups) / len(groups)


def hierarchical_interval(
    groups: Groups, *, level: float = 0.95, seed: int = 0, resamples: int = 9999
) -> Interval:
    """Bootstrap percentile interval of the mean of group means: groups are drawn anew, and values anew within each.

    It speaks for tasks like these, and with a handful of tasks is itself rough, rather too narrow than too wide. `n` is
    the number of values. With one value in all there is no interval.

    Raises UsageError: as `mean_of_groups`, or a level outside (0, 1).
    """
    if not 0 < level < 1:
        raise UsageError(f"a confidence level lies between 0 and 1, not {level:g}")
    mean = mean_of_groups(groups)
    count = sum(map(len, groups))
    method = "hierarchical bootstrap"
    if count == 1:
        return Interval(mean, None, None, 1, level, method)
    import numpy as np

    rng = np.random.default_rng(seed)
    # Means of every group drawn anew as often as a group may be drawn, then which of them are taken.
    drawn_RGG = np.empty((resamples, len(groups), len(groups)))
    for g, group in enumerate(groups):
        values = np.asarray(group, dtype=float)
        picks = rng.integers(len(values), size=(resamples, len(groups), len(values)))
        drawn_RGG[:, :, g] = values[picks].mean(axis=2)
    chosen_RG = rng.integers(len(groups), size=(resamples, len(groups)))
    means_R = np.take_along_axis(drawn_RGG, chosen_RG[:, :, None], axis=2)[:, :, 0].mean(axis=1)
    low, high = np.quantile(means_R, [0.5 - level / 2, 0.5 + level / 2])
    # Rounding must not leave the mean of equal values outside of its own interval.
    return Interval(mean, min(float(low), mean), max(float(high), mean), count, level, method)


def sign_flip_p(groups: Groups, *, seed: int = 0) -> float:
    """Two-sided p value of the permutation test that flips the signs of differences, on the mean of group means.

    If both methods do the same, each difference is as likely to be its negative; no other assumption is made, and the
    answer holds for these tasks. Exact for up to 20 differences that are not 0 (the least possible p is 2 / 2^n), beyond
    that from 100,000 seeded draws.

    Raises UsageError: as `mean_of_groups`.
    """
    _check(groups)
    # Scaled so that rounding, which depends on the order of summing, cannot break a tie.
    weighted = [value / (len(group) * len(groups)) for group in groups for value in group if value != 0.0]
    if not weighted:
        return 1.0
    import numpy as np

    values = np.asarray(weighted)
    least = abs(math.fsum(weighted)) * (1 - 1e-9) - 1e-300
    if len(values) <= _ENUMERATED:
        sums = np.zeros(1)
        for value in values:
            sums = np.concatenate([sums + value, sums - value])
        return float((np.abs(sums) >= least).mean())
    rng = np.random.default_rng(seed)
    reached = 0
    for _ in range(_DRAWN // 1000):
        signs = rng.integers(2, size=(1000, len(values))) * 2 - 1
        reached += int((np.abs(signs @ values) >= least).sum())
    return (reached + 1) / (_DRAWN + 1)


def sign_test_p(wins: int, losses: int) -> float:
    """Two-sided p value of the exact sign test; ties are left out. 1 where nobody won."""
    if wins < 0 or losses < 0:
        raise UsageError(f"wins and losses are counts, not {wins} and {losses}")
    if wins + losses == 0:
        return 1.0
    from scipy import stats

    return float(stats.binomtest(wins, wins + losses).pvalue)


def outcomes(groups: Groups, *, tie: float = 0.0) -> Outcomes:
    """Wins, ties and losses; what is at most `tie` from zero is a tie."""
    _check(groups)
    values = [value for group in groups for value in group]
    wins, losses = sum(v > tie for v in values), sum(v < -tie for v in values)
    return Outcomes(wins, len(values) - wins - losses, losses)


def holm(p_values: Sequence[float]) -> list[float]:
    """p values corrected for their number, in the order given: the chance of any false finding stays below the level.

    S. Holm: A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6 (1979) 65-70.
    Raises UsageError for a value outside [0, 1].
    """
    if not all(0.0 <= p <= 1.0 for p in p_values):
        raise UsageError(f"p values lie in 0 .. 1, not {next(p for p in p_values if not 0 <= p <= 1):g}")
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for place, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[i]))
        corrected[i] = largest
    return corrected


def smallest_difference(
    spread: float, n: int, *, level: float = 0.05, power: float = 0.8, test: Test = "sign flips"
) -> float | None:
    """The mean difference that a two-sided test of `n` differences finds, with its sign, with chance `power`.

    For normal differences of standard deviation `spread`, whose unit the answer has; `level` is the level of
    significance, after whatever correction. None: no difference, however large, would be found; the sign-flip test cannot
    reach a level below 2 / 2^n, the t test needs two differences.

    Of "t" it is exact (non-central t). Of "sign flips" it is from 4000 seeded samples up to 12 differences, right to
    about two per cent; with more the two tests need much the same, and the answer is that of "t".

    Raises UsageError: a negative spread, or level or power outside (0, 1).
    """
    if not (spread >= 0 and 0 < level < 1 and 0 < power < 1):
        raise UsageError(
            f"a spread of {spread:g}, level {level:g} and power {power:g} make no test; "
            "the first is at least 0, the others lie between 0 and 1"
        )
    if n < 2 or (test == "sign flips" and 2.0 ** (1 - n) > level):
        return None
    found = (
        _power_of_sign_flips(n, level) if test == "sign flips" and n <= _SIMULATED else _power_of_t(n, level)
    )
    from scipy import optimize

    if found(0.0) >= power:
        return 0.0
    high = 1.0
    while found(high) < power:
        high *= 2.0
    return spread * float(optimize.brentq(lambda effect: found(effect) - power, 0.0, high, xtol=1e-6))


def _power_of_t(n: int, level: float) -> Callable[[float], float]:
    from scipy import stats

    critical = stats.t.ppf(1 - level / 2, n - 1)
    return lambda effect: float(stats.nct.sf(critical, n - 1, effect * math.sqrt(n)))


def _power_of_sign_flips(n: int, level: float) -> Callable[[float], float]:
    import numpy as np

    noise_RN = np.random.default_rng(0).standard_normal((4000, n))
    # The first sign is fixed: a pattern and its opposite have the same absolute sum.
    signs_NP = np.array(list(itertools.product((1.0,), *[(1.0, -1.0)] * (n - 1)))).T

    def power(effect: float) -> float:
        sums_RP = (noise_RN + effect) @ signs_NP
        seen_R = sums_RP[:, 0]
        p_R = (np.abs(sums_RP) >= np.abs(seen_R)[:, None] * (1 - 1e-9)).mean(axis=1)
        return float(((p_R <= level) & (seen_R > 0)).mean())

    return power


def _check(groups: Groups) -> None:
    if not groups or not all(groups):
        raise UsageError("paired differences need at least one group, and each group at least one value")
    bad = next((v for group in groups for v in group if not math.isfinite(v)), None)
    if bad is not None:
        raise UsageError(f"paired differences must be finite, not {bad}")
