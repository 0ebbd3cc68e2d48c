"""AB-MCTS: the same numbers as the authors' library, and the same choices."""

from __future__ import annotations

import math
import operator
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from searching import on_record, recorded_course, run_cut_and_whole

from journeyman.errors import UsageError
from journeyman.optimize.search.ab_mcts import CONT, GEN, AbMcts, Node
from journeyman.optimize.search.posterior import UNIT, Arms, Beta, Gaussian, Prior, Rewards, steps_of
from journeyman.optimize.trial import Request
from journeyman.testing.searches import SearchSuite, a_trial, signature
from journeyman.verify import Status


class TestGaussian(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: AbMcts(operator.gt, seed=5)


class TestBeta(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: AbMcts(operator.lt, posterior="beta", seed=6)


class TestTwoProposers(SearchSuite):
    @pytest.fixture
    def make_search(self) -> Any:
        return lambda: AbMcts(operator.gt, proposers=("a", "b"), scale=0.1)


def begun(**options: Any) -> AbMcts:
    search = AbMcts(operator.gt, **options)
    search.tell(a_trial(0, 0.0, ()))
    return search


def ask(search: AbMcts, index: int) -> Request:
    request = search.ask(index)
    assert request is not None
    return request


def nodes(root: Node | None) -> Iterator[Node]:
    if root is not None:
        yield root
        for child in root.children:
            yield from nodes(child)


@pytest.mark.parametrize("key", ["ab_mcts", "ab_mcts beta"])
def test_the_parents_are_those_on_record(key: str) -> None:
    assert recorded_course(key) == on_record(key)


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_real_run_is_cut_and_goes_on(tmp_path: Path, parallel: int) -> None:
    run_cut_and_whole(tmp_path, lambda: AbMcts(operator.lt, seed=2), parallel)


# --- against the library ----------------------------------------------------------------------------------------------


class Library:
    """TreeQuest's tree, grown where our search says and told what ours was told."""

    def __init__(self, posterior: str, actions: tuple[str, ...]) -> None:
        treequest = pytest.importorskip(
            "treequest", reason="the authors' library, treequest, is not installed"
        )
        self.algorithm = treequest.ABMCTSA(dist_type=posterior)
        self.state = self.algorithm.init_tree()
        self.actions = list(actions)
        # Its ask makes the store of rewards; the trial it gives is never told.
        self.algorithm.ask(self.state, self.actions)
        self.node_of: dict[int, Any] = {0: self.state.tree.root}

    def grow(self, index: int, parent: int, action: str, reward: float) -> None:
        node = self.node_of[parent]
        self.state.thompson_states.get_or_create(node, self.actions)
        trial = self.state.trial_store.create_trial(node, action)
        self.state = self.algorithm.tell(self.state, trial.trial_id, (f"candidate {index}", reward))
        self.node_of[index] = node.children[-1]

    def go(self) -> tuple[int, str]:
        """Where it would grow next: index of the parent, and the action."""
        node, action = self.algorithm._get_expand_node_and_action(self.state, self.actions)
        return next(index for index, known in self.node_of.items() if known is node), action


def grown_together(posterior: str, actions: tuple[str, ...], count: int) -> tuple[AbMcts, Library]:
    ours, theirs = begun(posterior=posterior, proposers=actions, seed=1), Library(posterior, actions)
    rng = random.Random(4)
    scores: dict[int, float | None] = {0: 0.0}
    for index in range(1, count + 1):
        request = ask(ours, index)
        parent = request.parents[0].index
        gain = rng.gauss(0.3 if request.hint.get("proposer") == actions[-1] else 0.1, 0.7)
        scores[index] = None if rng.random() < 0.1 else (scores[parent] or 0.0) + gain
        ours.tell(a_trial(index, scores[index], (parent,)))
        reward = steps_of(ours.reward(scores[index])) / UNIT
        theirs.grow(index, parent, request.hint.get("proposer", actions[0]), reward)
    return ours, theirs


@pytest.mark.parametrize("posterior", ["gaussian", "beta"])
@pytest.mark.parametrize("actions", [("only",), ("a", "b", "c")])
def test_every_posterior_is_the_librarys(posterior: str, actions: tuple[str, ...]) -> None:
    ours, theirs = grown_together(posterior, actions, 80)
    prior = ours.prior

    def same(rewards: Rewards, params: dict[str, float]) -> None:
        assert dict(prior.posterior(rewards)) == pytest.approx(params, rel=0, abs=1e-12)

    compared, depth = 0, 0
    for node in nodes(ours.root):
        depth = max(depth, len(list(ancestors(node))))
        if node.choice is None or node.arms is None:
            continue
        state = theirs.state.thompson_states.get(theirs.node_of[node.trial.index])
        same(node.choice.rewards[GEN], state.gen_vs_cont_probas["shared"]["GEN"].params)
        same(node.choice.rewards[CONT], state.gen_vs_cont_probas["shared"]["CONT"].params)
        for position, rewards in enumerate(node.arms.rewards):
            same(rewards, state.node_probas["shared"][position].params)
            compared += 1
    assert compared == 80
    assert depth >= 3
    if len(actions) > 1:
        from treequest.algos.ab_mcts_a.prob_state import PriorConfig, ProbabilisticDist

        for position, action in enumerate(actions):
            known = ProbabilisticDist(PriorConfig(dist_type=posterior))
            for reward in theirs.state.all_rewards_store[action]:
                known.tell_observation(reward)
            same(ours.proposers.rewards[position], known.params)


def ancestors(node: Node) -> Iterator[Node]:
    while node.parent is not None:
        node = node.parent
        yield node


@pytest.mark.parametrize("posterior", ["gaussian", "beta"])
def test_the_choices_are_distributed_as_the_librarys(posterior: str) -> None:
    from scipy import stats

    ours, theirs = grown_together(posterior, ("a", "b"), 12)
    count = 1000
    mine: Counter[tuple[int, str]] = Counter()
    for index in range(1000, 1000 + count):
        request = ask(ours, index)
        mine[request.parents[0].index, request.hint["proposer"]] += 1
    # The library draws from the global generator.
    np.random.seed(11)
    known = Counter(theirs.go() for _ in range(count))
    often = [place for place in mine | known if mine[place] + known[place] >= 20]
    rest = [place for place in mine | known if place not in often]
    table = [[c[place] for place in often] + [1 + sum(c[place] for place in rest)] for c in (mine, known)]
    assert len(often) >= 6
    assert stats.chi2_contingency(table).pvalue > 1e-3


# --- posteriors -------------------------------------------------------------------------------------------------------

REWARDS = st.lists(st.integers(0, UNIT), max_size=30)


def summed(steps: list[int]) -> Rewards:
    rewards = Rewards()
    for step in steps:
        rewards.add(step)
    return rewards


@given(REWARDS, st.randoms())
def test_the_order_of_rewards_does_not_matter_to_the_last_bit(steps: list[int], random: Any) -> None:
    one = summed(steps)
    random.shuffle(steps)
    other = summed(steps)
    for prior in (Gaussian(), Beta()):
        assert prior.row(one) == prior.row(other)


@given(REWARDS, st.floats(-1, 1), st.floats(0.01, 10), st.floats(0.01, 10), st.floats(0.001, 1))
def test_a_gaussian_posterior_is_that_of_one_reward_after_another(
    steps: list[int], m: float, kappa: float, nu: float, tau_square: float
) -> None:
    prior = Gaussian(m, kappa, nu, tau_square)
    for step in steps:
        x = step / UNIT
        # Murphy's update for a single reward: each posterior is the prior of the next.
        tau_square = (nu * tau_square + kappa * (x - m) ** 2 / (kappa + 1)) / (nu + 1)
        m, kappa, nu = (kappa * m + x) / (kappa + 1), kappa + 1, nu + 1
    found = prior.posterior(summed(steps))
    assert found == pytest.approx({"m": m, "kappa": kappa, "nu": nu, "tau_square": tau_square}, abs=1e-9)


@given(REWARDS)
def test_a_beta_posterior_counts_successes_and_failures(steps: list[int]) -> None:
    found = Beta(2.0, 3.0).posterior(summed(steps))
    assert found["a"] + found["b"] == pytest.approx(5.0 + len(steps))
    assert found["a"] == pytest.approx(2.0 + math.fsum(s / UNIT for s in steps))


@pytest.mark.parametrize("steps", [[], [400_000_000], [100_000_000, 900_000_000, 500_000_000]])
def test_draws_are_distributed_as_the_posterior_says(steps: list[int]) -> None:
    from scipy import stats

    rng, count, rewards = np.random.default_rng(3), 20_000, summed(steps)
    g = Gaussian().posterior(rewards)
    t = stats.t(g["nu"], g["m"], math.sqrt(g["tau_square"] / g["kappa"]))
    b = Beta().posterior(rewards)
    for prior, known in ((Gaussian(), t), (Beta(), stats.beta(b["a"], b["b"]))):
        columns = [np.full(count, value) for value in prior.row(rewards)]
        assert stats.kstest(prior.draws(columns, rng), known.cdf).pvalue > 1e-3


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, UNIT)), max_size=20))
def test_arms_hold_what_was_added_to_each(told: list[tuple[int, int]]) -> None:
    arms = Arms(Gaussian())
    mirror: list[list[int]] = []
    for place, steps in told:
        if place >= len(mirror):
            arms.insert(place // 2 if place // 2 < len(mirror) else len(mirror))
            mirror.insert(place // 2 if place // 2 < len(mirror) else len(mirror), [])
        else:
            arms.add(place, steps)
            mirror[place].append(steps)
    assert [Gaussian().row(r) for r in arms.rewards] == [Gaussian().row(summed(m)) for m in mirror]
    if mirror:
        assert 0 <= arms.choose(np.random.default_rng(0)) < len(mirror)


def test_an_arm_far_better_than_the_others_is_chosen() -> None:
    for prior in (Gaussian(), Beta()):
        arms = Arms(prior, 3)
        for _ in range(200):
            for position, steps in enumerate((100_000_000, 900_000_000, 200_000_000)):
                arms.add(position, steps)
        assert {arms.choose(np.random.default_rng(seed)) for seed in range(50)} == {1}


# --- rewards ----------------------------------------------------------------------------------------------------------


@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12), st.floats(-1e12, 1e12), st.floats(0.01, 10))
def test_a_better_score_has_no_smaller_reward(seed: float, one: float, other: float, scale: float) -> None:
    largest = AbMcts(operator.gt, scale=scale)
    smallest = AbMcts(operator.lt, scale=scale)
    for search in (largest, smallest):
        search.tell(a_trial(0, seed, ()))
        assert search.reward(seed) == 0.5
        assert search.reward(None) == 0.0
        assert 0.0 <= search.reward(one) <= 1.0
    if one >= other:
        assert largest.reward(one) >= largest.reward(other)
        assert smallest.reward(one) <= smallest.reward(other)
    assert largest.reward(one) == pytest.approx(1 - smallest.reward(one))


