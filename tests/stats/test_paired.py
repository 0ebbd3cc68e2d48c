"""Paired differences: against scipy, by enumeration, and by how often they are right."""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from journeyman.errors import UsageError
from journeyman.stats.paired import (
    hierarchical_interval,
    holm,
    mean_of_groups,
    outcomes,
    sign_flip_p,
    sign_test_p,
    smallest_difference,
)

whole = st.integers(-50, 50).map(float)
group = st.lists(whole, min_size=1, max_size=3)
groups = st.lists(group, min_size=1, max_size=3)


# --- the test by flipping signs -----------------------------------------------------------------------------------


@given(groups)
@settings(deadline=None)
def test_sign_flips_equal_enumeration_by_hand(found: list[list[float]]) -> None:
    flat = [(v, len(g)) for g in found for v in g]
    from fractions import Fraction

    exact = [Fraction(v) / (size * len(found)) for v, size in flat]
    seen = abs(sum(exact))
    patterns = list(itertools.product((1, -1), repeat=len(exact)))
    reached = sum(abs(sum(s * v for s, v in zip(signs, exact, strict=True))) >= seen for signs in patterns)
    assert sign_flip_p(found) == pytest.approx(reached / len(patterns), abs=1e-12)


def test_sign_flips_equal_scipys_permutation_test() -> None:
    values = list(np.random.default_rng(4).normal(0.4, 1.0, size=11))
    theirs = stats.permutation_test(
        (np.array(values),), lambda x, axis: np.mean(x, axis=axis), permutation_type="samples",
        vectorized=True, n_resamples=np.inf,
    )  # fmt: skip
    assert sign_flip_p([values]) == pytest.approx(theirs.pvalue, abs=1e-12)


def test_sign_flips_of_many_differences_are_drawn_and_near_the_exact_answer() -> None:
    values = [1.0] * 17 + [-1.0] * 8
    exact = stats.binomtest(17, 25).pvalue
    drawn = sign_flip_p([values])
    assert drawn == sign_flip_p([values]), "seeded"
    assert drawn == pytest.approx(exact, abs=5 * math.sqrt(exact / 100_000))


@given(groups)
@settings(deadline=None)
def test_sign_flips_do_not_care_which_method_comes_first(found: list[list[float]]) -> None:
    assert sign_flip_p(found) == pytest.approx(sign_flip_p([[-v for v in g] for g in found]), abs=1e-12)
    n = sum(v != 0 for g in found for v in g)
    assert 2 / 2**n - 1e-12 <= sign_flip_p(found) <= 1.0 or n == 0


def test_nine_cells_that_agree_give_the_least_p_there_is() -> None:
    assert sign_flip_p([[0.3, 0.1, 0.2]] * 3) == pytest.approx(2 / 2**9)
    assert sign_flip_p([[0.0, 0.0], [0.0]]) == 1.0


def test_sign_flips_raise_false_alarms_as_often_as_they_say() -> None:
    rng = np.random.default_rng(6)
    alarms = sum(
        sign_flip_p([list(rng.standard_t(3, size=3)) for _ in range(3)]) <= 0.05 for _ in range(1500)
    )
    assert alarms / 1500 <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / 1500)


@given(st.integers(0, 30), st.integers(0, 30))
@settings(deadline=None)
def test_sign_test_equals_the_binomial_sum(wins: int, losses: int) -> None:
    n, most = wins + losses, max(wins, losses)
    tail = sum(math.comb(n, k) for k in range(most, n + 1)) / 2**n
    assert sign_test_p(wins, losses) == pytest.approx(min(1.0, 2 * tail), rel=1e-9)


# --- intervals ----------------------------------------------------------------------------------------------------


@given(groups)
@settings(deadline=None, max_examples=50)
def test_interval_holds_the_mean_of_group_means(found: list[list[float]]) -> None:
    got = hierarchical_interval(found, resamples=200)
    assert got.mean == pytest.approx(statistics.fmean(statistics.fmean(g) for g in found), abs=1e-9)
    assert got.mean == mean_of_groups(found)
    assert got.n == sum(map(len, found))
    if got.low is not None:
        assert got.high is not None
        values = [v for g in found for v in g]
        assert min(values) - 1e-9 <= got.low <= got.mean <= got.high <= max(values) + 1e-9


def test_interval_is_seeded_and_of_one_value_there_is_none() -> None:
    found = [list(np.random.default_rng(g).normal(size=6)) for g in range(5)]
    assert hierarchical_interval(found) == hierarchical_interval(found)
    assert hierarchical_interval(found) != hierarchical_interval(found, seed=1)
    alone = hierarchical_interval([[2.0]])
    assert (alone.mean, alone.low, alone.high) == (2.0, None, None)
    assert hierarchical_interval([[2.0] * 3] * 2).low == 2.0


