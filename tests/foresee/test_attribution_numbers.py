"""The numbers beneath attribution: Shapley values, intervals of shares, agreement beyond chance."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyman.errors import UsageError
from journeyman.foresee.attribution.kappa import kappa
from journeyman.foresee.attribution.proportion import difference, share_of
from journeyman.foresee.attribution.shapley import shapley, subsets
from journeyman.foresee.protocol.repair import STAGES

Game = dict[frozenset[str], float]


@st.composite
def games(draw: st.DrawFn, n: int = 5) -> tuple[tuple[str, ...], Game]:
    """A value for each subset of up to five players."""
    players = STAGES[: draw(st.integers(1, n))]
    values = draw(st.lists(st.floats(0, 1), min_size=2 ** len(players), max_size=2 ** len(players)))
    return players, dict(zip(subsets(players), values, strict=True))


def by_orders(players: tuple[str, ...], value: Callable[[frozenset[str]], float]) -> dict[str, float]:
    """The definition, order by order."""
    shares = dict.fromkeys(players, 0.0)
    for order in itertools.permutations(players):
        for i, player in enumerate(order):
            shares[player] += value(frozenset(order[: i + 1])) - value(frozenset(order[:i]))
    return {player: share / math.factorial(len(players)) for player, share in shares.items()}


@given(games())
def test_shapley_shares_add_up_to_the_whole(game: tuple[tuple[str, ...], Game]) -> None:
    players, value = game
    found = shapley(players, value.__getitem__)
    whole = value[frozenset(players)] - value[frozenset()]
    assert math.isclose(sum(found.values()), whole, abs_tol=1e-12)


@given(games(4))
def test_shapley_is_the_mean_over_orders(game: tuple[tuple[str, ...], Game]) -> None:
    players, value = game
    expected = by_orders(players, value.__getitem__)
    found = shapley(players, value.__getitem__)
    assert all(math.isclose(found[p], expected[p], abs_tol=1e-12) for p in players)


@given(games(4), st.floats(0, 1))
def test_a_null_player_gets_nothing_and_an_adder_what_it_adds(game: tuple[tuple[str, ...], Game], adds: float) -> None:
    players, value = game

    def with_two_more(chosen: frozenset[str]) -> float:
        return value[chosen - {"null", "adder"}] + (adds if "adder" in chosen else 0.0)

    found = shapley((*players, "null", "adder"), with_two_more)
    assert abs(found["null"]) < 1e-12
    assert math.isclose(found["adder"], adds, abs_tol=1e-12)


@given(st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_players_that_do_the_same_get_the_same(by_size: list[float]) -> None:
    found = shapley(STAGES, lambda chosen: by_size[len(chosen)])
    assert max(found.values()) - min(found.values()) < 1e-12


def test_two_that_are_needed_together_share_the_blame() -> None:
    found = shapley(STAGES, lambda chosen: float({"gate", "action"} <= chosen))
    assert found == {"gate": 0.5, "query": 0.0, "simulator": 0.0, "reading": 0.0, "action": 0.5}


def test_subsets_are_all_there_once_and_the_smallest_first() -> None:
    found = list(subsets(STAGES))
    assert len(set(found)) == len(found) == 32
    assert [len(chosen) for chosen in found] == sorted(len(chosen) for chosen in found)


def test_wilson_interval_against_published_values() -> None:
    # Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), table I.
    published = ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718))
    for hits, n, low, high in published:
        found = share_of(hits, n)
        assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_newcombe_interval_against_published_values() -> None:
    # Newcombe, Interval estimation for the difference, Statistics in Medicine 17 (1998), table II, method 10.
    published = ((56, 70, 48, 80, 0.0524, 0.3339), (9, 10, 3, 10, 0.1705, 0.8090), (10, 10, 0, 20, 0.6791, 1.0))
    for a, m, b, n, low, high in published:
        found = difference(share_of(a, m), share_of(b, n))
        assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_share_and_shrinks_with_more_of_the_same(counted: tuple[int, int]) -> None:
    hits, n = counted
    few, many = share_of(hits, n), share_of(16 * hits, 16 * n)
    assert 0 <= few.low <= hits / n <= few.high <= 1
    assert many.high - many.low < few.high - few.low


def test_nothing_counted_says_nothing() -> None:
    none = share_of(0, 0)
    assert (none.share, none.low, none.high) == (None, 0.0, 1.0)
    with pytest.raises(UsageError, match="at least one replay"):
        difference(share_of(1, 2), none)
    with pytest.raises(UsageError, match="3 of 2"):
        share_of(3, 2)
    with pytest.raises(UsageError, match="between 0 and 1"):
        share_of(1, 2, level=1.0)


def labels_of(counts: list[list[int]]) -> tuple[list[int], list[int]]:
    pairs = [(i, j) for i, row in enumerate(counts) for j, count in enumerate(row) for _ in range(count)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def test_kappa_against_worked_examples() -> None:
    # 50 proposals, two readers who say yes or no: observed 0.7, expected 0.5.
    assert kappa(*labels_of([[20, 5], [10, 15]])).value == pytest.approx(0.4)
    # Cohen (1960), 200 patients, two clinicians, three diagnoses: less than chance, -.09.
    found = kappa(*labels_of([[50, 26, 24], [24, 4, 32], [6, 30, 4]]))
    assert round(found.value or 0.0, 2) == -0.09
    # Fleiss, Cohen & Everitt (1969), 200 patients, two psychiatrists: kappa = 0.429 with standard error .055.
    found = kappa(*labels_of([[106, 10, 4], [22, 28, 10], [2, 12, 6]]))
    assert round(found.value or 0.0, 3) == 0.429
    assert found.low == pytest.approx(0.429 - 1.96 * 0.055, abs=0.03)
    assert found.high == pytest.approx(0.429 + 1.96 * 0.055, abs=0.03)
    assert (found.n, found.agreed) == (200, 140)


def test_kappa_at_its_ends() -> None:
    assert kappa(list("abcab"), list("abcab")).value == 1.0
    assert kappa(list("abab"), list("baba")).value == -1.0
    assert kappa([], []).value is None
    constant = kappa(list("aaa"), list("aaa"))
    assert (constant.value, constant.agreed) == (None, 3)
    with pytest.raises(UsageError, match="3 and 2"):
        kappa(list("abc"), list("ab"))
