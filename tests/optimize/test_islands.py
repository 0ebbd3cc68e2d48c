"""MAP-Elites on islands: the suite, the published shares, the ring, the cells, and a real run."""

from __future__ import annotations

import json
import operator
import random
from collections import Counter
from pathlib import Path
from typing import Any

import golden_parents
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quick_task import Valley, make_task

from journeyman.errors import UsageError
from journeyman.optimize import optimize, resume
from journeyman.optimize.search.islands import Islands
from journeyman.optimize.search.map_elites import Features, Island, Member, cells_of
from journeyman.optimize.trial import Request, Trial, trial_of
from journeyman.runlog import RunLog, canonical_digest
from journeyman.testing.searches import SearchSuite, a_trial
from journeyman.verify import Status, Verdict, make_candidate


class TestIslands(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: Islands(operator.gt, seed=3)


class TestBusyIslands(SearchSuite):
    """Everything that is rare at the defaults happens often: migration, eviction, an archive of few."""

    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: Islands(
            operator.gt,
            seed=5,
            islands=3,
            population=12,
            archive=3,
            bins=3,
            migration_every=3,
            migration_rate=0.5,
        )


class TestOneIsland(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: Islands(operator.gt, islands=1, migration_every=1)


def trial_with(index: int, score: float | None, text: str, **more: Any) -> Trial:
    status = Status.INFEASIBLE if score is None else Status.OK
    return trial_of(index, make_candidate({"main.py": text}), Verdict(status, score, "dev"), **more)


def begun(**options: Any) -> Islands:
    search = Islands(operator.gt, **options)
    search.tell(trial_with(0, 0.0, "seed"))
    return search


def asked(search: Islands, index: int) -> Request:
    request = search.ask(index)
    assert request is not None
    return request


def parents_by_role(request: Request) -> dict[str, list[int]]:
    by_role: dict[str, list[int]] = {}
    for parent, role in zip(request.parents, request.hint["roles"], strict=True):
        by_role.setdefault(role, []).append(parent.index)
    return by_role


def test_the_defaults_are_the_published_ones() -> None:
    from journeyman.optimize.search import options_of

    assert options_of("islands") == {
        "islands": 5,
        "population": 1000,
        "archive": 100,
        "elite": 0.1,
        "exploration": 0.2,
        "exploitation": 0.7,
        "bins": 10,
        "migration_every": 50,
        "migration_rate": 0.1,
        "top": 3,
        "diverse": 2,
    }


def test_parents_are_drawn_in_the_published_shares() -> None:
    # Three groups that can be told apart: the archive holds the one best; a crowd shares one cell, of which the last is
    # no cell's best and can only come from the tournament; a loner far away has a cell of its own, and the lowest rank.
    search = begun(islands=1, archive=1, bins=2)
    crowd = 30
    for index in range(1, crowd + 1):
        asked(search, index)
        search.tell(trial_with(index, 2.0 - index / 100, "seed" + "x" * (index % 3)))
    asked(search, crowd + 1)
    search.tell(trial_with(crowd + 1, -1.0, "y" * 1000))
    draws = Counter(asked(search, index).parents[0].index for index in range(crowd + 2, crowd + 6002))
    best, loner, others = draws[1], draws[crowd + 1], 6000 - draws[1] - draws[crowd + 1]
    # Exploration is shared by two cells, whose bests are trial 1 and the loner. The tournament is over 32 members: the
    # first of n wins with probability (2n - 1) / n², the last with 1 / n².
    n = crowd + 2
    assert best / 6000 == pytest.approx(0.7 + 0.2 / 2 + 0.1 * (2 * n - 1) / n**2, abs=0.018)
    assert loner / 6000 == pytest.approx(0.2 / 2 + 0.1 / n**2, abs=0.012)
    assert others / 6000 == pytest.approx(0.1 * (1 - 2 * n / n**2), abs=0.012)


def test_islands_are_asked_in_turn_and_do_not_see_one_another() -> None:
    search = begun(islands=3, migration_every=100)
    for index in range(1, 91):
        request = asked(search, index)
        number = (index - 1) % 3
        assert request.hint["island"] == request.hint["chain"] == number
        assert {p.index for p in request.parents if p.index} <= set(range(number + 1, 91, 3))
        search.tell(trial_with(index, random.Random(index).random(), f"text {index}"))


def test_an_idle_island_is_asked_before_one_at_work() -> None:
    search = begun(islands=3)
    assert [asked(search, index).hint["island"] for index in (1, 2, 3)] == [0, 1, 2]
    search.failed(3)
    search.tell(trial_with(2, 1.0, "two"))
    assert [asked(search, index).hint["island"] for index in (4, 5, 6)] == [1, 2, 0]


def test_the_best_migrate_to_both_neighbours_after_50_asks() -> None:
    search = begun()
    seen: dict[int, set[int]] = {}
    of_island_0 = set(range(1, 301, 5))
    for index in range(1, 101):
        request = asked(search, index)
        seen[index] = {p.index for p in request.parents} & of_island_0
        # Whatever is made on island 0 is better than all else, and the later the better.
        search.tell(
            trial_with(index, (100.0 if index in of_island_0 else 0.0) + index / 1000, f"text {index}")
        )
    strangers = {index: met for index, met in seen.items() if index not in of_island_0}
    assert not any(met for index, met in strangers.items() if index <= 50)
    for index, met in strangers.items():
        if index > 50:
            # The ring: islands 1 and 4 border on island 0, 2 and 3 do not. A tenth of 11 members is one, the best.
            assert met == ({46} if (index - 1) % 5 in (1, 4) else set()), index


def test_the_share_that_migrates_is_that_of_the_members() -> None:
    search = begun(islands=3, migration_every=61, migration_rate=0.25)
    for index in range(1, 62):
        asked(search, index)
        search.tell(trial_with(index, 1000.0 - index, f"text {index}"))
    before = [{m.trial.index for m in island.members} for island in search._islands]
    assert [len(members) for members in before] == [22, 21, 21]
    asked(search, 62)
    after = [{m.trial.index for m in island.members} for island in search._islands]
    arrived = [sorted(now - then) for now, then in zip(after, before, strict=True)]
    # int(22 / 4) = int(21 / 4) = 5 of each, and everybody is everybody's neighbour on a ring of three.
    best = [sorted(members - {0})[:5] for members in before]
    assert arrived == [sorted(best[1] + best[2]), sorted(best[0] + best[2]), sorted(best[0] + best[1])]


def test_a_migrant_goes_no_further_and_never_meets_itself() -> None:
    search = begun(islands=4, migration_every=2, migration_rate=0.01)
    for index in range(1, 201):
        asked(search, index)
        search.tell(trial_with(index, 50.0 if index == 1 else random.Random(index).random(), f"text {index}"))
    where = [{m.trial.index for m in island.members} for island in search._islands]
    assert [1 in members for members in where] == [True, True, False, True]
    for island in search._islands:
        assert len({m.trial.digest for m in island.members}) == len(island.members)


def test_a_better_trial_takes_the_cell_and_a_worse_one_does_not() -> None:
    island = Island(capacity=10, bins=10)
    for index, score, size in ((1, 1.0, 10), (2, 5.0, 100), (3, 2.0, 11), (4, 1.5, 12), (5, 4.0, 99)):
        island.add(Member((-score, index), trial_with(index, score, "x"), size, 0))
    assert [m.trial.index for m in island.elites] == [2, 3]


def test_of_equal_trials_the_earlier_keeps_the_cell() -> None:
    island = Island(capacity=10, bins=10)
    for index in (2, 1, 3):
        island.add(Member((-1.0, index), trial_with(index, 1.0, "x"), 5, 5))
    assert [m.trial.index for m in island.elites] == [1]


members = st.lists(
    st.tuples(st.integers(-3, 3), st.integers(0, 200), st.integers(0, 50)), min_size=1, max_size=40
)


@given(members, st.randoms(use_true_random=False), st.integers(1, 12))
def test_an_island_is_a_function_of_the_set_of_its_members(
    drawn: list[tuple[int, int, int]], rng: random.Random, capacity: int
) -> None:
    made = [
        Member((float(score), index), a_trial(index, -score), size, distance)
        for index, (score, size, distance) in enumerate(drawn)
    ]
    pictures = []
    for turn in range(3):
        if turn:
            rng.shuffle(made)
        island = Island(capacity, bins=4)
        for member in made:
            if island.takes(member.rank):
                island.add(member)
        pictures.append(([m.rank for m in island.members], [m.rank for m in island.elites]))
    assert pictures[0] == pictures[1] == pictures[2]
    # Eviction keeps the best.
    assert pictures[0][0] == sorted(m.rank for m in made)[:capacity]


@given(members, st.integers(1, 12))
def test_cells_lie_in_the_grid_and_larger_features_are_never_in_lower_cells(
    drawn: list[tuple[int, int, int]], bins: int
) -> None:
    made = [Member((0.0, i), a_trial(i, 0.0), size, distance) for i, (_, size, distance) in enumerate(drawn)]
    cells = cells_of(made, bins)
    for one, cell in zip(made, cells, strict=True):
        assert all(0 <= part < bins for part in cell)
        for other, its in zip(made, cells, strict=True):
            assert one.size > other.size or cell[0] <= its[0]
            assert one.distance > other.distance or cell[1] <= its[1]
    if len({m.size for m in made}) > 1:
        assert {0, bins - 1} <= {cell[0] for cell in cells}


texts = st.text(alphabet="abc\n", max_size=30)


@given(texts, texts)
def test_diversity_is_a_distance_and_no_more_than_the_edit_distance(one: str, other: str) -> None:
    there = Features(make_candidate({"f": one})).of(make_candidate({"f": other}))
    back = Features(make_candidate({"f": other})).of(make_candidate({"f": one}))
    assert there[0] == len(other)
    assert there[1] == back[1] <= edit_distance(one, other)
    assert (there[1] == 0) == (sorted(one) == sorted(other))


def edit_distance(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        above, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            above, row[j] = row[j], min(above + (a != b), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def test_beside_the_parent_stand_the_last_the_best_and_others_from_different_cells() -> None:
    search = begun(islands=1)
    for index in range(1, 41):
        asked(search, index)
        search.tell(trial_with(index, float(index), "seed" * index))
    asked(search, 41)
    search.tell(trial_with(41, None, "broken"))
    for index in range(42, 142):
        request = asked(search, index)
        roles = parents_by_role(request)
        shown = [p.index for p in request.parents]
        assert len(set(shown)) == len(shown) == 1 + 1 + 3 + 2
        assert roles["parent"] == [shown[0]]
        # The last has no score, and its error is what the next proposal must see.
        assert roles["last"] == [41]
        best = [i for i in (40, 39, 38, 37) if i != shown[0]][:3]
        assert roles.get("best", []) == ([40] if shown[0] != 40 else [])
        assert shown[2:5] == best
        assert set(shown[5:]) <= {m.trial.index for m in search._islands[0].elites}


def test_what_has_no_score_or_repeats_an_earlier_candidate_is_no_member() -> None:
    from dataclasses import replace

    search = begun(islands=1)
    asked(search, 1)
    search.tell(trial_with(1, None, "broken"))
    asked(search, 2)
    search.tell(replace(trial_with(2, 0.0, "seed"), same_as=0))
    assert [m.trial.index for m in search._islands[0].members] == [0]
    assert parents_by_role(asked(search, 3)) == {"parent": [0], "last": [2]}


def test_negative_scores_and_minimisation_are_ordinary() -> None:
    search = Islands(operator.lt, islands=1, population=2, archive=1)
    search.tell(trial_with(0, -5.0, "seed"))
    for index, score in ((1, -7.0), (2, None), (3, 4.0), (4, -6.0)):
        asked(search, index)
        search.tell(trial_with(index, score, f"text {index}"))
    assert [m.trial.index for m in search._islands[0].members] == [1, 4]


def test_an_island_without_elite_draws_from_the_whole_archive() -> None:
    search = begun(islands=2, archive=1, elite=0.0, exploration=0.0, exploitation=1.0)
    asked(search, 1)
    search.tell(trial_with(1, 9.0, "first island"))
    request = asked(search, 2)
    assert (request.hint["island"], request.parents[0].index) == (1, 1)


def test_an_ask_costs_the_same_after_many_trials() -> None:
    # Not in seconds: what is looked at is bounded, however many trials there were.
    search = begun(islands=2, population=40, archive=10)
    for index in range(1, 2001):
        asked(search, index)
        search.tell(trial_with(index, random.Random(index).random(), "x" * (index % 50)))
    assert [len(island.members) for island in search._islands] == [20, 20]
    assert all(len(island.elites) <= 20 for island in search._islands)
    assert not search._island_of


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"islands": 0}, "islands of at least 1, not 0"),
        ({"islands": 7, "population": 6}, "population of at least 7, not 6"),
        ({"bins": 0}, "bins of at least 1"),
        ({"migration_every": 0}, "migration_every of at least 1"),
        ({"migration_rate": 1.5}, "migration_rate between 0 and 1, not 1.5"),
        ({"exploration": 0.5}, "add up to 1, not 0.1, 0.5 and 0.7"),
        ({"elite": -0.1, "exploration": 0.4}, "add up to 1"),
    ],
)
def test_values_out_of_range_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Islands(operator.gt, **options)


