"""Intervals of a mean."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyman.errors import UsageError
from journeyman.stats.interval import bootstrap_interval, t_interval

values = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=12)


def test_t_interval_of_a_textbook_sample() -> None:
    # Mean 5, standard deviation 2.5820, n 4, t(0.975, 3) = 3.1824.
    found = t_interval([2.0, 4.0, 6.0, 8.0])
    assert found.mean == 5.0
    assert found.low == pytest.approx(5 - 3.182446 * 2.581989 / 2, rel=1e-6)
    assert found.high == pytest.approx(5 + 3.182446 * 2.581989 / 2, rel=1e-6)


@given(values, st.floats(0.5, 2.0), st.floats(-100, 100))
def test_t_interval_moves_and_stretches_with_its_values(
    sample: list[float], scale: float, shift: float
) -> None:
    plain, moved = t_interval(sample), t_interval([scale * v + shift for v in sample])
    for a, b in ((plain.low, moved.low), (plain.high, moved.high), (plain.mean, moved.mean)):
        assert a is not None
        assert b is not None
        assert math.isclose(scale * a + shift, b, rel_tol=1e-6, abs_tol=1e-4)


@given(values)
def test_a_higher_level_is_wider(sample: list[float]) -> None:
    narrow, wide = t_interval(sample, level=0.8), t_interval(sample, level=0.99)
    assert narrow.low is not None
    assert narrow.high is not None
    assert wide.low is not None
    assert wide.high is not None
    assert wide.low <= narrow.low <= narrow.mean <= narrow.high <= wide.high


def test_t_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(2000):
        found = t_interval(list(rng.normal(3.0, 2.0, size=4)))
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 3.0 <= found.high
    # 95 % of 2000, four standard deviations of the count.
    assert abs(hits - 1900) < 4 * math.sqrt(2000 * 0.95 * 0.05)


def test_bootstrap_is_seeded_and_near_t_for_many_values() -> None:
    sample = list(np.random.default_rng(2).normal(0.0, 1.0, size=200))
    found, again, t = (
        bootstrap_interval(sample, seed=3),
        bootstrap_interval(sample, seed=3),
        t_interval(sample),
    )
    assert found == again
    assert found.low == pytest.approx(t.low, abs=0.03)
    assert found.high == pytest.approx(t.high, abs=0.03)


def test_one_value_has_no_interval_and_equal_ones_no_width() -> None:
    assert (t_interval([2.0]).low, bootstrap_interval([2.0]).high) == (None, None)
    assert bootstrap_interval([2.0, 2.0]).low == t_interval([2.0, 2.0]).high == 2.0


@pytest.mark.parametrize(("sample", "level"), [([], 0.95), ([1.0, math.nan], 0.95), ([1.0], 1.0)])
def test_what_makes_no_sense_is_refused(sample: list[float], level: float) -> None:
    for interval in (t_interval, bootstrap_interval):
        with pytest.raises(UsageError):
            interval(sample, level=level)
