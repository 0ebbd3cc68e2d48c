"""Two cells on the same instances: the four counts, their test, and how many pairs a change needs to be seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Literal

import msgspec

from journeyman.errors import UsageError
from journeyman.foresee.protocol.decision import Episode

LARGEST_SEARCH = 10_000_000
_EXACT = 1000  # discordant pairs; 2 ** 1000 is still within a float


class Counts(msgspec.Struct, frozen=True):
    """How many pairs were solved by both, by the first only, by the second only, by neither."""

    both: int
    first: int
    second: int
    neither: int

    @property
    def n(self) -> int:
        """Pairs."""
        return self.both + self.first + self.second + self.neither

    @property
    def discordant(self) -> float:
        """Share of pairs in which one of the two was solved; NaN where there is no pair."""
        return (self.first + self.second) / self.n if self.n else math.nan


def counts_of(pairs: Sequence[tuple[Episode, ...]]) -> Counts:
    """Of pairs (first, second)."""
    found = {(a, b): 0 for a in (True, False) for b in (True, False)}
    for first, second, *_ in pairs:
        found[first.success, second.success] += 1
    return Counts(found[True, True], found[True, False], found[False, True], found[False, False])


def mcnemar_p(first: int, second: int) -> float:
    """Two-sided p value of McNemar's exact test on the discordant counts; 1 where there are none.

    Q. McNemar: Note on the sampling error of the difference between correlated proportions. Psychometrika 12 (1947)
    153-157. Raises UsageError for a negative count.
    """
    if first < 0 or second < 0:
        raise UsageError(f"pairs won and lost are counts, not {first} and {second}")
    n = first + second
    # In whole numbers: exact however many, and it needs no package that takes a second to load.
    tail = sum(math.comb(n, i) for i in range(min(first, second) + 1)) if n <= _EXACT else None
    if tail is not None:
        return min(1.0, float(2 * tail / 2**n))
    from journeyman.stats.paired import sign_test_p

    return sign_test_p(first, second)


def instance_p(pairs: Sequence[tuple[Episode, ...]]) -> float:
    """McNemar's exact test; where an instance has several pairs, they count as one, by which side has more of them.

    Pairs of one instance are not independent, so that to count each would make p too small.
    """
    net: dict[str, int] = {}
    for first, second, *_ in pairs:
        net[first.instance] = net.get(first.instance, 0) + int(first.success) - int(second.success)
    return mcnemar_p(sum(v > 0 for v in net.values()), sum(v < 0 for v in net.values()))


def pairs_needed(
    change: float, discordant: float, *, power: float = 0.8, level: float = 0.05, test: Literal["normal", "exact"] = "normal"
) -> int:  # fmt: skip
    """Paired instances with which McNemar's test finds `change` of the success rate with chance `power`.

    Args:
        change: of the success rate, in 0..1, its sign aside: share of pairs won less share lost.
        discordant: share of pairs that differ at all, at least `change`.
        level: two-sided.
        test: "normal" is n = (z_a sqrt(d) + z_b sqrt(d - c^2))^2 / c^2, rounded up (R. J. Connor: Sample size for testing
            differences in proportions for the paired-sample design. Biometrics 43 (1987) 207-211): 469 for a change of 5
            points when 15 % differ. "exact" is the least n from which the exact test has the power; it needs some more.

    Raises UsageError: values that no pair of rates has, or a change of 0.
    """
    change = abs(change)
    _check(change, discordant, power, level)
    z_a, z_b = NormalDist().inv_cdf(1 - level / 2), NormalDist().inv_cdf(power)
    n = math.ceil((z_a * math.sqrt(discordant) + z_b * math.sqrt(discordant - change**2)) ** 2 / change**2 - 1e-9)
    if test == "normal":
        return max(1, n)
    # The exact power rises with n by and large, in teeth: step out, then back to where it first holds for good.
    high = max(2, n)
    while power_of(high, change, discordant, level=level) < power:
        high = math.ceil(1.1 * high)
        if high > LARGEST_SEARCH:
            raise UsageError(f"a change of {change:g} with {discordant:g} of the pairs differing needs too many pairs")
    low = max(1, n // 2)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if power_of(middle, change, discordant, level=level) >= power else (middle + 1, high)
    return high


def power_of(n: int, change: float, discordant: float, *, level: float = 0.05) -> float:
    """Chance that McNemar's exact test on `n` pairs finds a change, with its sign, at this two-sided level.

    Exact: over the number of discordant pairs, and how many of them go each way. Raises UsageError as `pairs_needed`.
    """
    change = abs(change)
    _check(change, discordant, 0.5, level)
    import numpy as np
    from scipy import stats

    won = (discordant + change) / (2 * discordant)
    counts = np.arange(n + 1)
    likely = stats.binom.pmf(counts, n, discordant)
    kept = counts[likely > 1e-12]
    # With m discordant pairs the test rejects from `least` wins on: P(wins >= least | no difference) <= level / 2.
    least = stats.binom.isf(level / 2, kept, 0.5) + 1
    return float(likely[kept] @ stats.binom.sf(least - 1, kept, won))


def smallest_change(n: int, discordant: float, *, power: float = 0.8, level: float = 0.05) -> float | None:
    """The change of the success rate that `n` pairs find with chance `power`, when so many of them differ (normal formula).

    None: not even if all that differ go one way. Raises UsageError: no pair, or shares outside their range.
    """
    if n < 1:
        raise UsageError(f"{n} pairs find nothing; there must be at least one")
    if discordant == 0:
        return None
    _check(discordant, discordant, power, level)
    # The formula of `pairs_needed` solved for the change, which is at most the share that differs.
    z_a, z_b = NormalDist().inv_cdf(1 - level / 2), NormalDist().inv_cdf(power)
    root = z_a**2 * n * discordant - (n + z_b**2) * discordant * (z_a**2 - z_b**2)
    if root < 0:
        return None
    change = (z_a * math.sqrt(n * discordant) + math.sqrt(root)) / (n + z_b**2)
    return change if change <= discordant else None


def power_words(n: int, *, discordant: float = 0.15, power: float = 0.8) -> str:
    """What a planned run of `n` paired instances can show, in a sentence to be said before it (spec d.2.11)."""
    least = smallest_change(n, discordant, power=power)
    ahead = f"power: with {n} paired instances, if {100 * discordant:.0f} % of the pairs differ, "
    needed = pairs_needed(0.05, discordant, power=power) if discordant >= 0.05 else None
    for_five = "" if needed is None or needed <= n else f"; 5 points need {needed}"
    if least is None:
        return f"{ahead}no change of the success rate is found with {100 * power:.0f} % power{for_five}"
    found = f"a change of {100 * least:.1f} points of the success rate is found"
    return f"{ahead}{found} with {100 * power:.0f} % power{for_five}"


def _check(change: float, discordant: float, power: float, level: float) -> None:
    if not 0 < change <= discordant <= 1:
        raise UsageError(
            f"a change of {change:g} with {discordant:g} of the pairs differing is none; it is above 0, at most that share"
        )
    if not (0 < power < 1 and 0 < level < 1):
        raise UsageError(f"power {power:g} and level {level:g} lie between 0 and 1")