def test_the_scale_says_what_is_told_apart() -> None:
    coarse, fine = AbMcts(operator.gt), AbMcts(operator.gt, scale=0.1)
    for search in (coarse, fine):
        search.tell(a_trial(0, 1000.0, ()))
    assert coarse.reward(2718.0) == pytest.approx(0.731, abs=0.001)
    assert coarse.reward(1050.0) == pytest.approx(0.512, abs=0.001)
    assert fine.reward(1050.0) == pytest.approx(0.62, abs=0.001)


# --- the search -------------------------------------------------------------------------------------------------------


def grown(search: AbMcts, gain: Any, count: int) -> dict[int, int]:
    """Depth of each trial when child = gain(parent's score, depth of the child)."""
    depth, scores = {0: 0}, {0: 0.0}
    for index in range(1, count + 1):
        parent = ask(search, index).parents[0].index
        depth[index] = depth[parent] + 1
        scores[index] = gain(scores[parent], depth[index])
        search.tell(a_trial(index, scores[index], (parent,)))
    return depth


@pytest.mark.parametrize("posterior", ["gaussian", "beta"])
def test_it_goes_deep_where_refining_pays_and_wide_where_it_does_not(posterior: str) -> None:
    deep = grown(begun(posterior=posterior), lambda score, depth: score + 1.0, 100)
    wide = grown(begun(posterior=posterior), lambda score, depth: 1.0 if depth == 1 else -3.0, 100)
    assert max(deep.values()) >= 4
    assert sum(d == 1 for d in deep.values()) <= 40
    assert sum(d == 1 for d in wide.values()) >= 75


