"""The pool: the suite, the published shares and weights, migration, the bandit, novelty, and a real run."""

from __future__ import annotations

import json
import math
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
from journeyman.optimize import events, optimize, resume
from journeyman.optimize.search.pool import Pool, weights_of
from journeyman.optimize.trial import Request, Trial, trial_of
from journeyman.runlog import RunLog, canonical_digest
from journeyman.testing.searches import Play, SearchSuite, a_trial
from journeyman.verify import Candidate, Status, Verdict, make_candidate


class TestPool(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: Pool(operator.gt, seed=3)


class TestPoolOfAMixture(SearchSuite):
    """A bandit, three islands, few elites, and everything that is rare often."""

    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: Pool(
            operator.gt,
            seed=5,
            proposers=("a", "b", "c"),
            islands=3,
            archive=6,
            migration_every=3,
            migration_rate=0.5,
            remembered=4,
        )


class TestBeam(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: Pool(operator.gt, parents="beam", beams=3)


class TestPowerLaw(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: Pool(operator.gt, parents="power_law", islands=1)


def trial_with(index: int, score: float | None, text: str = "", **more: Any) -> Trial:
    status = Status.INFEASIBLE if score is None else Status.OK
    files = make_candidate({"main.py": text or f"call_{index}()\n"})
    return trial_of(index, files, Verdict(status, score, "dev"), **more)


def begun(seed_score: float = 0.0, better: Any = operator.gt, **options: Any) -> Pool:
    search = Pool(better, **options)
    search.tell(trial_with(0, seed_score, "seed()\n"))
    return search


def asked(search: Pool, index: int) -> Request:
    request = search.ask(index)
    assert request is not None
    return request


def filled(scores: list[float | None], **options: Any) -> Pool:
    search = begun(**options)
    for index, score in enumerate(scores, 1):
        asked(search, index)
        search.tell(trial_with(index, score))
    return search


def draws(search: Pool, first: int, count: int) -> list[Request]:
    """So many requests; each fails, so that the state stays as it is."""
    requests = []
    for index in range(first, first + count):
        requests.append(asked(search, index))
        search.failed(index)
    return requests


def test_the_defaults_are_the_published_ones() -> None:
    from journeyman.optimize.search import options_of

    options = options_of("pool")
    published = {
        "islands": 2,
        "archive": 40,
        "migration_every": 10,
        "migration_rate": 0.1,
        "parents": "weighted",
        "sharpness": 10.0,
        "power": 1.0,
        "beams": 10,
        "inspirations": 4,
        "elite": 0.3,
        "top": 2,
        "edit": 0.6,
        "rewrite": 0.3,
        "crossover": 0.1,
        "threshold": 0.95,
        "novelty_attempts": 3,
        "exploration": 1.0,
        "epsilon": 0.2,
    }
    assert {name: options[name] for name in published} == published


# --- parents ----------------------------------------------------------------------------------------------------------


def test_weights_are_those_of_the_formula() -> None:
    # Median 2, absolute deviations 2 1 0 1 6, their median 1.
    weights = weights_of([0.0, 1.0, 2.0, 3.0, 8.0], [0, 0, 1, 3, 4], sharpness=0.5)
    sigmoids = [1 / (1 + math.exp(-0.5 * z)) for z in (-2.0, -1.0, 0.0, 1.0, 6.0)]
    expected = [s / (1 + n) for s, n in zip(sigmoids, (0, 0, 1, 3, 4), strict=True)]
    assert weights == pytest.approx(expected, rel=1e-12)


scores_and_offspring = st.lists(
    st.tuples(st.integers(-1000, 1000), st.integers(0, 20)), min_size=1, max_size=40
)


@given(scores_and_offspring, st.sampled_from([1.0, 10.0, 100.0]))
def test_a_better_score_or_fewer_offspring_never_weighs_less(
    drawn: list[tuple[int, int]], sharpness: float
) -> None:
    scores, offspring = [float(s) for s, _ in drawn], [n for _, n in drawn]
    weights = weights_of(scores, offspring, sharpness)
    assert all(0.0 <= w <= 1.0 for w in weights)
    for (s, n), w in zip(drawn, weights, strict=True):
        for (t, m), v in zip(drawn, weights, strict=True):
            assert w >= v or s < t or n > m
    # The bonus is exactly 1 / (1 + offspring).
    childless = weights_of(scores, [0] * len(scores), sharpness)
    assert weights == [w / (1 + n) for w, n in zip(childless, offspring, strict=True)]


@given(scores_and_offspring, st.sampled_from([0.5, 2.0, 1024.0]), st.integers(-8, 8))
def test_the_unit_of_the_score_does_not_matter(drawn: list[tuple[int, int]], unit: float, shift: int) -> None:
    scores, offspring = [float(s) for s, _ in drawn], [n for _, n in drawn]
    moved = [unit * (s + shift) for s in scores]
    assert weights_of(moved, offspring, 10.0) == pytest.approx(weights_of(scores, offspring, 10.0), abs=1e-12)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1, max_size=20))
def test_weights_are_finite_whatever_the_scores(scores: list[float]) -> None:
    assert all(math.isfinite(w) for w in weights_of(scores, [0] * len(scores), 10.0))


def test_parents_are_drawn_by_their_weights() -> None:
    # The sharpness is low, so that no parent is out of the question.
    search = filled([1.0, 2.0, None, 3.0, 5.0], islands=1, sharpness=0.5, migration_every=10**6)
    elites = search._elites.on(0)
    offspring = [search._offspring.get(t.index, 0) for t in elites]
    assert sum(offspring) == 5
    weights = weights_of([t.score or 0.0 for t in elites], offspring, 0.5)
    counts = Counter(r.parents[0].index for r in draws(search, 6, 6000))
    for trial, weight in zip(elites, weights, strict=True):
        assert counts[trial.index] / 6000 == pytest.approx(weight / sum(weights), abs=0.02)


def test_offspring_counts_from_the_ask_and_a_failure_is_none() -> None:
    search = filled([], islands=1)
    for index in range(1, 5):
        asked(search, index)
    assert search._offspring == {0: 4}
    search.failed(1)
    search.failed(1)
    search.tell(trial_with(2, None))
    assert search._offspring == {0: 3}


def test_the_power_law_draws_by_rank() -> None:
    search = filled([1.0, 2.0, 3.0], islands=1, parents="power_law")
    counts = Counter(r.parents[0].index for r in draws(search, 4, 6000))
    total = 1 + 1 / 2 + 1 / 3 + 1 / 4
    for rank, index in enumerate((3, 2, 1, 0), 1):
        assert counts[index] / 6000 == pytest.approx(1 / rank / total, abs=0.02)


def test_a_beam_stays_with_a_parent_until_it_has_its_offspring() -> None:
    search = begun(islands=1, parents="beam", beams=3)
    parents = []
    for index in range(1, 10):
        parents.append(asked(search, index).parents[0].index)
        search.tell(trial_with(index, float(index)))
    assert parents == [0, 0, 0, 3, 3, 3, 6, 6, 6]


# --- elites and islands -----------------------------------------------------------------------------------------------


def test_the_pool_keeps_the_best_of_all_islands() -> None:
    rng = random.Random(2)
    scores: list[float | None] = [round(rng.random(), 2) for _ in range(200)]
    search = filled(scores, archive=10, migration_rate=0.0)
    kept = sorted(t.index for island in (0, 1) for t in search._elites.on(island))
    best = sorted(range(1, 201), key=lambda i: (-(scores[i - 1] or 0.0), i))[:10]
    assert kept == sorted(best)


def test_an_island_without_elites_goes_on_from_its_own_best() -> None:
    search = begun(archive=1, migration_rate=0.0)
    islands = {}
    for index in range(1, 40):
        request = asked(search, index)
        number = islands[index] = request.hint["island"]
        own = [i for i, n in islands.items() if n == number and i < index]
        if number == 1:
            assert request.parents[0].index in (own or [0])
        # Island 0 is better throughout, so island 1 never has an elite.
        search.tell(trial_with(index, 100.0 + index if number == 0 else float(index)))
    assert set(islands.values()) == {0, 1}


def test_elites_move_after_ten_asks_and_the_best_and_the_seed_stay() -> None:
    search = begun(seed=1)
    home = {}
    for index in range(1, 11):
        home[index] = asked(search, index).hint["island"]
        search.tell(trial_with(index, float(index)))
    for number in (0, 1):
        assert {t.index for t in search._elites.on(number)} - {0} == {
            i for i, n in home.items() if n == number
        }
    best = {number: search._elites.on(number)[0].index for number in (0, 1)}
    asked(search, 11)
    after = {t.index: n for n in (0, 1) for t in search._elites.on(n) if t.index}
    moved = [i for i in home if after[i] != home[i]]
    # A tenth of five or six elites is none, so one of each island.
    assert sorted(home[i] for i in moved) == [0, 1]
    assert not set(moved) & set(best.values())
    assert all(0 in {t.index for t in search._elites.on(number)} for number in (0, 1))
    for number in (0, 1):
        elites = search._elites.on(number)
        assert [t.index for t in elites] == sorted((t.index for t in elites), key=lambda i: (-float(i), i))


def test_a_rate_of_nothing_moves_nobody() -> None:
    search = filled([float(i) for i in range(60)], migration_rate=0.0)
    assert not any(set(r.hint["roles"]) == set() for r in draws(search, 61, 5))
    homes = {t.index: n for n in (0, 1) for t in search._elites.on(n) if t.index}
    replayed = filled([float(i) for i in range(60)], migration_rate=0.0, migration_every=1)
    assert homes == {t.index: n for n in (0, 1) for t in replayed._elites.on(n) if t.index}


def test_inspirations_are_of_the_island_and_the_best_stands_last() -> None:
    search = filled([float(i) for i in range(1, 31)], migration_rate=0.0)
    for request in draws(search, 31, 200):
        indices = [p.index for p in request.parents]
        roles = request.hint["roles"]
        assert len(set(indices)) == len(indices) == len(roles)
        island = [t.index for t in search._elites.on(request.hint["island"])]
        assert set(indices) <= set(island)
        inspirations = [i for i, role in zip(indices, roles, strict=True) if role == "inspiration"]
        assert inspirations == sorted(inspirations)
        others = [i for i in island if i != indices[0]]
        shown = set(inspirations) | {i for i, role in zip(indices, roles, strict=True) if role == "last"}
        # One best, three of any, and the two best of what is left: the three best are among them.
        assert len(shown) == 4 + 2 or search._last[request.hint["island"]] is not None
        assert set(others[:3]) <= shown


def test_the_last_trial_is_shown_with_its_failure() -> None:
    search = filled([1.0, None], islands=1)
    request = asked(search, 3)
    assert request.hint["roles"][1] == "last"
    assert request.parents[1].index == 2


# --- modes and proposers ----------------------------------------------------------------------------------------------


def test_modes_come_in_the_published_shares() -> None:
    search = filled([1.0, 2.0, 3.0], islands=1)
    counts = Counter(r.hint["mode"] for r in draws(search, 4, 6000))
    for mode, share in (("edit", 0.6), ("rewrite", 0.3), ("crossover", 0.1)):
        assert counts[mode] / 6000 == pytest.approx(share, abs=0.02)


def test_without_company_there_is_no_crossover() -> None:
    counts = Counter(r.hint["mode"] for r in draws(begun(islands=1), 1, 3000))
    assert set(counts) == {"edit", "rewrite"}
    assert counts["edit"] / 3000 == pytest.approx(0.6 / 0.9, abs=0.03)
    only = begun(islands=1, edit=0.0, rewrite=0.0, crossover=1.0)
    assert asked(only, 1).hint["mode"] == "rewrite"


def test_one_proposer_is_not_named() -> None:
    assert "proposer" not in asked(begun(), 1).hint
    assert "proposer" not in asked(begun(proposers=("model",)), 1).hint


def test_the_proposer_that_pays_is_asked_more() -> None:
    search = begun(proposers=("poor", "good"), islands=1)
    rng = random.Random(4)
    best, counts = 0.0, Counter[str]()
    for index in range(1, 301):
        proposer = asked(search, index).hint["proposer"]
        counts[proposer] += 1
        if proposer == "good" and rng.random() < 0.5:
            best += 0.1
            search.tell(trial_with(index, best))
        elif rng.random() < 0.5:
            search.failed(index)
        else:
            search.tell(trial_with(index, -1.0))
    assert counts["good"] > 1.5 * counts["poor"]
    # Epsilon alone gives the poor one a share of 0.2.
    assert counts["poor"] > 0.15 * 300


def test_a_proposer_is_paid_for_what_it_gains_over_parent_and_seed() -> None:
    search = begun(seed_score=2.0, proposers=("a", "b"), islands=1)
    assert search._arms is not None
    first = asked(search, 1).hint["proposer"]
    search.tell(trial_with(1, 2.5))
    # The unit is the size of the seed's score: 0.5 / 2.
    assert search._arms.mean(first) == math.expm1(0.25)
    second = asked(search, 2).hint["proposer"]
    search.tell(trial_with(2, 1.5))
    assert search._arms.mean(second) == 0.0
    down = begun(seed_score=0.5, better=operator.lt, proposers=("a", "b"))
    assert down._arms is not None
    first = asked(down, 1).hint["proposer"]
    down.tell(trial_with(1, 0.2))
    assert down._arms.mean(first) == math.expm1(0.3)


# --- novelty ----------------------------------------------------------------------------------------------------------


def test_what_was_tried_is_turned_away_three_times_in_a_row_and_then_verified() -> None:
    search = filled([1.0], islands=1, sharpness=0.0, parents="beam", beams=100)
    again = make_candidate({"main.py": "call_1()  # once more\n"})
    for index in (2, 3, 4):
        asked(search, index)
        reason = search.rejects(index, again)
        assert reason is not None
        assert "candidate 1" in reason
        search.failed(index)
    asked(search, 5)
    assert search.rejects(5, again) is None
    search.tell(trial_with(5, 0.5, "call_1()  # once more\n"))
    # A trial of this parent has come through: its failures are no longer in a row.
    asked(search, 6)
    assert search.rejects(6, make_candidate({"main.py": "call_1()  # third\n"})) is not None


def test_rejecting_changes_nothing() -> None:
    class Curious(Pool):
        def tell(self, trial: Trial) -> None:
            for index in list(self._under_way):
                files = make_candidate({"seed.py": f"# candidate {index}\n"})
                assert self.rejects(index, files) == self.rejects(index, files)
            super().tell(trial)

    one, other = Play(Pool(operator.gt, seed=1), 4), Play(Curious(operator.gt, seed=1), 4)
    one.steps(150)
    other.steps(150)
    assert one.asked == other.asked


def test_numbers_alone_are_never_turned_away() -> None:
    search = begun(islands=1, threshold=0.01)
    for index in range(1, 30):
        asked(search, index)
        files = make_candidate({"main.py": f"x = {index / 7}\n"})
        assert search.rejects(index, files) is None
        search.tell(trial_with(index, 1.0, f"x = {index / 7}\n"))


def test_nothing_is_turned_away_without_attempts_or_for_an_index_not_asked() -> None:
    search = filled([1.0], islands=1, novelty_attempts=0)
    asked(search, 2)
    assert search.rejects(2, make_candidate({"main.py": "call_1() # again\n"})) is None
    assert filled([1.0]).rejects(99, make_candidate({"main.py": "call_1() # again\n"})) is None


# --- the rest ---------------------------------------------------------------------------------------------------------


def test_what_is_kept_is_bounded() -> None:
    search = begun(archive=20, remembered=30)
    for index in range(1, 1501):
        asked(search, index)
        if index % 5 == 0:
            search.failed(index)
        else:
            search.tell(trial_with(index, random.Random(index).random()))
    assert sum(len(search._elites.on(number)) for number in (0, 1)) == 20
    assert len(search._seen) == 30
    assert not search._under_way


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"islands": 0}, "islands of at least 1, not 0"),
        ({"remembered": 0}, "remembered of at least 1"),
        ({"epsilon": 2.0}, "epsilon between 0 and 1"),
        ({"threshold": 0.0}, "threshold above 0"),
        ({"edit": 0.5}, "add up to 1"),
        ({"parents": "any"}, "no way 'any' to draw parents; there are: weighted, power_law, beam"),
    ],
)
def test_values_out_of_range_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Pool(operator.gt, **options)


