"""The matched-budget baselines: independent sampling, sequential refinement, best of n."""

from __future__ import annotations

import operator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from searching import on_record, played_out, recorded_course, run_cut_and_whole

from journeyman.errors import UsageError
from journeyman.optimize.search import make_search
from journeyman.optimize.search.base import Search
from journeyman.optimize.search.best_of_n import BestOfN
from journeyman.optimize.search.independent import Independent
from journeyman.optimize.search.leading import leads
from journeyman.optimize.search.sequential import Sequential
from journeyman.optimize.trial import Request, Trial
from journeyman.testing.searches import SearchSuite, a_trial


class TestIndependent(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: Independent(operator.gt)


class TestSequential(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: Sequential(operator.gt)


class TestSequentialAlone(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: Sequential(operator.gt, shown=0)


class TestBestOf5(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: BestOfN(operator.gt)


class TestBestOf1(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: BestOfN(operator.gt, n=1)


def ask(search: Search, index: int) -> Request:
    request = search.ask(index)
    assert request is not None
    return request


def begun(search: Search) -> Any:
    search.tell(a_trial(0, 0.0, ()))
    return search


def step(search: Search, index: int, score: float | None) -> list[int]:
    """Ask and tell; indices of the parents."""
    parents = [parent.index for parent in ask(search, index).parents]
    search.tell(a_trial(index, score))
    return parents


@pytest.mark.parametrize("key", ["independent", "sequential", "best_of_n"])
def test_the_parents_are_those_on_record(key: str) -> None:
    assert recorded_course(key) == on_record(key)


@pytest.mark.parametrize("parallel", [1, 3])
@pytest.mark.parametrize("name", ["independent", "sequential", "best_of_n"])
def test_a_real_run_is_cut_and_goes_on(tmp_path: Path, name: str, parallel: int) -> None:
    run_cut_and_whole(tmp_path, lambda: make_search(name, operator.lt, {}), parallel)


@pytest.mark.parametrize("search", [Sequential(operator.gt), BestOfN(operator.gt), Independent(operator.gt)])
def test_a_request_says_what_each_parent_is_for(search: Search) -> None:
    begun(search)
    for index in range(1, 20):
        request = ask(search, index)
        assert len(request.hint["roles"]) == len(request.parents)
        assert len({parent.index for parent in request.parents}) == len(request.parents)
        search.tell(a_trial(index, [1.0, 3.0, None, 2.0][index % 4]))


# --- independent ------------------------------------------------------------------------------------------------------


def test_independent_proposals_have_the_seed_as_only_parent_and_a_chain_each() -> None:
    search = begun(Independent(operator.gt))
    asked = [ask(search, index) for index in range(1, 6)]
    for index in range(1, 6):
        search.tell(a_trial(index, float(index)))
    asked.append(ask(search, 6))
    assert [[p.index for p in r.parents] for r in asked] == [[0]] * 6
    assert len({r.hint["chain"] for r in asked}) == 6


# --- sequential -------------------------------------------------------------------------------------------------------


def test_a_step_shows_the_best_and_the_three_latest_others() -> None:
    search = begun(Sequential(operator.gt))
    scores = [1.0, 5.0, 2.0, None, 3.0, 4.0]
    assert [step(search, i + 1, s) for i, s in enumerate(scores)] == [
        [0], [1], [2, 1], [2, 3, 1], [2, 4, 3, 1], [2, 5, 4, 3],
    ]  # fmt: skip
    request = ask(search, 7)
    assert [p.index for p in request.parents] == [2, 6, 5, 4]
    assert request.hint["roles"] == ["best", "last", "inspiration", "inspiration"]


def test_a_repeated_candidate_is_not_shown_again() -> None:
    search = begun(Sequential(operator.gt))
    step(search, 1, 1.0)
    ask(search, 2)
    search.tell(replace(a_trial(2, 0.0), same_as=0))
    assert [p.index for p in ask(search, 3).parents] == [1]


@given(
    st.lists(st.tuples(st.integers(1, 40), st.none() | st.integers(-3, 3)), unique_by=lambda t: t[0]),
    st.randoms(),
)
def test_the_order_of_tells_does_not_matter_to_a_line(
    told: list[tuple[int, int | None]], random: Any
) -> None:
    answers = []
    for _ in range(2):
        search = begun(Sequential(operator.gt))
        for index, score in told:
            search.tell(a_trial(index, None if score is None else float(score)))
        answers.append([p.index for p in ask(search, 99).parents])
        random.shuffle(told)
    assert answers[0] == answers[1]
    best = max([(0.0, 0), *((float(s), -i) for i, s in told if s is not None)])
    assert answers[0][0] == -best[1]
    latest = sorted((i for i, _ in told if i != answers[0][0]), reverse=True)[:3]
    assert answers[0][1:] == latest


# --- best of n --------------------------------------------------------------------------------------------------------


def test_a_round_has_one_parent_and_its_best_is_the_next() -> None:
    search = begun(BestOfN(operator.gt, n=3))
    scores = [1.0, 4.0, 2.0, 0.0, 3.0, -1.0, 5.0, None, 1.0, 0.0]
    assert [step(search, i + 1, s) for i, s in enumerate(scores)] == [[0]] * 3 + [[2]] * 6 + [[7]]


def test_the_next_round_waits_until_the_last_one_is_complete() -> None:
    search = begun(BestOfN(operator.gt, n=3))
    for index in (1, 2, 3):
        assert [p.index for p in ask(search, index).parents] == [0]
    assert search.ask(4) is None
    search.tell(a_trial(3, 9.0))
    search.tell(a_trial(1, 1.0))
    assert search.ask(4) is None
    search.tell(a_trial(2, 2.0))
    assert [p.index for p in ask(search, 4).parents] == [3]


def test_failures_and_repetitions_leave_their_place_in_the_round() -> None:
    search = begun(BestOfN(operator.gt, n=2))
    ask(search, 1)
    ask(search, 2)
    search.failed(1)
    assert ask(search, 3).hint["step"] == 1
    search.tell(replace(a_trial(2, 0.0), same_as=0))
    assert ask(search, 4).hint["step"] == 1
    search.tell(a_trial(3, 1.0))
    search.tell(a_trial(4, 2.0))
    assert ask(search, 5).hint["step"] == 2


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("lanes", [1, 2, 7])
def test_a_round_never_ends_the_run(n: int, lanes: int) -> None:
    """`played_out` fails if there is nothing to ask while nothing is in flight."""
    assert len(played_out(BestOfN(operator.gt, n=n), count=60, lanes=lanes)) == 60


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 1 candidate, not 0"):
        BestOfN(operator.gt, n=0)
    with pytest.raises(UsageError, match="at least 0 earlier attempts, not -1"):
        Sequential(operator.gt, shown=-1)


# --- who leads --------------------------------------------------------------------------------------------------------

TRIALS = st.builds(a_trial, st.integers(0, 5), st.none() | st.integers(-2, 2).map(float))


@given(st.permutations([a_trial(i, s) for i, s in enumerate([0.0, 2.0, None, 2.0, 1.0, None])]))
def test_the_leader_is_the_same_in_any_order(trials: list[Trial]) -> None:
    best: Trial | None = None
    for trial in trials:
        if leads(trial, best, operator.gt):
            best = trial
    assert best is not None
    assert best.index == 1


@given(TRIALS, TRIALS)
def test_two_trials_do_not_both_lead_the_other(one: Trial, other: Trial) -> None:
    assert not (leads(one, other, operator.gt) and leads(other, one, operator.gt))
    assert not leads(one, one, operator.gt)
