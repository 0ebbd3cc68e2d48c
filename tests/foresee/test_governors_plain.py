"""Never, always, the coin, the threshold and the oracle: what they rule at points made by hand."""

from __future__ import annotations

import pytest
from governors_points import Held, point
from scipy import stats

from journeyman.errors import UsageError
from journeyman.foresee.agents.agent import Wish
from journeyman.foresee.governors.chance import Chance, matched_rate
from journeyman.foresee.governors.confidence import Confidence
from journeyman.foresee.governors.encourage import Encourage
from journeyman.foresee.governors.features import FEATURES, features, read
from journeyman.foresee.governors.governor import Governor, Point
from journeyman.foresee.governors.open import open_governor
from journeyman.foresee.governors.oracle import Oracle
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.worlds.registry import open_world

CALL, ACT = Wish("simulate", (0,)), Wish("act", (0,))
N = 4000


def opened(name: str) -> Governor:
    governor = open_governor(name)
    assert governor is not None
    return governor


def verdict(name: str, at: Point) -> str:
    return opened(name).rule(at).verdict


def test_never_vetoes_calls_and_lets_acts_be() -> None:
    assert [verdict("never", point(wish)) for wish in (CALL, ACT, Wish("answer", answer="B"))] == ["veto", "allow", "allow"]


def test_the_mode_that_forces_a_call_goes_before_any_governor() -> None:
    forced = point(CALL, mode="force")
    assert verdict("never", forced) == "allow"
    assert verdict("never", point(CALL, mode="force", asked=((1,),))) == "veto"


def test_always_asks_for_what_is_wanted_once() -> None:
    ruling = opened("always").rule(point(ACT))
    assert (ruling.verdict, ruling.actions) == ("simulate", (0,))
    assert verdict("always", point(CALL)) == "allow"
    assert verdict("always", point(ACT, asked=((0,),))) == "allow"
    assert verdict("always", point(CALL, asked=((0,),))) == "veto"
    assert verdict("always", point(ACT, asked=((1,),))) == "simulate"


@pytest.mark.parametrize("name", ["always", "random:1", "confidence:0", "encourage:1", "voi:cost=0"])
@pytest.mark.parametrize("none_left", [{"calls_left": 0}, {"calls_left_now": 0}])
def test_nobody_calls_beyond_the_caps(name: str, none_left: dict[str, int]) -> None:
    governor = opened(name)
    for i in range(20):
        assert governor.rule(point(ACT, Held(), instance=str(i), **none_left)).verdict == "allow"  # type: ignore[arg-type]


def test_a_coin_falls_as_often_as_it_says_and_the_same_at_the_same_point() -> None:
    governor = Chance(0.3)
    points = [point(ACT, instance=str(i)) for i in range(N)]
    rulings = [governor.rule(one) for one in points]
    calls = sum(ruling.verdict == "simulate" for ruling in rulings)
    assert stats.chisquare([calls, N - calls], [0.3 * N, 0.7 * N]).pvalue > 0.01
    assert [governor.rule(one) for one in points] == rulings
    # One whose call the coin forbade meets the same coin when it wants to act.
    for one, ruling in zip(points, rulings, strict=True):
        assert (governor.rule(point(CALL, instance=one.brief.instance.id)).verdict == "veto") == (ruling.verdict == "allow")
    assert {(r.verdict, r.propensity) for r in rulings} == {("simulate", 0.3), ("allow", 0.7)}


@pytest.mark.parametrize("wish", [ACT, CALL])
def test_encouragement_logs_the_propensity_with_which_it_ruled(wish: Wish) -> None:
    share = 0.4
    governor = Encourage(share)
    rulings = [governor.rule(point(wish, Held(), instance=str(i), seed=7)) for i in range(N)]
    default = wish.kind == "simulate"
    called = [ruling.values["called"] == 1.0 for ruling in rulings]
    for ruling, call in zip(rulings, called, strict=True):
        assert ruling.propensity == pytest.approx(1 - share / 2 if call == default else share / 2)
        assert call == (ruling.verdict == "simulate" or (ruling.verdict == "allow" and default))
    p = 1 - share / 2 if default else share / 2
    assert stats.chisquare([sum(called), N - sum(called)], [p * N, (1 - p) * N]).pvalue > 0.01
    kept = read(rulings[0].values)
    assert kept == features(point(wish, Held(), instance="0"))
    assert kept is not None
    assert tuple(kept) == FEATURES


def test_the_act_after_a_forbidden_call_is_not_logged_as_a_point_of_its_own() -> None:
    governor = Encourage(1.0)
    for i in range(50):
        governor.begin(point(instance=str(i)).brief)
        first = governor.rule(point(CALL, Held(), instance=str(i)))
        if first.verdict == "veto":
            again = governor.rule(point(ACT, Held(), instance=str(i)))
            assert (again.verdict, again.propensity, dict(again.values)) == ("allow", None, {})
            return
    raise AssertionError("no call was forbidden in fifty tosses of a fair coin")


@pytest.mark.parametrize(
    ("mind", "confidence", "expected"),
    [(Held({0: 0.85}), None, "simulate"), (Held({0: 0.95}), None, "allow"), (Held({0: 0.95}), 0.1, "allow"),
     (None, 0.85, "simulate"), (None, 0.95, "allow"), (None, None, "allow")],
)  # fmt: skip
def test_the_threshold_is_on_the_belief_if_there_is_one_else_on_what_is_stated(
    mind: Held | None, confidence: float | None, expected: str
) -> None:
    assert Confidence(0.1).rule(point(Wish("act", (0,), confidence=confidence), mind)).verdict == expected


def test_a_rate_is_matched_as_calls_per_call_or_real_action() -> None:
    def episode(calls: int, real: int) -> Episode:
        return Episode("c", "w", "i", 0, "normal", True, "success", calls, real, ())

    assert matched_rate([episode(1, 5), episode(2, 4)]) == pytest.approx(3 / 12)
    with pytest.raises(UsageError, match="there are none"):
        matched_rate([])


def test_the_oracle_calls_where_the_next_step_falls_and_another_does_not() -> None:
    world = open_world("lake-6")
    oracle, rulings = Oracle(), set()
    for instance in world.instances(60):
        world.reset(options={"instance": instance.id})
        start = world.snapshot()
        for action in range(4):
            found = oracle.rule_knowing(point(Wish("act", (action,))), world)
            assert world.snapshot() == start
            world.step(action)
            fell = world.digest()["terminal"] and not world.digest()["success"]
            world.restore(start)
            assert (found.verdict == "simulate") == fell
            rulings.add(found.verdict)
    assert rulings == {"simulate", "allow"}
    with pytest.raises(UsageError, match="true world"):
        oracle.rule(point())