def test_parents_are_those_on_record() -> None:
    # After a deliberate change: python tests/optimize/golden_parents.py
    record = json.loads(golden_parents.RECORD.read_text())["pool"]
    assert golden_parents.course(golden_parents.SEARCHES["pool"]()) == record


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_run_of_60_evaluations_improves_the_seed(tmp_path: Path, parallel: int) -> None:
    task = make_task(tmp_path / "task")
    result = optimize(
        task, search="pool", evaluations=60, parallel=parallel, verifier=Valley(), runs=tmp_path / "runs"
    )
    assert result.spent.evaluations == 60
    assert result.improved


class StoppedError(RuntimeError):
    """Stands for the death of the process."""


class Repeater:
    """Makes the same change again and again, in other words each time; now and then one of its own."""

    name = "repeater"
    waits = False

    def propose(self, request: Request, rng: Any) -> Any:
        from journeyman.optimize.trial import Proposal

        text = request.parents[0].candidate.text("params.toml")
        if request.index % 3 == 0:
            text = text.replace("x = ", f"x = {request.index % 4}.{request.index}\nold_x = ", 1)
            text = "".join(line + "\n" for line in text.splitlines() if not line.startswith("old_x"))
        return Proposal(
            request.parents[0].candidate.replace("params.toml", text + f"# take {request.index}\n")
        )

    def observe(self, trial: Trial) -> None:
        pass


