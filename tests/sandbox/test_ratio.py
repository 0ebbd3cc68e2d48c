"""The median of ratios and its interval: against exact counting, and against simulated truth."""

from __future__ import annotations

import itertools
import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyman.sandbox.ratio import median_interval, ratio_of

numbers = st.lists(st.floats(0.01, 100), min_size=1, max_size=40)


@given(numbers)
def test_the_interval_holds_the_sample_median(values: list[float]) -> None:
    low, high, confidence = median_interval(values)
    assert min(values) <= low <= statistics.median(values) <= high <= max(values)
    assert 0 <= confidence < 1


@given(st.integers(6, 60), st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99]))
def test_the_interval_is_the_narrowest_that_reaches_its_confidence(n: int, wanted: float) -> None:
    low, high, reached = median_interval(range(n), wanted)
    j = int(low) + 1
    assert int(high) == n - j
    assert reached == pytest.approx(coverage(n, j), abs=1e-12)
    if reached < wanted:
        assert j == 1
    elif 2 * (j + 1) <= n + 1:
        assert coverage(n, j + 1) < wanted


def coverage(n: int, j: int) -> float:
    """Chance that the j-th smallest and j-th largest of n fair draws enclose the median."""
    return 1 - 2 * sum(math.comb(n, i) for i in range(j)) / 2**n


def test_the_coverage_is_the_share_of_all_equally_likely_signs() -> None:
    n, j = 9, 2
    inside = sum(j <= sum(above) <= n - j for above in itertools.product((0, 1), repeat=n))
    assert coverage(n, j) == pytest.approx(inside / 2**n)


def test_the_true_median_is_inside_as_often_as_promised() -> None:
    rng = random.Random(7)
    # A skewed distribution with heavy tails, as times are; its median is 1.
    hits = 0
    for _ in range(2000):
        low, high, confidence = median_interval([math.exp(rng.gauss(0, 1) ** 3) for _ in range(11)])
        hits += low <= 1 <= high
    assert confidence == pytest.approx(0.98828125)
    assert 0.98 < hits / 2000 < 0.996


def test_ratio_counts_pairs_not_totals() -> None:
    ratio = ratio_of([1, 1, 1, 1, 1, 1, 100], [2, 2, 2, 2, 2, 2, 2])
    assert (ratio.median, ratio.pairs) == (2, 7)
    assert ratio.low == 0.02
    assert ratio.high == 2
    assert ratio.spread == pytest.approx(0.495)


@pytest.mark.parametrize(("candidate", "reference"), [([], []), ([1], [1, 2]), ([0.0], [1.0]), ([1.0], [-1.0])])
def test_times_that_make_no_ratio_are_refused(candidate: list[float], reference: list[float]) -> None:
    with pytest.raises(ValueError):
        ratio_of(candidate, reference)
