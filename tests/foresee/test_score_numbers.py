"""The statistics that scores rest on, against scipy, scikit-learn and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.errors import UsageError
from journeyman.foresee.score.frontier import area, corners, reached
from journeyman.foresee.score.interval import (
    RESAMPLES,
    Sample,
    mean_of,
    measure,
    part_of,
    ratio,
    sample,
    wilson,
)
from journeyman.foresee.score.logistic import fit, ridge
from journeyman.foresee.score.measured import Measured, missing
from journeyman.foresee.score.paired_table import (
    mcnemar_p,
    pairs_needed,
    power_of,
    power_words,
    smallest_change,
)


@given(n=st.integers(1, 400), share=st.floats(0, 1), level=st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_is_scipys(n: int, share: float, level: float) -> None:
    from scipy import stats

    hits = round(share * n)
    theirs = stats.binomtest(hits, n).proportion_ci(level, method="wilson")
    low, high = wilson(hits, n, level=level)
    assert low == pytest.approx(theirs.low, abs=1e-12)
    assert high == pytest.approx(theirs.high, abs=1e-12)
    assert low <= hits / n <= high


def test_wilson_refuses_what_is_no_share() -> None:
    with pytest.raises(UsageError, match="3 of 2 is no share"):
        wilson(3, 2)
    with pytest.raises(UsageError, match="between 0 and 1, not 95"):
        wilson(1, 2, level=95)


def test_the_bootstrap_covers_the_truth() -> None:
    """The mean of 0, 1, 2 calls with unequal chances, 60 instances: of 400 intervals at 95 % about 380 hold it."""
    rng = np.random.default_rng(1)
    truth, held = 0.2 * 1 + 0.3 * 2, 0
    for _ in range(400):
        calls = rng.choice(3, size=60, p=[0.5, 0.2, 0.3])
        found = measure(sample([{"calls": float(k), "n": 1.0} for k in calls]), part_of("calls", "n"))
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert 366 <= held <= 392  # 380 but for three standard deviations of chance, and some narrowness of percentiles


def test_a_whole_instance_is_drawn_with_all_of_its_episodes() -> None:
    """Five equal episodes of each instance tell no more than one: the interval does not shrink."""
    rows = [{"solved": float(i % 3 == 0), "n": 1.0} for i in range(60)]
    once = measure(sample(rows), part_of("solved", "n"))
    more = sample([{name: 5 * value for name, value in row.items()} for row in rows], single=False)
    five = measure(more, part_of("solved", "n"))
    assert (once.low, once.high) == (five.low, five.high)


def test_the_draws_are_whole_samples_of_the_same_size() -> None:
    drawn = Sample(("one",), np.ones((37, 1))).drawn["one"]
    assert len(drawn) == RESAMPLES
    assert set(drawn.tolist()) == {37.0}


def test_a_share_at_its_end_has_wilsons_interval_and_one_without_value_has_a_reason() -> None:
    rows = [{"solved": 1.0, "n": 1.0, "called": 0.0} for _ in range(20)]
    sure = measure(sample(rows), part_of("solved", "n"), count="n", share=True)
    assert sure == Measured(1.0, *wilson(20, 20), n=20, method="wilson")
    assert measure(sample(rows), part_of("solved", "n")).low is None
    none = measure(sample(rows), part_of("solved", "called"), why="never called", count="called")
    assert none == missing("never called")
    assert measure(sample(rows[:1]), part_of("solved", "n")).why == "one instance says nothing about the spread"


def test_a_ratio_of_nothing_is_no_number() -> None:
    assert np.isnan(ratio(np.array([1.0]), np.array([0.0])))[0]


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_the_exact_binomial_test(first: int, second: int) -> None:
    from scipy import stats

    theirs = 1.0 if first + second == 0 else stats.binomtest(first, first + second).pvalue
    assert mcnemar_p(first, second) == pytest.approx(theirs, rel=1e-9, abs=1e-300)


def test_mcnemar_of_very_many_pairs_and_of_no_counts() -> None:
    from scipy import stats

    assert mcnemar_p(700, 900) == pytest.approx(stats.binomtest(700, 1600).pvalue, rel=1e-6)
    with pytest.raises(UsageError, match="not -1 and 2"):
        mcnemar_p(-1, 2)


def test_a_change_of_five_points_needs_about_470_pairs() -> None:
    """Spec d.2.11: 80 % power, two-sided 5 %, 15 % of the pairs discordant (10 against 5)."""
    assert pairs_needed(0.05, 0.15) == 469
    exact = pairs_needed(0.05, 0.15, test="exact")
    assert 469 < exact < 520
    assert power_of(exact, 0.05, 0.15) >= 0.8
    assert power_of(128, 0.05, 0.15) < 0.35, "128 instances do not resolve 5 points"


def test_the_exact_power_is_what_simulation_finds() -> None:
    from scipy import stats

    rng = np.random.default_rng(0)
    n, change, discordant = 120, 0.1, 0.2
    drawn = rng.multinomial(n, [(discordant + change) / 2, (discordant - change) / 2, 1 - discordant], size=4000)
    found = {(b, c): b > c and stats.binomtest(int(b), int(b + c)).pvalue <= 0.05 for b, c, _ in np.unique(drawn, axis=0)}
    share = np.mean([found[b, c] for b, c, _ in drawn])
    assert power_of(n, change, discordant) == pytest.approx(share, abs=0.025)


@given(n=st.integers(20, 5000), discordant=st.floats(0.02, 0.9))
def test_the_smallest_change_is_the_one_that_so_many_pairs_find(n: int, discordant: float) -> None:
    least = smallest_change(n, discordant)
    if least is None:
        assert pairs_needed(discordant, discordant) > n
        return
    assert 0 < least <= discordant
    assert pairs_needed(least, discordant) in (n, n + 1)


def test_power_is_said_before_a_run() -> None:
    said = power_words(400)
    assert said.startswith("power: with 400 paired instances, if 15 % of the pairs differ, a change of 5.4 points")
    assert said.endswith("5 points need 469")
    assert "need" not in power_words(600)
    assert "no change of the success rate is found" in power_words(5)
    with pytest.raises(UsageError, match="at most that share"):
        pairs_needed(0.2, 0.1)


@pytest.mark.parametrize("seed", range(4))
def test_the_logistic_regression_is_scikit_learns_and_its_errors_those_of_the_likelihood(seed: int) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's own, of packages it loads
        from sklearn.linear_model import LogisticRegression

        rng = np.random.default_rng(seed)
        x = np.column_stack([rng.poisson(4, 300), rng.normal(100, 15, 300)])
        y = (rng.random(300) < 1 / (1 + np.exp(1.0 - 0.3 * x[:, 0] + 0.01 * (x[:, 1] - 100)))).astype(float)
        theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000).fit((x - x.mean(0)) / x.std(0), y)
    ours = fit(x, y)
    assert ours.coefficients[1:] == pytest.approx(theirs.coef_[0] / x.std(0), rel=1e-4)
    # Errors: inverse of the second differences of the log likelihood at the maximum.
    design = np.column_stack([np.ones(300), x])
    at = np.array(ours.coefficients)
    steps = 1e-3 / np.abs(design).max(0)

    def likelihood(beta: np.ndarray) -> float:
        odds = design @ beta
        return float((y * odds - np.logaddexp(0, odds)).sum())

    hessian = np.array([
        [
            (likelihood(at + ei + ej) - likelihood(at + ei - ej) - likelihood(at - ei + ej) + likelihood(at - ei - ej))
            / (4 * steps[i] * steps[j])
            for j, ej in enumerate(np.diag(steps))
        ]
        for i, ei in enumerate(np.diag(steps))
    ])
    assert ours.errors == pytest.approx(np.sqrt(np.diag(np.linalg.inv(-hessian))), rel=1e-3)


def test_repeated_instances_widen_the_errors_of_a_regression() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 1))
    y = (rng.random(80) < 1 / (1 + np.exp(-x[:, 0]))).astype(float)
    once = fit(x, y)
    names = [f"i{i}" for i in range(80)] * 4
    four = fit(np.tile(x, (4, 1)), np.tile(y, 4), names)
    naive = fit(np.tile(x, (4, 1)), np.tile(y, 4), [f"e{i}" for i in range(320)])
    assert four.coefficients == pytest.approx(once.coefficients)
    assert naive.errors[1] == pytest.approx(once.errors[1] / 2)
    assert four.errors[1] == pytest.approx(once.errors[1], rel=0.25), "copies are no news"


def test_a_regression_without_an_answer_says_why() -> None:
    x = np.arange(20.0)[:, None]
    assert "tells success from failure by itself" in fit(x, (x[:, 0] > 9).astype(float)).why
    assert fit(x, np.ones(20)).why == "every episode succeeds"
    assert "same in every episode" in fit(np.ones((20, 1)), (x[:, 0] > 9).astype(float)).why
    assert "too few" in fit(x[:2], np.array([0.0, 1.0])).why
    mixed = np.array([0.0, 1.0] * 10)
    assert "cannot be told apart" in fit(np.hstack([x, 2 * x + 1]), mixed).why
    assert 0.4 < ridge(x, np.ones(20) * 0.5, x)[0] < 0.6
    assert ridge(x, np.ones(20), x).min() > 0.9


points = st.lists(st.tuples(st.floats(0, 20), st.floats(0, 1)), min_size=1, max_size=7)


@given(points, st.floats(0, 25))
@settings(max_examples=200)
def test_the_frontier_is_the_hull_of_what_was_played_and_flat_beyond(played: list[tuple[float, float]], at: float) -> None:
    calls, solved = np.array([[x for x, _ in played]]), np.array([[y for _, y in played]])
    found = reached(calls, solved, np.array([at]))[0]
    if at < min(x for x, _ in played):
        assert math.isnan(found)
        return
    ends = corners(played)
    flat = [*ends, (max(ends[-1][0], at) + 1, ends[-1][1])]
    if ends[0][0] <= at:
        assert found == pytest.approx(np.interp(at, *zip(*flat, strict=True)), abs=1e-6)
    assert found >= max(y for x, y in played if x <= at) - 1e-12


@given(st.lists(st.tuples(st.floats(0.1, 20), st.floats(0, 1)), min_size=1, max_size=5), st.floats(0, 1), st.floats(0.5, 25))
@settings(max_examples=50)
def test_the_area_is_the_mean_of_the_frontier(played: list[tuple[float, float]], alone: float, budget: float) -> None:
    rows = [(0.0, alone), *played]
    calls, solved = np.array([[x for x, _ in rows]]), np.array([[y for _, y in rows]])
    grid = np.linspace(0, budget, 4001)
    middles = (grid[1:] + grid[:-1]) / 2
    mean = reached(np.repeat(calls, 4000, axis=0), np.repeat(solved, 4000, axis=0), middles).mean()
    assert area(calls, solved, budget)[0] == pytest.approx(mean, abs=2e-3)


def test_the_mean_of_worlds_is_unweighted_and_as_sure_as_its_parts() -> None:
    parts = [Measured(0.4, 0.3, 0.5, 100), Measured(0.6, 0.5, 0.7, 400)]
    found = mean_of(parts)
    assert found.value == pytest.approx(0.5)
    assert found.low == pytest.approx(0.5 - 0.1 / math.sqrt(2))
    assert mean_of([*parts, missing("not played")]).value is None
    assert mean_of([*parts, Measured(0.5)]).low is None
