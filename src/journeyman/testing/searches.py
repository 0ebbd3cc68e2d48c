"""What every search must pass. Inherit and give one fixture:

    class TestMine(SearchSuite):
        @pytest.fixture
        def make_search(self):
            return lambda: Mine(operator.gt, seed=3)

Each call of it gives a new search in the same first state, for scores of which larger ones are better.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from journeyman.optimize.search.base import Search
from journeyman.optimize.trial import SEED, Request, Trial, trial_of
from journeyman.verify import Status, Verdict, make_candidate

MakeSearch = Callable[[], Search]


def a_trial(index: int, score: float | None, parents: tuple[int, ...] = (SEED,)) -> Trial:
    """A trial with this score; None: infeasible."""
    status = Status.INFEASIBLE if score is None else Status.OK
    files = make_candidate({"seed.py": f"# candidate {index}\n"})
    return trial_of(index, files, Verdict(status, score, "dev", feedback=f"said of {index}"), parents=parents)


def signature(request: Request | None) -> Any:
    """What two equal requests have in common."""
    return request and (request.index, [parent.index for parent in request.parents], request.hint)


class Play:
    """Plays a random course of asks, tells and failures with several trials under way, and writes it down."""

    def __init__(self, search: Search, seed: int) -> None:
        self.search = search
        self.course: list[tuple[str, Any]] = []
        self.asked: list[Any] = []
        self.told: set[int] = set()
        self._rng = random.Random(seed)
        self._under_way: list[Request] = []
        self._next = 1
        self.tell(a_trial(SEED, 0.0, ()))

    def tell(self, trial: Trial) -> None:
        """Tell and write down."""
        self.course.append(("tell", trial))
        self.told.add(trial.index)
        self.search.tell(trial)

    def steps(self, count: int) -> None:
        """Play on."""
        for _ in range(count):
            fate = self._rng.random()
            if self._under_way and (fate < 0.5 or len(self._under_way) >= 6):
                request = self._under_way.pop(self._rng.randrange(len(self._under_way)))
                if fate < 0.06:
                    self.course.append(("failed", request.index))
                    self.search.failed(request.index)
                    continue
                score = None if fate < 0.15 else round(self._rng.gauss(0.0, 1.0), 2)
                self.tell(a_trial(request.index, score, tuple(p.index for p in request.parents)))
            else:
                request_or_none = self.search.ask(self._next)
                if request_or_none is not None:
                    self.course.append(("ask", self._next))
                    self.asked.append(signature(request_or_none))
                    self._under_way.append(request_or_none)
                    self._next += 1


class SearchSuite:
    """The rules of `journeyman.optimize.search.base`, as tests."""

    @pytest.fixture
    def make_search(self) -> MakeSearch:
        """A maker of searches in their first state."""
        raise NotImplementedError("give a fixture make_search that returns a function without arguments")

    def test_asks_for_the_index_it_is_given_with_a_parent_it_was_told(self, make_search: MakeSearch) -> None:
        search = make_search()
        search.tell(a_trial(SEED, 0.0, ()))
        told = {SEED}
        for index in range(1, 12):
            request = search.ask(index)
            assert request is not None, "a search has something to ask when nothing is under way"
            assert request.index == index
            assert request.parents
            assert {parent.index for parent in request.parents} <= told
            search.tell(a_trial(index, index / 10))
            told.add(index)

    def test_two_in_the_same_state_ask_the_same(self, make_search: MakeSearch) -> None:
        one, other = Play(make_search(), 1), Play(make_search(), 1)
        one.steps(120)
        other.steps(120)
        assert one.asked == other.asked

    def test_telling_again_changes_nothing(self, make_search: MakeSearch) -> None:
        once, twice = Play(make_search(), 2), Play(make_search(), 2)
        once.steps(100)
        twice.steps(100)
        for what, trial in list(twice.course):
            if what == "tell":
                twice.search.tell(trial)
        once.steps(60)
        twice.steps(60)
        assert once.asked == twice.asked

    @pytest.mark.parametrize("seed", range(5))
    def test_the_order_of_tells_does_not_matter(self, make_search: MakeSearch, seed: int) -> None:
        rng = random.Random(seed)
        scores = [None if rng.random() < 0.2 else rng.choice([0.5, -1.0, rng.gauss(0, 1)]) for _ in range(8)]
        answers = []
        for turn in range(3):
            search = make_search()
            search.tell(a_trial(SEED, 0.0, ()))
            asked = [search.ask(index) for index in range(1, 9)]
            trials = [a_trial(r.index, scores[r.index - 1]) for r in asked if r is not None]
            (random.Random(turn).shuffle if turn else list)(trials)
            for trial in trials:
                search.tell(trial)
            first = len(trials) + 1
            answers.append([signature(search.ask(index)) for index in range(first, first + 4)])
        assert answers[0] == answers[1] == answers[2]

    @pytest.mark.parametrize("seed", range(3))
    def test_is_rebuilt_by_repeating_what_it_was_asked_and_told(
        self, make_search: MakeSearch, seed: int
    ) -> None:
        play = Play(make_search(), seed)
        play.steps(150)
        rebuilt = make_search()
        asked = []
        for what, subject in play.course:
            if what == "tell":
                rebuilt.tell(subject)
            elif what == "failed":
                rebuilt.failed(subject)
            else:
                asked.append(signature(rebuilt.ask(subject)))
        assert asked == play.asked
        index = len(asked) + 1
        assert signature(rebuilt.ask(index)) == signature(play.search.ask(index))

    def test_goes_on_when_nothing_has_a_score(self, make_search: MakeSearch) -> None:
        search = make_search()
        search.tell(a_trial(SEED, 0.0, ()))
        for index in range(1, 30):
            assert search.ask(index) is not None
            if index % 2:
                search.failed(index)
            else:
                search.tell(a_trial(index, None))

    def test_refusing_to_ask_changes_nothing(self, make_search: MakeSearch) -> None:
        search, calm = make_search(), make_search()
        for one in (search, calm):
            one.tell(a_trial(SEED, 0.0, ()))
        index = 1
        while index < 40 and calm.ask(index) is not None:
            search.ask(index)
            index += 1
        for _ in range(5 if index < 40 else 0):
            assert search.ask(index) is None
        search.tell(a_trial(1, 1.0))
        calm.tell(a_trial(1, 1.0))
        assert signature(search.ask(index)) == signature(calm.ask(index))
