"""A mixture of proposers: who is asked, what moves the shares, and that nothing but outcomes does."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quick_task import Valley, make_task, params

from journeyman.errors import NothingLeft, ProposalFailed, RunInterrupted, UsageError
from journeyman.ledger import Spend
from journeyman.optimize import Scripted, optimize, resume
from journeyman.optimize.brief import brief_of
from journeyman.optimize.progress import Progress
from journeyman.optimize.propose.base import Proposer
from journeyman.optimize.propose.mixed import Mixed
from journeyman.optimize.propose.numeric import Numeric
from journeyman.optimize.propose.random_editor import RandomEditor
from journeyman.optimize.propose.shares import PATIENCE, Outcome, Record, shares
from journeyman.optimize.trial import SEED, Proposal, Request, Trial, trial_of
from journeyman.runlog import RunLog, canonical_digest
from journeyman.testing.proposers import ProposerSuite, Setting, request_for, seed_trial
from journeyman.verify import Status, Task, Verdict, load_task, make_candidate


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return make_task(tmp_path / "task")


def both(task: Task) -> Mixed:
    return Mixed([Numeric.for_task(task), RandomEditor.for_task(task)])


class TestMixed(ProposerSuite):
    @pytest.fixture
    def setting(self, task: Task) -> Setting:
        return Setting(lambda: both(task), task)


class TestMixedOnPython(ProposerSuite):
    @pytest.fixture
    def setting(self) -> Setting:
        task = load_task("operations/job_shop")
        return Setting(lambda: both(task), task)


class TestMixedOfOneThatWaits(ProposerSuite):
    @pytest.fixture
    def setting(self, task: Task) -> Setting:
        def waiting() -> Scripted:
            return Scripted(lambda request, rng: params(float(rng.random())), name="slow", waits=True)

        return Setting(lambda: Mixed([waiting(), Numeric.for_task(task)]), task)


# --- a run without an engine --------------------------------------------------------------------------------------


class Play:
    """Plays `count` proposals of a mixture of scripted parts; part `name` improves with the chance `luck[name]`.

    A luck of None: the part always fails. A luck of -1: it always gives the seed again.
    """

    def __init__(self, task: Task, luck: dict[str, float | None], *, seed: int = 0, **options: float) -> None:
        self.task = task
        self.luck = luck
        self.mixed = Mixed([Scripted(self._make, name=name) for name in luck], **options)  # type: ignore[arg-type]
        self.asked: list[str] = []
        self._rng = random.Random(seed)
        self._name = ""
        self.best = seed_trial(task)
        self.mixed.observe(self.best)

    def request(self, index: int, *, evaluations_left: int | None = 1000) -> Request:
        return Request(
            index, (self.best,), {}, brief_of(self.task), "", evaluations_left=evaluations_left,
            proposals_left=None,
        )  # fmt: skip

    def play(self, count: int, *, budget: int | None = None) -> Counter[str]:
        for index in range(1, count + 1):
            left = None if budget is None else budget - index + 1
            asked = self.request(index, evaluations_left=left)
            try:
                made = self.mixed.propose(
                    asked, np.random.default_rng((3, index, self._rng.randrange(10**6)))
                )
            except ProposalFailed as failure:
                self.mixed.failed(index, failure.kind, failure.proposer)
                self.asked.append(failure.proposer)
                continue
            name = made.proposer
            self.asked.append(name)
            assert self.best.score is not None
            luck = self.luck[name]
            assert luck is not None
            better = self._rng.random() < luck
            # The task is to be minimised.
            score = self.best.score + (-1.0 / index if better else 1.0)
            trial = trial_of(
                index,
                made.candidate,
                Verdict(Status.OK, score, "dev"),
                parents=(self.best.index,),
                proposer=name,
            )
            if luck < 0:
                trial = Trial(
                    index, trial.digest, trial.status, self.best.score, trial.parents, name, same_as=SEED,
                    source=trial.source,
                )  # fmt: skip
            self.mixed.observe(trial)
            if better:
                self.best = trial
        return Counter(self.asked)

    def _make(self, request: Request, rng: np.random.Generator) -> Proposal:
        # The name is not known here; what a part gives differs by its generator only.
        candidate = make_candidate({"params.toml": params(float(rng.random()))})
        return Proposal(candidate)


class Failing:
    """A proposer that never gives anything."""

    waits = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen: list[tuple[int, str, str]] = []

    def propose(self, request: Request, rng: np.random.Generator) -> Proposal:
        raise ProposalFailed("empty", "nothing came")

    def observe(self, trial: Trial) -> None:
        """Nothing to learn."""

    def failed(self, index: int, kind: str, proposer: str) -> None:
        self.seen.append((index, kind, proposer))


@pytest.mark.parametrize("seed", range(5))
def test_the_share_moves_to_the_part_that_gains(task: Task, seed: int) -> None:
    play = Play(task, {"bad": 0.0, "good": 0.3}, seed=seed)
    play.play(200)
    late = Counter(play.asked[60:])
    assert late["good"] > 2 * late["bad"]
    assert late["bad"] >= 3, "nobody falls below the floor"


@pytest.mark.parametrize("seed", range(3))
def test_the_share_comes_back_when_luck_turns(task: Task, seed: int) -> None:
    play = Play(task, {"one": 0.4, "other": 0.0}, seed=seed, tail=0.0)
    play.play(80)
    play.luck.update(one=0.0, other=0.4)
    before = len(play.asked)
    for index in range(81, 260):
        play.asked.append(_step(play, index))
    late = Counter(play.asked[before + 70 :])
    assert late["other"] > 2 * late["one"]


def _step(play: Play, index: int) -> str:
    made = play.mixed.propose(play.request(index), np.random.default_rng((5, index)))
    luck = play.luck[made.proposer]
    assert luck is not None
    assert play.best.score is not None
    better = random.Random(index).random() < luck
    score = play.best.score + (-1.0 / index if better else 1.0)
    trial = trial_of(
        index,
        made.candidate,
        Verdict(Status.OK, score, "dev"),
        parents=(play.best.index,),
        proposer=made.proposer,
    )
    play.mixed.observe(trial)
    if better:
        play.best = trial
    return made.proposer


def test_equal_parts_have_equal_shares_before_anything_is_known(task: Task) -> None:
    play = Play(task, {"a": 0.0, "b": 0.0, "c": 0.0})
    assert play.mixed.shares(play.request(1)) == pytest.approx({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3})


@pytest.mark.parametrize("name", ["bad", "numeric"])
@pytest.mark.parametrize("budget", [None, 120])
def test_a_part_that_always_fails_keeps_its_floor_also_in_the_tail(
    task: Task, name: str, budget: int | None
) -> None:
    good = Scripted(lambda request, rng: params(float(rng.random())), name="good")
    failing = Failing(name)
    mixed = Mixed([failing, good], floor=0.1)
    mixed.observe(seed_trial(task))
    asked: list[str] = []
    for index in range(1, 121):
        left = None if budget is None else budget - index + 1
        request = Request(index, (seed_trial(task),), {}, brief_of(task), evaluations_left=left)
        if asked.count(name) >= PATIENCE and name in asked[-32:]:
            news = [n for n in asked[-31:] if n == name]
            if len(news) >= PATIENCE:
                assert mixed.shares(request)[name] == pytest.approx(0.1)
        try:
            made = mixed.propose(request, np.random.default_rng((1, index)))
        except ProposalFailed as failure:
            mixed.failed(index, failure.kind, failure.proposer)
            asked.append(name)
            continue
        asked.append("good")
        verdict = Verdict(Status.OK, 1.0, "dev")
        mixed.observe(trial_of(index, made.candidate, verdict, parents=(SEED,), proposer="good"))
    assert asked.count(name) < 40
    assert failing.seen == [(i + 1, "empty", name) for i, n in enumerate(asked) if n == name]


def test_a_part_that_repeats_itself_is_broken_too(task: Task) -> None:
    play = Play(task, {"again": -1.0, "good": 0.2})
    play.play(150)
    assert Counter(play.asked[50:])["again"] < 30


def test_the_tail_of_the_budget_goes_to_numeric(task: Task) -> None:
    play = Play(task, {"model": 0.3, "numeric": 0.1}, tail=0.25)
    play.play(100, budget=100)
    share = [Counter(play.asked[a : a + 25])["numeric"] / 25 for a in (0, 25, 50, 75)]
    assert share[3] > max(share[1], share[2])
    assert play.mixed.shares(play.request(101, evaluations_left=1))["numeric"] > 0.85
    # The same state with a budget that is far from spent.
    assert play.mixed.shares(play.request(101, evaluations_left=1000))["numeric"] < 0.5


def test_without_a_cap_numeric_gets_more_when_the_others_stand_still(task: Task) -> None:
    play = Play(task, {"model": 0.0, "numeric": 0.0})
    play.play(400)
    assert play.mixed.shares(play.request(401, evaluations_left=None))["numeric"] > 0.7
    moving = Play(task, {"model": 0.3, "numeric": 0.0})
    moving.play(400)
    assert moving.mixed.shares(moving.request(401, evaluations_left=None))["numeric"] < 0.4


def test_the_cap_on_proposals_has_a_tail_as_well(task: Task) -> None:
    play = Play(task, {"model": 0.3, "numeric": 0.1})
    play.play(50)
    request = Request(51, (play.best,), {}, brief_of(task), proposals_left=1)
    assert play.mixed.shares(request)["numeric"] > 0.85


def test_the_search_may_name_the_part(task: Task) -> None:
    mixed = Mixed([Scripted([params(1.0)] * 99, name="a"), Scripted([params(2.0)] * 99, name="b")])
    mixed.observe(seed_trial(task))
    for index in range(1, 20):
        wanted = "ab"[index % 2]
        request = Request(index, (seed_trial(task),), {"proposer": wanted}, brief_of(task))
        made = mixed.propose(request, np.random.default_rng(index))
        assert made.proposer == wanted
        assert made.candidate.text("params.toml") == params({"a": 1.0, "b": 2.0}[wanted])
    unknown = Request(20, (seed_trial(task),), {"proposer": "mixed"}, brief_of(task))
    assert mixed.propose(unknown, np.random.default_rng(0)).proposer in "ab"


def test_a_part_at_its_end_is_passed_over(task: Task) -> None:
    mixed = Mixed([Scripted([], name="short"), Scripted([params(1.0)], name="long")])
    for seed in range(10):
        assert mixed.propose(request_for(task, 1), np.random.default_rng(seed)).proposer == "long"
    with pytest.raises(NothingLeft, match="all were proposed"):
        mixed.propose(request_for(task, 2), np.random.default_rng(0))


def test_a_candidate_that_is_no_tree_is_the_failure_of_its_part(task: Task) -> None:
    mixed = Mixed([Scripted([{"../out": b""}], name="wild")])
    with pytest.raises(ProposalFailed, match="not allowed in a candidate") as failed:
        mixed.propose(request_for(task, 1), np.random.default_rng(0))
    assert (failed.value.kind, failed.value.proposer) == ("invalid", "wild")


def test_it_waits_sees_pays_and_closes_as_its_parts_do(task: Task) -> None:
    class Paying(Scripted):
        sees = True
        worst_case = Spend(tokens=500, micro_usd=3)
        closed = 0

        def close(self) -> None:
            self.closed += 1

    cheap, dear = Numeric.for_task(task), Paying([], name="paying", waits=True)
    assert (both(task).waits, both(task).sees, both(task).worst_case) == (False, False, Spend())
    mixed = Mixed([cheap, dear])
    assert (mixed.waits, mixed.sees, mixed.worst_case) == (True, True, Spend(tokens=500, micro_usd=3))
    mixed.close()
    assert dear.closed == 1


def test_parts_that_do_not_wait_are_called_one_call_at_a_time(task: Task) -> None:
    class Careful:
        waits = False

        def __init__(self, name: str) -> None:
            self.name = name

        def propose(self, request: Request, rng: np.random.Generator) -> Proposal:
            self.alone()
            return Proposal(task.seed)

        def observe(self, trial: Trial) -> None:
            self.alone()

        def alone(self) -> None:
            assert inside.acquire(blocking=False), "two calls at once"
            for _ in range(2000):
                pass
            inside.release()

    inside, meet = threading.Lock(), threading.Barrier(3, timeout=20)

    def wait_for_another(request: Request, rng: np.random.Generator) -> str:
        # Passed only if three calls are in it together.
        meet.wait()
        return params(1.0)

    slow = Scripted(wait_for_another, name="slow", waits=True)
    mixed = Mixed([slow, Careful("one"), Careful("other")])
    faults: list[BaseException] = []

    def call(number: int) -> None:
        try:
            for step in range(30):
                request = request_for(task, step + 1)
                named = Request(
                    step + 1, request.parents, {"proposer": ("one", "other")[number % 2]}, request.brief
                )
                mixed.propose(named, np.random.default_rng(step))
                mixed.observe(trial_of(step + 1, task.seed, Verdict(Status.OK, 1.0, "dev"), proposer="one"))
            mixed.propose(Request(99, request.parents, {"proposer": "slow"}), np.random.default_rng(0))
        except (AssertionError, threading.BrokenBarrierError) as fault:
            faults.append(fault)

    threads = [threading.Thread(target=call, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults


@pytest.mark.parametrize(
    ("parts", "options", "said"),
    [
        ([], {}, "different names, not none"),
        (["a", "a"], {}, "different names, not a, a"),
        (["a", "b"], {"floor": 0.5}, "lies in 0 .. 0.5, not 0.5"),
        (["a"], {"window": 0}, "window must be at least 1"),
        (["a"], {"tail": 1.5}, "0 to 1, not 1.5"),
    ],
)
def test_what_cannot_be_is_refused(parts: Sequence[str], options: dict[str, float], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Mixed([Scripted([], name=name) for name in parts], **options)  # type: ignore[arg-type]


# --- shares -------------------------------------------------------------------------------------------------------

outcomes = st.lists(
    st.builds(
        Outcome,
        st.sampled_from("abc"),
        st.one_of(st.none(), st.just(float("inf")), st.floats(-5, 5, allow_nan=False)),
        st.booleans(),
    ),
    max_size=60,
)


@given(outcomes, st.integers(1, 40), st.randoms(use_true_random=False), st.booleans())
@settings(deadline=None)
def test_qualities_do_not_depend_on_the_order_of_the_news(
    found: list[Outcome], window: int, rng: random.Random, maximize: bool
) -> None:
    one, other = Record(window), Record(window)
    news = list(enumerate(found, start=1))
    for index, outcome in news:
        one.add(index, outcome)
    rng.shuffle(news)
    for index, outcome in news + news[:5]:
        other.add(index, outcome)
    assert one.qualities("abc", maximize=maximize) == other.qualities("abc", maximize=maximize)


@given(outcomes, st.sampled_from([2.0**-8, 1.0, 2.0**8]), st.booleans())
@settings(deadline=None)
def test_qualities_do_not_depend_on_the_unit_or_the_direction(
    found: list[Outcome], unit: float, maximize: bool
) -> None:
    one, other = Record(40), Record(40)
    for index, outcome in enumerate(found):
        one.add(index, outcome)
        rise = outcome.rise if outcome.rise in (None, float("inf")) else -unit * outcome.rise
        other.add(index, Outcome(outcome.part, rise, outcome.new))
    assert one.qualities("abc", maximize=maximize) == other.qualities("abc", maximize=not maximize)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=6), st.floats(0, 0.15))
@settings(deadline=None)
def test_shares_add_up_and_keep_the_floor(qualities: list[float], floor: float) -> None:
    found = shares(qualities, floor)
    assert sum(found) == pytest.approx(1.0)
    assert min(found) >= floor - 1e-12
    order = sorted(range(len(found)), key=lambda i: qualities[i])
    assert all(found[a] <= found[b] + 1e-12 for a, b in pairwise(order))


def test_credit_by_hand() -> None:
    record = Record(8)
    # Gains by rank: a 0.5 -> 2, b 3.0 -> 3, b 0.1 -> 1; a's other proposal and b's failure earn nothing.
    for index, outcome in enumerate(
        [Outcome("a", 0.5, True), Outcome("b", 3.0, True), Outcome("b", 0.1, True), Outcome("a", -1.0, True),
         Outcome("b", None, False)], start=1
    ):  # fmt: skip
        record.add(index, outcome)
    mean = 6 / 5
    assert record.qualities("ab", maximize=True) == pytest.approx([(2 + 2 * mean) / 4, (4 + 2 * mean) / 5])


# --- in a run -----------------------------------------------------------------------------------------------------


def test_a_run_says_which_part_made_what(task: Task, tmp_path: Path) -> None:
    result = optimize(
        task, proposer=both(task), evaluations=40, verifier=Valley(), runs=tmp_path / "runs", seed=2
    )
    with RunLog.open(result.run) as log:
        makers = Counter((e.body or {})["proposer"] for e in log.events("candidate"))
    assert set(makers) == {"seed", "numeric", "random"}
    assert min(makers.values()) >= 1
    assert result.improved


@pytest.mark.parametrize("stops", [(3,), (7, 12, 31)])
def test_a_run_stopped_and_resumed_equals_one_that_never_was(
    task: Task, tmp_path: Path, stops: Sequence[int]
) -> None:
    def parts() -> Proposer:
        return Mixed([Numeric.for_task(task), RandomEditor.for_task(task), Failing("failing")])

    whole = optimize(
        task, proposer=parts(), evaluations=40, seed=4, verifier=Valley(), runs=tmp_path / "whole"
    )
    stop_at = list(stops)

    def stop(progress: Progress) -> None:
        if stop_at and progress.spent.evaluations >= stop_at[0]:
            stop_at.pop(0)
            raise KeyboardInterrupt

    with pytest.raises(RunInterrupted):
        optimize(
            task,
            proposer=parts(),
            evaluations=40,
            seed=4,
            verifier=Valley(),
            runs=tmp_path / "cut",
            on_progress=stop,
        )
    (run,) = (tmp_path / "cut").iterdir()
    for _ in stops[1:]:
        with pytest.raises(RunInterrupted):
            resume(run, proposer=parts(), verifier=Valley(), task=task, on_progress=stop)
    result = resume(run, proposer=parts(), verifier=Valley(), task=task, on_progress=stop)
    assert not stop_at
    assert result.spent.evaluations == 40
    with RunLog.open(whole.run) as one, RunLog.open(result.run) as other:
        assert canonical_digest(one) == canonical_digest(other)