def test_parents_are_those_on_record() -> None:
    # After a deliberate change: python tests/optimize/golden_parents.py
    record = json.loads(golden_parents.RECORD.read_text())["islands"]
    assert golden_parents.course(golden_parents.SEARCHES["islands"]()) == record


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_run_of_60_evaluations_improves_the_seed(tmp_path: Path, parallel: int) -> None:
    task = make_task(tmp_path / "task")
    result = optimize(
        task, search="islands", evaluations=60, parallel=parallel, verifier=Valley(), runs=tmp_path / "runs"
    )
    assert result.spent.evaluations == 60
    assert result.improved


def test_a_run_stopped_halfway_and_resumed_is_equal_to_one_that_was_not(tmp_path: Path) -> None:
    task = make_task(tmp_path / "task")

    def run(folder: str, verifier: Valley) -> Any:
        options = {"islands": 2, "migration_every": 5}
        return optimize(
            task,
            search=Islands(operator.lt, seed=1, **options),
            evaluations=60,
            verifier=verifier,
            runs=tmp_path / folder,
        )

    whole = run("whole", Valley())
    with pytest.raises(StoppedError):
        run("stopped", Valley(meddle=stop_after(25)))
    (halfway,) = (tmp_path / "stopped").iterdir()
    resumed = resume(
        halfway, search=Islands(operator.lt, seed=1, islands=2, migration_every=5), verifier=Valley()
    )
    digests = []
    for result in (whole, resumed):
        with RunLog.open(result.run) as log:
            digests.append(canonical_digest(log))
    assert digests[0] == digests[1]


class StoppedError(RuntimeError):
    """Stands for the death of the process."""


def stop_after(verdicts: int) -> Any:
    given = [0]

    def meddle(candidate: object, split: str, repeat: int, verdict: Verdict) -> Verdict:
        given[0] += 1
        if given[0] > verdicts:
            raise StoppedError
        return verdict

    return meddle
