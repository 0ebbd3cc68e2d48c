"""The value of a call: never negative, invariant where it must be, and made only above its cost and the margin."""

from __future__ import annotations

import itertools

import pytest
from governors_points import Held, point
from hypothesis import given
from hypothesis import strategies as st

from journeyman.errors import UsageError
from journeyman.foresee.agents.agent import Wish
from journeyman.foresee.agents.lake_belief import Belief, outcomes
from journeyman.foresee.agents.lake_mind import LakeMind
from journeyman.foresee.agents.mind import Foreseen
from journeyman.foresee.draws import Draws
from journeyman.foresee.governors.batch import propose
from journeyman.foresee.governors.blind import worth_of
from journeyman.foresee.governors.evsi import Price, Worth, evsi, ranked, worthwhile
from journeyman.foresee.governors.steps import risks, shown_bad
from journeyman.foresee.governors.voi import Settings, Voi

shares = st.floats(0.0, 1.0)
ACT, CALL = Wish("act", (0,)), Wish("simulate", (0,))


def lake_mind(holes: list[float], left: int = 12) -> LakeMind:
    """A mind on a 3 x 3 lake, from one corner to the other, with these beliefs of the other seven tiles."""
    import numpy as np

    mind = LakeMind(0.15)
    mind._believe(Belief(3, np.array([0.0, *holes, 0.0]), 0, 8))
    mind.may_still(left)
    return mind


beliefs = st.lists(st.floats(0.01, 0.99), min_size=7, max_size=7)


@given(beliefs, shares, st.integers(1, 5))
def test_what_a_call_is_worth_is_never_negative_and_its_outcomes_are_a_distribution(
    holes: list[float], reliability: float, depth: int
) -> None:
    mind = lake_mind(holes)
    now = max(mind.values().values())
    for call in mind.foresee(reliability, depth):
        assert sum(p for p, _ in call.outcomes) == pytest.approx(1.0)
        assert evsi(call, now) >= -1e-9


@given(beliefs, st.integers(1, 4))
def test_a_coin_instead_of_a_simulator_is_worth_nothing(holes: list[float], depth: int) -> None:
    mind = lake_mind(holes)
    now = max(mind.values().values())
    assert all(abs(evsi(call, now)) < 1e-9 for call in mind.foresee(0.5, depth))


@given(beliefs, st.floats(0.5, 1.0), st.floats(0.5, 1.0))
def test_single_steps_are_worth_more_the_more_reliable_they_are(holes: list[float], one: float, other: float) -> None:
    less, more = sorted((one, other))
    mind = lake_mind(holes)
    by_call = {call.actions: call.expected for call in mind.foresee(less)}
    for call in mind.foresee(more):
        assert call.expected >= by_call[call.actions] - 1e-9


def test_evsi_by_hand() -> None:
    # Ways worth .6, .5 and a sure .3. Exact calls: .6 * 1 + .4 * .5 - .6 = .2 and .5 + .5 * .6 - .6 = .2.
    mind = Held({0: 0.6, 1: 0.5}, sure=0.3)
    assert [evsi(call, 0.6) for call in mind.foresee(1.0)] == pytest.approx([0.2, 0.2])
    # At .8: yes .56, then .48/.56; no .44, then .5: .48 + .22 - .6 = .1.
    assert evsi(mind.foresee(0.8)[0], 0.6) == pytest.approx(0.1)


@given(st.lists(st.tuples(shares, st.lists(shares, min_size=2, max_size=2)), min_size=1, max_size=5), shares, st.randoms())
def test_the_ranking_does_not_depend_on_the_order_in_which_calls_are_named(
    made: list[tuple[float, list[float]]], now: float, random: object
) -> None:
    calls = [Foreseen((i,), ((p, a), (1 - p, b)), True) for i, (p, (a, b)) in enumerate(made)]
    mixed = list(calls)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    first, second = ranked(calls, now, Price(0.02)), ranked(mixed, now, Price(0.02))
    assert [w.net for w in first] == [w.net for w in second]
    assert all(a.net >= b.net for a, b in itertools.pairwise(first))
    assert ranked(calls, now, Price(0.02), asked={(0,)}) == [w for w in first if w.call.actions != (0,)]


@given(shares, shares, st.floats(0.001, 0.2), st.floats(0.0, 0.1))
def test_a_call_is_made_iff_it_is_worth_cost_and_margin(after: float, now: float, cost: float, margin: float) -> None:
    worth = Worth(Foreseen((0,), ((1.0, after),), True), after - now, cost)
    assert worthwhile(worth, Price(cost, margin=margin)) == (after - now - cost > margin and after - now > 1e-9)


def test_longer_calls_cost_more_where_that_is_asked_for() -> None:
    assert [Price(0.02, growth=0.5).of((0,) * n) for n in (1, 2, 5)] == pytest.approx([0.02, 0.03, 0.06])


@given(shares, shares, st.floats(0.5, 1.0))
def test_a_stated_confidence_is_worth_asking_about_as_its_closed_form_says(p: float, otherwise: float, rho: float) -> None:
    # Only one answer can make a difference: "no" to what one would do, "yes" to what one would not.
    no = p * (1 - rho) + (1 - p) * rho
    gain = no * otherwise - p * (1 - rho) if p >= otherwise else p * rho - (1 - no) * otherwise
    assert worth_of(p, otherwise, rho) == pytest.approx(max(gain, 0.0), abs=1e-12)


@given(beliefs, st.floats(0.5, 1.0))
def test_the_probability_of_bad_news_is_that_of_outcomes_that_show_a_fall(holes: list[float], reliability: float) -> None:
    mind, walk = lake_mind(holes), (2, 2, 1)
    could = outcomes(mind.belief, walk, reliability)
    fell = sum(float(p) for shown, p in zip(could.shown, could.chance, strict=True) if shown.fell)
    assert shown_bad(risks(mind, walk), reliability) == pytest.approx(fell, abs=1e-6)


