"""Reliability: the closed form of its counts, what is not checked, depth, reading, and an unannounced drop."""

from __future__ import annotations

import random

import pytest
from governors_points import Held, point
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from journeyman.errors import UsageError
from journeyman.foresee.governors.governor import Checked
from journeyman.foresee.governors.reliability import Learning, Reliability, Where
from journeyman.foresee.governors.trust import Given, Learned

HERE = Where("lake-6", "exact", (2,))
PLAIN = Learning(start=0.8, pooling=10.0, slow=1.0, fast=1.0)


@given(st.lists(st.booleans(), max_size=60))
def test_without_discount_it_is_the_beta_posterior(agreed: list[bool]) -> None:
    known = Reliability(PLAIN)
    for one in agreed:
        known.checked(HERE, one)
    a, b = 8.0 + sum(agreed), 2.0 + len(agreed) - sum(agreed)
    assert known.mean(HERE) == pytest.approx(a / (a + b), abs=1e-3)
    for q in (0.1, 0.5):
        assert known.quantile(HERE, q) == pytest.approx(stats.beta(a, b).ppf(q), abs=3e-3)


@given(st.lists(st.booleans(), max_size=60), st.floats(0.5, 1.0))
def test_with_a_discount_the_past_counts_as_a_geometric_series_says(agreed: list[bool], discount: float) -> None:
    known = Reliability(Learning(start=0.8, pooling=10.0, slow=discount, fast=discount))
    for one in agreed:
        known.checked(HERE, one)
    weights = [discount ** (len(agreed) - 1 - i) for i in range(len(agreed))]
    right = sum(w for w, one in zip(weights, agreed, strict=True) if one)
    assert known.mean(HERE) == pytest.approx((8.0 + right) / (10.0 + sum(weights)), abs=1e-3)


def test_a_walk_counts_for_its_steps_and_the_one_that_failed_is_the_last() -> None:
    def mean(*walks: tuple[bool, int | None]) -> float:
        known = Reliability(PLAIN)
        for agreed, steps in walks:
            known.checked(Where("w", "m", (1, 1, 1)), agreed, steps=steps)
        return known.mean(Where("w", "m", (1, 1, 1)))

    assert mean((True, None)) == pytest.approx(11 / 13, abs=1e-3)
    assert mean((False, 2)) == pytest.approx(9 / 12, abs=1e-3)
    assert mean((False, None)) == pytest.approx(10 / 13, abs=1e-3)


def test_classes_depths_and_models_are_shrunk_to_one_another_and_no_further_than_pooling_says() -> None:
    known = Reliability(PLAIN)
    for _ in range(1000):
        known.checked(HERE, False)
    other_class, other_depth = Where("lake-6", "exact", (0,)), Where("lake-6", "exact", (2, 2))
    other_model = Where("lake-6", "table", (2,))
    assert known.mean(HERE) < 0.01
    for other in (other_class, other_depth, other_model):
        assert known.mean(other) < 0.03  # nothing is known of them but what is known of their kin
    for _ in range(30):
        known.checked(other_class, True)
    # Its own 30 steps count against 10 of its kin's.
    assert known.mean(other_class) == pytest.approx(30 / 40, abs=0.01)
    assert known.mean(HERE) < 0.01


@given(st.floats(0.01, 0.99))
def test_one_prediction_that_was_not_tested_weighs_as_bayes_says(prior: float) -> None:
    known = Reliability(PLAIN)
    known.unchecked(HERE, [prior])
    # Beta(9, 2) if it was right, Beta(8, 3) if not, by how likely each is.
    right = 0.8 * prior / (0.8 * prior + 0.2 * (1.0 - prior))
    assert known.mean(HERE) == pytest.approx(right * 9 / 11 + (1.0 - right) * 8 / 11, abs=1e-3)


def test_what_was_certain_says_nothing_and_what_is_no_probability_is_refused() -> None:
    known = Reliability(PLAIN)
    known.unchecked(HERE, [0.0, 1.0])
    assert known.mean(HERE) == pytest.approx(0.8, abs=1e-3)
    with pytest.raises(UsageError, match=r"is a probability, not 1\.5"):
        known.unchecked(HERE, [1.5])


