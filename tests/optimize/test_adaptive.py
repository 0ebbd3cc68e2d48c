"""Adaptive: chains that exchange, the next step where it promises most, and the end for the best."""

from __future__ import annotations

import operator
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from searching import on_record, recorded_course, run_cut_and_whole

from journeyman.errors import UsageError
from journeyman.optimize.search.adaptive import Adaptive, _Line
from journeyman.optimize.trial import Request
from journeyman.testing.searches import SearchSuite, a_trial, signature


class TestFourChains(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: Adaptive(operator.gt, seed=3)


class TestImpatient(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: Adaptive(operator.gt, chains=2, evaluations=200, patience=0.1)


class TestEightWithABudget(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: Adaptive(operator.lt, chains=8, exchange=1, evaluations=60)


SEED_TRIAL = a_trial(0, 0.0, ())


def begun(**options: Any) -> Adaptive:
    search = Adaptive(operator.gt, **options)
    search.tell(SEED_TRIAL)
    return search


def ask(search: Adaptive, index: int) -> Request:
    request = search.ask(index)
    assert request is not None
    return request


def step(search: Adaptive, index: int, score: float | None) -> Request:
    request = ask(search, index)
    search.tell(a_trial(index, score, tuple(parent.index for parent in request.parents)))
    return request


@pytest.mark.parametrize("key", ["adaptive", "adaptive of 8"])
def test_the_parents_are_those_on_record(key: str) -> None:
    assert recorded_course(key) == on_record(key)


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_real_run_is_cut_and_goes_on(tmp_path: Path, parallel: int) -> None:
    run_cut_and_whole(tmp_path, lambda: Adaptive(operator.lt, seed=2, evaluations=60, patience=0.5), parallel)


# --- who is due -------------------------------------------------------------------------------------------------------


def test_asks_that_come_together_go_to_a_chain_each() -> None:
    search = begun(chains=5)
    requests = [ask(search, index) for index in range(1, 6)]
    assert [r.hint["island"] for r in requests] == [0, 1, 2, 3, 4]
    assert all([p.index for p in r.parents] == [0] for r in requests)


def test_the_next_step_goes_where_improvements_come() -> None:
    search = begun(chains=3)
    steps: Counter[int] = Counter()
    for index in range(1, 41):
        # Only chain 1 improves, with each of its steps.
        request = ask(search, index)
        chain = request.hint["island"]
        steps[chain] += 1
        search.tell(a_trial(index, float(index) if chain == 1 else -1.0))
    assert steps[1] >= 30
    assert min(steps[0], steps[2]) >= 1


def test_no_chain_starves() -> None:
    search = begun(chains=4)
    steps: Counter[int] = Counter()
    for index in range(1, 401):
        request = step(search, index, 1.0 if index == 1 else -1.0)
        steps[request.hint["island"]] += 1
    assert min(steps.values()) >= 20


LINES = st.builds(
    _Line, st.just(SEED_TRIAL), st.just(0), st.just(0), st.integers(0, 10_000), st.integers(0, 100)
)


@given(LINES)
def test_a_step_promises_less_with_age_and_more_with_improvements(line: _Line) -> None:
    assert (
        0
        < replace(line, age=line.age + 1).promise()
        < line.promise()
        < replace(line, wins=line.wins + 1).promise()
    )


def test_the_promise_of_a_chain_that_follows_the_law_falls_as_one_over_its_age() -> None:
    def lawful(age: int) -> float:
        wins = round(sum(1 / t for t in range(1, age + 1)))
        return _Line(SEED_TRIAL, 0, 0, age, wins).promise() * (1 + age)

    assert all(0.8 < lawful(age) < 1.35 for age in (3, 10, 30, 100, 300, 1000, 10_000))


def test_what_lies_behind_has_to_promise_more() -> None:
    search = begun(chains=2)
    assert [ask(search, index).hint["island"] for index in (1, 2)] == [0, 1]
    search.tell(a_trial(1, 5.0))
    search.tell(a_trial(2, 1.0))
    # Both improved with their first step. What chain 1 promises counts half, and is due when chain 0 promises as little.
    assert [step(search, index, -1.0).hint["island"] for index in (3, 4, 5)] == [0, 0, 1]


def test_failures_and_repetitions_are_no_steps() -> None:
    search, calm = begun(chains=2, evaluations=20), begun(chains=2, evaluations=20)
    ask(search, 1)
    search.failed(1)
    ask(search, 2)
    search.tell(replace(a_trial(2, 0.0), same_as=0))
    for index in range(3, 30):
        one, other = step(search, index, index % 5), step(calm, index, index % 5)
        assert signature(one) == signature(other)


# --- exchange ---------------------------------------------------------------------------------------------------------


def test_every_fourth_step_shows_the_best_of_another_chain() -> None:
    search = begun(chains=3)
    best = dict.fromkeys(range(3), 0)
    scores = {0: 0.0}
    shown = 0
    for index in range(1, 120):
        request = ask(search, index)
        chain = request.hint["island"]
        if "inspiration" in request.hint["roles"]:
            assert request.hint["step"] % 4 == 0
            found = request.parents[request.hint["roles"].index("inspiration")].index
            assert found == max((best[c] for c in best if c != chain), key=lambda i: scores[i])
            shown += 1
        assert request.parents[0].index == best[chain]
        assert request.hint["roles"][0] == "parent"
        assert len({p.index for p in request.parents}) == len(request.parents) == len(request.hint["roles"])
        # The wait for an improvement is short enough that no chain begins again.
        scores[index] = scores[best[chain]] + (1 if request.hint["step"] % 3 == 0 else -1)
        if scores[index] > scores[best[chain]]:
            best[chain] = index
        search.tell(a_trial(index, scores[index]))
    assert shown >= 5


def test_the_latest_trial_is_shown_beside_the_best() -> None:
    search = begun(chains=2)
    assert [step(search, i, s).hint["island"] for i, s in ((1, 2.0), (2, None), (3, None))] == [0, 0, 1]
    request = ask(search, 4)
    assert request.hint["island"] == 0
    assert [p.index for p in request.parents] == [1, 2]
    assert request.hint["roles"] == ["parent", "last"]


# --- beginning again --------------------------------------------------------------------------------------------------


def test_a_chain_that_stands_still_begins_again_from_the_best_a_good_one_and_the_seed() -> None:
    search = begun(chains=2, patience=1e-9)
    begun_from: list[int] = []
    parent = 0
    for index in range(1, 200):
        request = ask(search, index)
        chain, now = request.hint["island"], request.parents[0].index
        if chain == 1 and now != parent:
            begun_from.append(now)
            parent = now
        # Chain 0 climbs at once and holds the best; nothing that chain 1 tries is better than its parent.
        search.tell(a_trial(index, 10.0 if index == 1 else 1.0 - index / 100 if chain == 0 else -5.0))
    # The best, a good one that no chain holds, the seed, and the same again.
    assert begun_from[0] == 1
    assert begun_from[1] not in (0, 1)
    assert begun_from[2:4] == [0, 1]


def test_the_chain_with_the_best_of_all_is_never_begun_again() -> None:
    search = begun(chains=2, patience=1e-9)
    parents = {0: set(), 1: set()}
    for index in range(1, 150):
        request = step(search, index, 10.0 if index == 1 else -1.0 - index)
        parents[request.hint["island"]].add(request.parents[0].index)
    assert parents[0] == {0, 1}
    assert len(parents[1]) > 2


def test_a_trial_of_an_earlier_life_is_not_lost() -> None:
    search = begun(chains=2, patience=1e-9)
    step(search, 1, 1.0)
    late = next(index for index in range(2, 9) if ask(search, index).hint["island"] == 1)
    for index in range(9, 80):
        request = ask(search, index)
        if request.hint["island"] == 1 and request.parents[0].index != 0:
            break
        search.tell(a_trial(index, -1.0))
    search.tell(a_trial(late, 50.0))
    following = [ask(search, index) for index in range(100, 104)]
    assert any(r.hint["island"] == 1 and r.parents[0].index == late for r in following)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_the_order_of_tells_never_matters_whatever_begins_again(seed: int, random: Any) -> None:
    one, other = (begun(chains=3, patience=1e-9, seed=seed, evaluations=150) for _ in range(2))
    index = 1
    waiting: list[int] = []
    for _ in range(12):
        for _ in range(random.randint(1, 9)):
            assert signature(one.ask(index)) == signature(other.ask(index))
            waiting.append(index)
            index += 1
        random.shuffle(waiting)
        batch = [waiting.pop() for _ in range(random.randint(0, len(waiting)))]
        trials = [a_trial(i, random.choice([None, 1.0, 2.0, random.gauss(0, 2)])) for i in batch]
        for trial in trials:
            one.tell(trial)
        for trial in sorted(trials, key=lambda t: t.index):
            other.tell(trial)


# --- the end of the budget --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("finish", "spread"), [(0.5, 20), (0.25, 30), (0.0, 40)])
def test_the_end_of_the_budget_goes_to_the_best(finish: float, spread: int) -> None:
    search = begun(chains=4, finish=finish, evaluations=40)
    scores: dict[int, float] = {0: 0.0}
    for index in range(1, 41):
        request = ask(search, index)
        if index > spread:
            assert request.parents[0].index == max(scores, key=lambda i: (scores[i], -i))
        scores[index] = index * 0.1 if index % 7 == 0 else -1.0
        search.tell(a_trial(index, scores[index]))


def test_without_a_budget_or_a_better_one_than_the_seed_there_is_no_end() -> None:
    endless, hopeless = begun(finish=1.0), begun(finish=1.0, evaluations=40)
    step(endless, 1, 1.0)
    for search in (endless, hopeless):
        assert len({step(search, index, -1.0).hint["island"] for index in range(2, 40)}) == 4


def test_a_smaller_score_can_be_the_better_one() -> None:
    search = Adaptive(operator.lt, chains=2, finish=1.0, evaluations=10)
    search.tell(a_trial(0, 3.0, ()))
    for index, score in ((1, 4.0), (2, -1.0)):
        search.ask(index)
        search.tell(a_trial(index, score))
    assert ask(search, 3).parents[0].index == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"chains": 1}, "2 to 8 chains, not 1"),
        ({"chains": 9}, "2 to 8 chains, not 9"),
        ({"exchange": 0}, "every 1 or more steps, not every 0"),
        ({"patience": 0}, "patience must be above 0, not 0"),
        ({"finish": 1.5}, "between 0 and 1, not at 1.5"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Adaptive(operator.gt, **options)