def test_the_better_proposer_is_asked_more_often() -> None:
    search = begun(proposers=("weak", "strong"))
    asked: Counter[str] = Counter()
    for index in range(1, 101):
        name = ask(search, index).hint["proposer"]
        asked[name] += 1
        search.tell(a_trial(index, 2.0 if name == "strong" else -2.0))
    assert asked["strong"] >= 90


def test_a_single_proposer_is_not_named() -> None:
    assert "proposer" not in ask(begun(proposers=("only",)), 1).hint


def test_what_is_not_the_candidates_teaches_nothing() -> None:
    taught, calm = begun(), begun()
    for index in range(1, 6):
        for search in (taught, calm):
            ask(search, index)
            search.tell(a_trial(index, float(index)))
    for index in range(6, 9):
        ask(taught, index)
    taught.tell(replace(a_trial(6, 1.0), same_as=1))
    taught.tell(replace(a_trial(7, None), status=Status.INFRASTRUCTURE_ERROR))
    taught.failed(8)
    assert [signature(taught.ask(i)) for i in range(9, 30)] == [signature(calm.ask(i)) for i in range(9, 30)]


def test_asks_that_come_together_are_draws_of_their_own() -> None:
    search = begun()
    grown(search, lambda score, depth: score + 0.5, 60)
    assert len({ask(search, index).parents[0].index for index in range(61, 81)}) >= 4


