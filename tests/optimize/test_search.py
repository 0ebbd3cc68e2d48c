"""Searches: the suite that all pass, and what is special about chains."""

from __future__ import annotations

import operator
from typing import Any

import pytest

from journeyman.errors import UsageError
from journeyman.optimize.search import SEARCHES, Chains, make_search
from journeyman.testing.searches import SearchSuite, a_trial


class TestOneChain(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: Chains(operator.gt)


class TestThreeChains(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: Chains(operator.gt, width=3)


class TestDeepChains(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: Chains(operator.gt, width=2, depth=20)


def chains(**options: Any) -> Chains:
    search = Chains(operator.gt, **options)
    search.tell(a_trial(0, 0.0, ()))
    return search


@pytest.mark.parametrize(("width", "depth"), [(1, 5), (3, 4), (8, 1)])
def test_width_times_depth_asks_and_no_more(width: int, depth: int) -> None:
    search = chains(width=width, depth=depth)
    steps: dict[int, int] = {}
    index = 1
    while (request := search.ask(index)) is not None:
        steps[request.hint["chain"]] = steps.get(request.hint["chain"], 0) + 1
        search.tell(a_trial(index, 0.1))
        index += 1
    assert steps == dict.fromkeys(range(width), depth)


def test_chains_do_not_see_one_another() -> None:
    search = chains(width=2)
    for index, score in ((1, 5.0), (2, 1.0), (3, 6.0), (4, 2.0)):
        request = search.ask(index)
        assert request is not None
        assert request.hint["chain"] == (index - 1) % 2
        assert {p.index % 2 for p in request.parents if p.index} <= {index % 2}
        search.tell(a_trial(index, score))


def test_a_step_improves_the_best_of_its_chain_and_shows_the_last() -> None:
    search = chains()
    for index, score in ((1, 1.0), (2, None), (3, 0.5)):
        search.ask(index)
        search.tell(a_trial(index, score))
    request = search.ask(4)
    assert request is not None
    assert [parent.index for parent in request.parents] == [1, 3]


def test_an_idle_chain_is_asked_before_one_at_work() -> None:
    search = chains(width=2)
    search.ask(1)
    search.ask(2)
    search.tell(a_trial(2, 1.0))
    assert [request.hint["chain"] for index in (3, 4) if (request := search.ask(index))] == [1, 0]


def test_failures_and_repetitions_are_no_steps() -> None:
    from dataclasses import replace

    search = chains(depth=2)
    search.ask(1)
    search.failed(1)
    search.ask(2)
    search.tell(replace(a_trial(2, 1.0), same_as=0))
    assert search.ask(3) is not None
    assert search.ask(4) is not None
    assert search.ask(5) is None


def test_a_smaller_score_can_be_the_better_one() -> None:
    search = Chains(operator.lt)
    search.tell(a_trial(0, 3.0, ()))
    for index, score in ((1, 4.0), (2, -1.0)):
        search.ask(index)
        search.tell(a_trial(index, score))
    request = search.ask(3)
    assert request is not None
    assert request.parents[0].index == 2


def test_wrong_names_and_options_are_refused_with_what_there_is() -> None:
    assert "chains" in SEARCHES
    with pytest.raises(UsageError, match="there is no search 'annealing'; there are: chains"):
        make_search("annealing", operator.gt, {})
    with pytest.raises(UsageError, match="has no option 'islands'"):
        make_search("chains", operator.gt, {"islands": 3})
    with pytest.raises(UsageError, match="width of at least 1, not 0"):
        make_search("chains", operator.gt, {"width": 0})