@pytest.mark.parametrize("proposer", ["numeric", "repeater"])
def test_a_run_stopped_halfway_and_resumed_is_equal_to_one_that_was_not(
    tmp_path: Path, proposer: str
) -> None:
    task = make_task(tmp_path / "task")
    made: Any = {"proposer": Repeater()} if proposer == "repeater" else {}

    def search() -> Pool:
        return Pool(operator.lt, seed=1, migration_every=5)

    def run(folder: str, verifier: Valley) -> Any:
        return optimize(
            task, search=search(), evaluations=40, verifier=verifier, runs=tmp_path / folder, **made
        )

    whole = run("whole", Valley())
    left = [18]

    def meddle(candidate: Candidate, split: str, repeat: int, verdict: Verdict) -> Verdict:
        left[0] -= 1
        if left[0] < 0:
            raise StoppedError
        return verdict

    with pytest.raises(StoppedError):
        run("stopped", Valley(meddle=meddle))
    (halfway,) = (f for f in (tmp_path / "stopped").iterdir() if not f.name.startswith("."))
    resumed = resume(halfway, search=search(), verifier=Valley(), **made)
    digests = []
    for result in (whole, resumed):
        with RunLog.open(result.run) as log:
            digests.append(canonical_digest(log))
            if proposer == "repeater":
                kinds = Counter(e.body["kind"] for e in log.events(kind=events.FAILED))
                assert kinds["not_novel"] > 10
    assert digests[0] == digests[1]
    if proposer == "repeater":
        # Turned away three times, then verified: the run does not starve.
        assert whole.spent.evaluations > 10


def test_a_trial_of_the_suite_can_be_elite() -> None:
    search = Pool(operator.gt)
    search.tell(a_trial(0, 0.0, ()))
    asked(search, 1)
    search.tell(a_trial(1, 1.0))
    assert 1 in {t.index for number in (0, 1) for t in search._elites.on(number)}