def test_the_seed_of_the_draws_decides() -> None:
    def course(seed: int) -> list[int]:
        search = begun(seed=seed)
        return list(grown(search, lambda score, depth: score + 0.1, 40).values())

    assert course(1) == course(1)
    assert course(1) != course(2)
    assert course(-1) != course(1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"posterior": "cauchy"}, "there is no posterior 'cauchy'; there are: gaussian, beta"),
        ({"prior": {"a": 1.0}}, "the gaussian prior has no 'a'; it has: m, kappa, nu, tau_square"),
        ({"prior": {"kappa": 0.0}}, "kappa of the gaussian prior must be positive and finite, not 0.0"),
        ({"prior": {"m": math.inf}}, "m of the gaussian prior must be finite, not inf"),
        (
            {"posterior": "beta", "prior": {"b": -1}},
            "b of the beta prior must be positive and finite, not -1",
        ),
        ({"scale": 0.0}, "the scale of rewards must be above 0, not 0.0"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        AbMcts(operator.gt, **options)


def test_a_prior_of_ones_own_is_where_the_posterior_begins() -> None:
    prior: Prior = begun(prior={"m": 0.5, "tau_square": 0.2}).prior
    assert prior == Gaussian(m=0.5, tau_square=0.2)
    assert dict(prior.posterior(Rewards())) == {"m": 0.5, "kappa": 1.0, "nu": 1.0, "tau_square": 0.2}