# --- the governor ---------------------------------------------------------------------------------------------------------


def voi(**settings: object) -> Voi:
    return Voi(Settings(**{"reliability": "0.8", "depth": 1, **settings}))  # type: ignore[arg-type]


def test_it_makes_the_call_that_is_worth_most_whatever_the_agent_wants() -> None:
    mind = Held({0: 0.6, 1: 0.58, 2: 0.1}, sure=0.3)
    for wish in (ACT, Wish("simulate", (2,))):
        ruling = voi().rule(point(wish, mind))
        assert (ruling.verdict, ruling.actions) == ("simulate", (0,))
    assert voi().rule(point(CALL, mind)).verdict == "allow"
    assert ruling.values["evsi"] > ruling.values["cost"] == 0.02
    assert ruling.values["after"] - ruling.values["now"] == pytest.approx(ruling.values["evsi"])


@pytest.mark.parametrize(
    "settings", [{"cost": 0.11}, {"epsilon": 0.05}, {"delta": 0.09}, {"reliability": "0.5"}, {"cap": 0}, {"single": 6.0}]
)
def test_it_calls_nothing_where_cost_margin_or_doubt_of_the_simulator_are_too_large(settings: dict[str, object]) -> None:
    mind = Held({0: 0.6, 1: 0.5}, sure=0.3)  # at reliability .8 the best call is worth .1
    assert voi().rule(point(ACT, mind)).verdict == "simulate"
    assert voi(**settings).rule(point(ACT, mind)).verdict == "allow"
    assert voi(**settings).rule(point(CALL, mind)).verdict == "veto"


def test_nothing_is_asked_twice_at_a_state() -> None:
    governor, mind = voi(), Held({0: 0.6, 1: 0.58})
    asked: list[tuple[int, ...]] = []
    while (ruling := governor.rule(point(ACT, mind, asked=tuple(asked)))).verdict == "simulate":
        asked.append(ruling.actions)
    assert sorted(asked) == [(0,), (1,)]
    # Nor after having been elsewhere, though the runner has then forgotten what was asked.
    assert governor.rule(point(ACT, mind, state="s1")).verdict == "simulate"
    assert governor.rule(point(ACT, mind)).verdict == "allow"
    governor.begin(point().brief)
    assert governor.rule(point(ACT, mind)).verdict == "simulate"


def test_there_are_at_most_so_many_calls_before_an_action() -> None:
    mind = Held({0: 0.6, 1: 0.58, 2: 0.57})
    assert voi(cap=2).rule(point(ACT, mind, asked=((3,),))).verdict == "simulate"
    assert voi(cap=2).rule(point(ACT, mind, asked=((3,), (3, 3)))).verdict == "allow"


def test_exploring_is_logged_with_its_propensity() -> None:
    governor, mind = voi(cost=0.5, explore=0.25), Held()
    rulings = [governor.rule(point(ACT, mind, instance=str(i), state=str(i))) for i in range(400)]
    calls = [r for r in rulings if r.verdict == "simulate"]
    assert {r.propensity for r in calls} == {0.25}
    assert {r.propensity for r in rulings if r.verdict == "allow"} == {0.75}
    assert 60 < len(calls) < 140


def test_an_agent_without_belief_is_refused_unless_something_was_learned() -> None:
    with pytest.raises(UsageError, match="uplift=FILE or calibration=FILE"):
        voi().rule(point(ACT))
    blind = Voi(Settings(reliability="0.8"), blind=lambda at, rho: (0.05 * rho, {"p_success": 0.5}))
    ruling = blind.rule(point(ACT))
    assert (ruling.verdict, ruling.values["evsi"]) == ("simulate", pytest.approx(0.04))
    assert blind.rule(point(ACT, asked=((0,),))).verdict == "allow"


# --- batches --------------------------------------------------------------------------------------------------------------


def test_a_batch_compares_first_actions_each_of_which_is_worth_its_cost() -> None:
    mind = Held({0: 0.6, 1: 0.58, 2: 0.05}, sure=0.3)
    assert voi().rule(point(ACT, mind)).others == ()
    ruling = voi(batch=3).rule(point(ACT, mind))
    assert (ruling.actions, ruling.others) == ((0,), ((1,),))
    # Charged double by itself, a call takes a companion for nothing.
    dear = Held({0: 0.6, 1: 0.2}, sure=0.3)
    assert voi(cost=0.035, batch=2).rule(point(ACT, dear)).others == ()
    assert voi(cost=0.035, batch=2, single=2.0, reliability="1").rule(point(ACT, dear)).others == ((1,),)


def test_what_is_proposed_has_the_best_turn_first_and_begins_differently() -> None:
    mind = lake_mind([0.2, 0.4, 0.3, 0.1, 0.2, 0.4, 0.2])
    best = max(mind.values(), key=lambda actions: mind.values()[actions])
    for depth in (1, 3):
        calls = propose(mind, 0.9, depth=depth)
        assert calls[0][:1] == best
        assert len({call[0] for call in calls}) == len(calls) == 2
    assert len(propose(Held({0: 0.6, 1: 0.5, 2: 0.4, 4: 0.3, 5: 0.2}), 0.9)) == 4


def test_draws_of_exploring_are_of_the_seed() -> None:
    def calls(seed: int) -> list[bool]:
        governor = voi(cost=0.5, explore=0.5)
        return [governor.rule(point(ACT, Held(), seed=seed, state=str(i))).verdict == "simulate" for i in range(50)]

    assert calls(1) == calls(1) != calls(2)
    assert Draws(1) != Draws(2)
