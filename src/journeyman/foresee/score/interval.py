"""Intervals: Wilson's of a share, and of anything that is made of sums over instances by drawing instances anew."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from journeyman.errors import UsageError
from journeyman.foresee.score.measured import Measured, missing

Numbers = NDArray[np.float64]
Sums = Mapping[str, Numbers]
"""Sums over instances by name; each has shape [1], or [R] for R resamples."""
Statistic = Callable[[Sums], Numbers]
"""From sums to the metric, element by element; NaN where it has no value."""

RESAMPLES = 10_000
"""Of instances, with replacement (spec d.2.2)."""
LEVEL = 0.95
_CHUNK = 4_000_000  # instances drawn at a time (32 MB), so that memory stays small however many there are
_LOST = 0.05  # resamples that may be without a value before the interval is dropped


def wilson(hits: float, n: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's score interval of the share `hits` / `n`.

    E. B. Wilson: Probable inference, the law of succession, and statistical inference. JASA 22 (1927) 209-212.
    Raises UsageError: counts that no share can have, or a level outside (0, 1).
    """
    if not 0 <= hits <= n or n == 0:
        raise UsageError(f"{hits:g} of {n} is no share")
    if not 0 < level < 1:
        raise UsageError(f"a confidence level lies between 0 and 1, not {level:g}")
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share, shrink = hits / n, 1.0 + z * z / n
    middle = (share + z * z / (2 * n)) / shrink
    half = z / shrink * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At the ends rounding must not leave the share outside.
    return (0.0 if hits == 0 else max(0.0, middle - half), 1.0 if hits == n else min(1.0, middle + half))


@dataclass(frozen=True)
class Sample:
    """Quantities summed within each instance, from which metrics are ratios.

    Attributes:
        names: of the quantities.
        rows: shape [instances, quantities]; several episodes of one instance are one row, so that what is drawn anew is
            always a whole instance.
        single: whether each instance has one episode only; then a share of instances is binomial.
        seed: of the resampling.
    """

    names: tuple[str, ...]
    rows: Numbers
    single: bool = True
    seed: int = 0

    @property
    def n(self) -> int:
        """Instances."""
        return len(self.rows)

    @cached_property
    def sums(self) -> Sums:
        """Of the sample itself; shape [1] each."""
        return dict(zip(self.names, self.rows.sum(axis=0)[:, None], strict=True))

    @cached_property
    def drawn(self) -> Sums:
        """Of `RESAMPLES` samples of as many instances, drawn with replacement; shape [RESAMPLES] each."""
        sums = np.empty((RESAMPLES, len(self.names)))
        step = max(1, _CHUNK // self.n)
        for start in range(0, RESAMPLES, step):
            sums[start : start + step] = _times(self.n, start, min(step, RESAMPLES - start), self.seed) @ self.rows
        return dict(zip(self.names, sums.T, strict=True))


@lru_cache(maxsize=8)
def _times(n: int, start: int, count: int, seed: int) -> Numbers:
    """How often each of `n` instances is drawn in the resamples from `start` on; shape [count, n].

    Kept for the next quantity: cells of a run have the same number of instances, and drawing costs more than adding up.
    """
    rng = np.random.default_rng([seed, n, start])
    # Each resample's picks fall into bins of its own, so one count gives how often each instance was drawn.
    picks = rng.integers(n, size=(count, n)) + n * np.arange(count)[:, None]
    return np.bincount(picks.ravel(), minlength=count * n).reshape(count, n).astype(float)


def sample(rows: Sequence[Mapping[str, float]], *, single: bool = True, seed: int = 0) -> Sample:
    """A sample of rows with the same names. Sort them by instance: the draws go by their places."""
    names = tuple(rows[0]) if rows else ()
    return Sample(names, np.array([[row[name] for name in names] for row in rows], dtype=float), single, seed)


def ratio(part: Any, whole: Any) -> Numbers:
    """Element by element; NaN where the whole is 0."""
    part, whole = np.broadcast_arrays(np.asarray(part, dtype=float), np.asarray(whole, dtype=float))
    found: Numbers = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole != 0)
    return found


def part_of(part: str, whole: str) -> Statistic:
    """The statistic sum of `part` / sum of `whole`."""
    return lambda sums: ratio(sums[part], sums[whole])


def measure(
    sample: Sample, statistic: Statistic, *, why: str = "there is nothing to divide by", count: str = "",
    of: str = "instances", share: bool = False,
) -> Measured:  # fmt: skip
    """The statistic of the sample with its bootstrap interval (percentiles of the resamples).

    Args:
        why: said where the statistic has no value.
        count: name of the quantity that says how many the number rests on; "": instances.
        share: it is a share of `count`, 0 or 1 in each: where no resample differs (a share of 0 or 1), or many have no
            value (a share of very few), the interval is Wilson's.
    """
    n = round(float(sample.sums[count][0])) if count and sample.n else sample.n
    if sample.n == 0:
        return missing("there is no instance", of=of)
    value = float(statistic(sample.sums)[0])
    if not math.isfinite(value):
        return missing(why, n=n, of=of)
    if sample.n == 1:
        return Measured(value, n=n, of=of, why="one instance says nothing about the spread")
    draws = statistic(sample.drawn)
    known = draws[np.isfinite(draws)]
    if len(known) < (1 - _LOST) * len(draws) and not (share and sample.single):
        lost = 100 * (1 - len(known) / len(draws))
        return Measured(value, n=n, of=of, why=f"no interval: {lost:.0f} % of the resamples have no value")
    low, high = (float(end) for end in np.quantile(known, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2]))
    if share and sample.single and (high - low < 1e-12 or len(known) < (1 - _LOST) * len(draws)):
        return Measured(value, *wilson(round(value * n), n), n=n, of=of, method="wilson")
    if high - low < 1e-12:
        return Measured(value, n=n, of=of, why="no interval: all resamples are alike")
    # Rounding must not leave the value outside.
    return Measured(value, min(low, value), max(high, value), n, of, "bootstrap")


def mean_of(parts: Sequence[Measured]) -> Measured:
    """The unweighted mean of independent measurements, such as those of several worlds.

    Its interval is made of theirs (MOVER: G. Y. Zou and A. Donner: Construction of confidence limits about effect measures.
    Statistics in Medicine 27 (2008) 1693-1702); none where one of them has none.
    """
    known = [(part.value, part.low, part.high) for part in parts if part.value is not None]
    if not parts or len(known) < len(parts):
        return missing("a world has no value", n=len(known), of="worlds")
    value = math.fsum(v for v, _, _ in known) / len(known)
    ends = [(v, low, high) for v, low, high in known if low is not None and high is not None]
    if len(ends) < len(known):
        return Measured(value, n=len(known), of="worlds", why="no interval: a world has none")
    below = math.sqrt(math.fsum((v - low) ** 2 for v, low, _ in ends)) / len(ends)
    above = math.sqrt(math.fsum((high - v) ** 2 for v, _, high in ends)) / len(ends)
    return Measured(value, value - below, value + above, len(ends), "worlds", "mover")