def simulated(reliability: float, n: int, seed: int, known: Reliability, *, correct: bool, risk: float = 0.15) -> None:
    """Predictions about steps that fail with `risk`; what is shown to fail is not done."""
    luck = random.Random(seed)
    for _ in range(n):
        bad = luck.random() < risk
        right = luck.random() < reliability
        if bad == right:  # "it fails" was shown
            if correct:
                known.unchecked(HERE, [risk])
        else:
            known.checked(HERE, right)


@pytest.mark.parametrize("reliability", [0.6, 0.8, 0.95])
def test_selection_misleads_one_who_counts_checked_predictions_alone(reliability: float) -> None:
    learning = Learning(slow=0.999, fast=0.999)
    naive, right = Reliability(learning), Reliability(learning)
    simulated(reliability, 4000, 1, naive, correct=False)
    simulated(reliability, 4000, 1, right, correct=True)
    given_safe = reliability * 0.85 / (reliability * 0.85 + (1 - reliability) * 0.15)
    assert naive.mean(HERE) == pytest.approx(given_safe, abs=0.03)
    assert right.mean(HERE) == pytest.approx(reliability, abs=0.04)


def test_an_unannounced_drop_is_seen_within_fifty_steps() -> None:
    after = []
    for seed in range(8):
        known = Reliability()
        simulated(1.0, 300, seed, known, correct=True)
        assert known.mean(HERE) > 0.93
        simulated(0.6, 50, seed + 100, known, correct=True)
        after.append(known.mean(HERE))
    assert sum(after) / len(after) < 0.75
    assert max(after) < 0.9


def test_what_is_not_used_any_more_is_forgotten() -> None:
    known = Reliability()
    for _ in range(50):
        known.checked(HERE, False)
    low = known.mean(HERE)
    known.ended()
    assert known.mean(HERE) == low  # this episode had news
    for _ in range(3000):
        known.ended()
    assert known.mean(HERE) == pytest.approx(known.learning.start, abs=0.05)


@settings(max_examples=30)
@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_two_errors_make_it_right_again(shown: float, read: float) -> None:
    trust = Learned()
    trust.simulator = _Fixed(shown)  # type: ignore[assignment]
    trust.reading = _Fixed(read)  # type: ignore[assignment]
    assert trust.of(point(), (0,)) == pytest.approx(shown * read + (1 - shown) * (1 - read))


class _Fixed:
    def __init__(self, value: float) -> None:
        self.value = value

    def mean(self, where: Where) -> float:
        return self.value


def test_a_long_call_whose_end_came_early_counts_as_a_long_call() -> None:
    trust, at = Learned(Learning(pooling=1.0)), point(mind=Held({0: 0.95, 1: 0.95}))
    trust.asks(at, [(0, 1, 0)])
    for _ in range(3):
        trust.heard((0, 1), {"terminal": True, "success": False})
    trust.ended()
    long, short = Where("lake-6", "exact", (0, 1, 0)), Where("lake-6", "exact", (0, 1))
    assert [key[2] for key in trust.simulator._memories[0].known] == [3]
    # Tile 0 was shown to bear, which was likely, and tile 1 to fail, which was not.
    assert trust.simulator.mean(long) < trust.simulator.learning.start - 0.1
    # Of short calls nothing is known but that.
    assert trust.simulator.mean(short) == pytest.approx(trust.simulator.mean(long), abs=0.1)


def test_what_is_tested_is_no_longer_pending_and_reading_is_learned_apart() -> None:
    trust, at = Learned(), point(mind=Held())
    trust.asks(at, [(0,)])
    trust.heard((0,), {"terminal": False, "success": False})
    trust.learn(Checked("lake-6", "exact", (0,), 1, True, reading=False))
    seen = trust.simulator.seen
    trust.ended()
    assert trust.simulator.seen == seen == 1
    assert trust.reading.mean(HERE) < trust.simulator.mean(HERE)
    assert Given(0.7).of(at, (0,)) == 0.7


@pytest.mark.parametrize(
    "wrong", [{"start": 0.0}, {"pooling": 0.0}, {"slow": 1.5}, {"fast": 0.999, "slow": 0.9}, {"fade": 0.0}]
)
def test_learning_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Learning(**wrong)
    with pytest.raises(UsageError, match="quantile lies between"):
        Reliability().quantile(HERE, 0.0)