def test_interval_of_one_group_is_the_percentile_bootstrap() -> None:
    values = list(np.random.default_rng(1).normal(5.0, 1.0, size=40))
    ours = hierarchical_interval([values])
    theirs = stats.bootstrap(
        (np.array(values),), np.mean, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    assert ours.low == pytest.approx(theirs.low, abs=0.03)
    assert ours.high == pytest.approx(theirs.high, abs=0.03)


def test_interval_of_many_tasks_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(9)
    hits = 0
    for turn in range(300):
        tasks = rng.normal(1.0, 1.0, size=20)
        found = hierarchical_interval(
            [list(rng.normal(t, 0.5, size=3)) for t in tasks], resamples=400, seed=turn
        )
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 1.0 <= found.high
    assert 0.90 <= hits / 300 <= 0.99


def test_interval_is_wider_where_tasks_disagree_than_where_seeds_do() -> None:
    tasks = hierarchical_interval([[0.0] * 3, [1.0] * 3, [2.0] * 3])
    seeds = hierarchical_interval([[0.0, 1.0, 2.0]] * 3)
    assert tasks.low is not None
    assert seeds.low is not None
    assert tasks.low < seeds.low


# --- correction and power -----------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1), max_size=8), st.floats(0.001, 0.5))
@settings(deadline=None)
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values: list[float], level: float) -> None:
    corrected = holm(p_values)
    # Far enough from a boundary that rounding decides nothing.
    assume(all(abs(p * k - level) > 1e-9 for p in p_values for k in range(1, len(p_values) + 1)))
    rejected = set()
    for place, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[i] > level / (len(p_values) - place):
            break
        rejected.add(i)
    assert {i for i, p in enumerate(corrected) if p <= level} == rejected
    assert all(a >= b for a, b in zip(corrected, p_values, strict=True))


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


@pytest.mark.parametrize(("n", "level"), [(9, 0.05), (9, 0.05 / 7), (27, 0.01)])
def test_smallest_difference_is_found_as_often_as_stated(n: int, level: float) -> None:
    difference = smallest_difference(2.0, n, level=level, power=0.8, test="t")
    assert difference is not None
    sample = np.random.default_rng(2).normal(difference, 2.0, size=(20_000, n))
    found = (stats.ttest_1samp(sample, 0.0, axis=1).pvalue <= level).mean()
    assert found == pytest.approx(0.8, abs=4 * math.sqrt(0.16 / 20_000))


@pytest.mark.parametrize(("n", "level"), [(9, 0.05), (9, 0.05 / 7), (6, 0.05)])
def test_what_sign_flips_find_is_found_as_often_as_stated(n: int, level: float) -> None:
    difference = smallest_difference(2.0, n, level=level, power=0.8)
    assert difference is not None
    by_t = smallest_difference(2.0, n, level=level, power=0.8, test="t")
    assert by_t is not None
    assert difference > 0.97 * by_t, "an exact test with few patterns sees no more than the t test"
    rng = np.random.default_rng(3)
    found = sum(sign_flip_p([list(rng.normal(difference, 2.0, size=n))]) <= level for _ in range(1500))
    assert found / 1500 == pytest.approx(0.8, abs=4 * math.sqrt(0.16 / 1500) + 0.02)


def test_too_few_cells_find_nothing_however_large() -> None:
    # 2 / 2^5 = 0.0625
    assert smallest_difference(1.0, 5) is None
    assert smallest_difference(1.0, 6) is not None
    assert smallest_difference(1.0, 9, level=0.05 / 13) is None
    assert smallest_difference(1.0, 1, test="t") is None


@given(st.floats(0.01, 100), st.integers(2, 40))
@settings(deadline=None, max_examples=30)
def test_smallest_difference_grows_with_spread_and_shrinks_with_cells(spread: float, n: int) -> None:
    one, twice = (smallest_difference(s, n, test="t") for s in (spread, 2 * spread))
    more = smallest_difference(spread, 2 * n, test="t")
    assert one is not None
    assert twice is not None
    assert more is not None
    assert twice == pytest.approx(2 * one, rel=1e-6)
    assert more < one


def test_wins_ties_and_losses() -> None:
    assert outcomes([[0.2, -0.1], [0.0, 1e-12]]) == (2, 1, 1)
    assert outcomes([[0.2, -0.1], [0.0, 1e-12]], tie=1e-9) == (1, 2, 1)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: mean_of_groups([]), "at least one group"),
        (lambda: sign_flip_p([[1.0], []]), "each group at least one value"),
        (lambda: outcomes([[math.nan]]), "must be finite, not nan"),
        (lambda: hierarchical_interval([[1.0]], level=1.5), "lies between 0 and 1"),
        (lambda: holm([0.5, 1.5]), "p values lie in"),
        (lambda: smallest_difference(-1.0, 9), "make no test"),
        (lambda: sign_test_p(-1, 3), "are counts"),
    ],
)
def test_what_makes_no_sense_is_refused(call: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()  # type: ignore[operator]
