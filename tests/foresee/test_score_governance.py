"""Ceiling and gate, calibration, coins, net value, frontiers, the leaderboard, fidelity."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score_episodes import act, call, episode, family, outcomes

from journeyman.errors import UsageError
from journeyman.foresee.protocol.decision import Decision, Episode
from journeyman.foresee.score.calibration import Foretold, by_chance, calibration, curve, ece, foretold
from journeyman.foresee.score.ceiling import governance_efficiency
from journeyman.foresee.score.dose import channels_of
from journeyman.foresee.score.encouragement import coins_of, encouragement, scores_of
from journeyman.foresee.score.frontier import CHOICE, COIN
from journeyman.foresee.score.groups import groups_of
from journeyman.foresee.score.leaderboard import selective
from journeyman.foresee.score.scores import CellScores, Scores, score
from journeyman.foresee.score.value import Prices

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=40)


def cell(found: Scores, mode: str = "normal", governor: str = "none") -> CellScores:
    return next(c for c in found.cells if c.name.mode == mode and c.name.governor == governor)


def test_the_published_reference_point() -> None:
    """AVIC on SAT-Real: 62.0 without, 66.6 always, 75.3 with the best choice (spec d.2.7); here as 1000 instances."""
    assert governance_efficiency(0.666, 0.620, 0.753) == pytest.approx(4.6 / 13.3)
    needed, harmful, unnecessary = 133, 87, 533
    rows = [(True, True)] * unnecessary + [(True, False)] * needed + [(False, True)] * harmful
    rows += [(False, False)] * (1000 - len(rows))
    found = cell(score(outcomes(rows, ["force", "invisible"])), "force").metrics
    assert found["success/rate"].value == pytest.approx(0.666)
    assert found["ceiling/oracle"].value == pytest.approx(0.753)
    assert found["ceiling/efficiency"].value == pytest.approx(0.35, abs=0.005)
    assert found["gate/precision"].value == found["gate/random_precision"].value == pytest.approx(0.133)
    assert found["gate/recall"].value == found["gate/harm_rate"].value == 1.0


@given(PAIRS)
@settings(max_examples=30)
def test_the_oracles_efficiency_is_one_and_it_calls_where_it_must(rows: list[tuple[bool, bool]]) -> None:
    played = outcomes(rows, ["invisible", "force"], calls=3)
    never, always = groups_of(played)
    chosen = [
        msgspec.structs.replace(e, cell=e.cell.replace("force", "normal").replace("invisible", "normal"), mode="normal")
        for e in selective(never, always)
    ]
    found = cell(score([*played, *chosen])).metrics
    needed = sum(force and not alone for alone, force in rows)
    if not needed:
        assert found["ceiling/efficiency"].value is None
        assert "nothing to gain" in found["ceiling/efficiency"].why
        return
    assert found["ceiling/efficiency"].value == pytest.approx(1.0)
    assert found["gate/precision"].value == found["gate/recall"].value == 1.0
    assert found["gate/harm_rate"].value in (0.0, None)
    assert found["success/rate"].value == pytest.approx(found["ceiling/oracle"].value)
    over = found["frontier/over_random"].value
    assert over is not None
    assert over >= -1e-12


def test_a_ceiling_below_the_rate_is_none() -> None:
    assert governance_efficiency(0.5, 0.5, 0.5) is None
    with pytest.raises(UsageError, match="below"):
        governance_efficiency(0.5, 0.6, 0.5)


def test_the_gate_is_held_against_what_calls_would_have_done() -> None:
    rows = [(False, True)] * 4 + [(True, False)] * 3 + [(True, True)] * 2 + [(False, False)]
    played = outcomes(rows, ["invisible", "force"])
    calls = [1, 1, 0, 0, 1, 0, 0, 1, 0, 1]
    played += [episode(f"i{i:05d}", success=True, calls=k) for i, k in enumerate(calls)]
    found = cell(score(played)).metrics
    assert found["gate/precision"].value == pytest.approx(2 / 5)
    assert found["gate/recall"].value == pytest.approx(2 / 4)
    assert found["gate/harm_rate"].value == pytest.approx(1 / 3)
    assert [found[f"gate/{k}"].value for k in ("needed", "harmful", "unnecessary", "hopeless")] == [0.4, 0.3, 0.2, 0.1]


def test_an_always_governor_stands_in_for_the_forced_mode() -> None:
    rows = [(True, False, False)] * 3 + [(False, True, True)] * 5
    played = outcomes([(a, c) for a, _, c in rows], ["invisible", "normal"])
    played += [
        msgspec.structs.replace(e, cell=e.cell.replace("| none", "| always"))
        for e in outcomes([(b,) for _, b, _ in rows], ["normal"])
    ]
    found = cell(score(played))
    assert found.always.endswith("always")
    assert found.metrics["ceiling/oracle"].value == 1.0
    assert found.metrics["force/over_normal"].value is None


def coined(n: int, *, effect: float, confounded: bool, seed: int = 0) -> list[Episode]:
    """Episodes of two decisions; a coin decides on a call, with a chance that goes with difficulty where `confounded`."""
    luck = random.Random(seed)
    played = []
    for i in range(n):
        hard = luck.random()
        decisions, gain = [], 0.0
        for step in range(2):
            chance = 0.1 + 0.8 * hard if confounded else 0.5
            called = luck.random() < chance
            gain += effect * called
            ruling = {"verdict": "simulate" if called else "allow", "propensity": chance if called else 1 - chance}
            ruling["values"] = {"tau": effect}
            made = call if called else act
            decisions.append(made(step, (1,), ruling=ruling, confidence=1 - hard))
        solved = luck.random() < 0.75 - 0.6 * hard + gain
        played.append(episode(f"{i:04d}", decisions, success=solved, optimal=int(20 * hard)))
    return played


def test_a_coin_tells_what_a_call_is_worth_although_hard_instances_are_called_on() -> None:
    played = coined(1500, effect=0.1, confounded=True)
    by_call = {z: [c.success for c in coins_of(played) if c.called is z] for z in (True, False)}
    raw = np.mean(by_call[True]) - np.mean(by_call[False])
    found = encouragement(coins_of(played))["uplift/call"]
    assert raw < 0, "calls go with failure"
    assert found.value == pytest.approx(0.1, abs=0.05)
    assert found.low is not None
    assert found.low > 0
    assert found.n == 3000


def test_the_uplift_is_unbiased_over_many_logs() -> None:
    found = [encouragement(coins_of(coined(150, effect=0.1, confounded=True, seed=s)))["uplift/call"] for s in range(25)]
    values = [one.value for one in found if one.value is not None]
    assert np.mean(values) == pytest.approx(0.1, abs=0.04)
    held = sum(one.low <= 0.1 <= one.high for one in found if one.low is not None and one.high is not None)
    assert held >= 20


def test_what_is_no_coin_says_nothing_of_calls() -> None:
    sure = [episode("a", [call(0, ruling={"verdict": "simulate", "propensity": 1.0}), act(1, ruling={"verdict": "allow"})])]
    assert coins_of(sure) == []
    assert "no coin decided" in encouragement([])["uplift/call"].why
    few = coins_of(coined(8, effect=0.0, confounded=False))
    assert "are the least" in encouragement(few)["uplift/call"].why
    assert isinstance(scores_of(few), str)
    kept = call(0, ruling={"verdict": "allow", "propensity": 0.2, "values": {"called": 0.0}})
    (coin,) = coins_of([episode("a", [kept])])
    assert (coin.called, coin.chance) == (False, 0.8), "the ruling's own word goes before what became of it"


def test_forecasts_that_come_true_are_calibrated_and_others_are_not() -> None:
    rng = np.random.default_rng(0)
    chances = rng.random(4000)
    true = [Foretold(f"{i}", float(p), float(rng.random() < p)) for i, p in enumerate(chances)]
    bold = [Foretold(f"{i}", float(p > 0.5), one.outcome) for i, (p, one) in enumerate(zip(chances, true, strict=True))]
    limit = by_chance([one.predicted for one in true], [one.instance for one in true])
    assert ece(curve(true)) < limit < 0.04
    assert ece(curve(bold)) == pytest.approx(0.25, abs=0.03)
    kinds = ("confidence", "values", "p_useful", "reliability", "uplift")
    found = calibration({kind: true if kind == "confidence" else [] for kind in kinds})
    assert found["calibration/confidence_brier"].value == pytest.approx(1 / 6, abs=0.01)
    assert found["calibration/values_ece"].why == "the agent shows no mind"
    assert sum(one.n for one in curve(true)) == 4000


def test_the_error_by_chance_knows_that_one_episode_has_one_outcome() -> None:
    same = [0.5] * 200
    assert by_chance(same, [str(i // 20) for i in range(200)]) > 2 * by_chance(same, [str(i) for i in range(200)])


def test_each_prediction_is_judged_by_its_own_outcome() -> None:
    figures: dict[str, Any] = {"reliability": 0.9, "p_useful": 0.3}
    shown, true = {"terminal": True, "success": False}, {"terminal": False, "success": False}
    policy = episode(
        "x",
        [
            call(0, (2,), predicted=shown, true=shown, by="governor", ruling={"values": figures}),
            call(1, (1,), predicted=shown, true=true, by="governor", ruling={"values": {**figures, "p_useful": 0.1}}),
            call(2, (0,), predicted=true, true=true, by="governor", ruling={"values": figures}),
            act(3, (2,), confidence=0.8, values={"2": 0.7, "1": 0.1}, reading={"terminal": True}),
        ],
        success=True,
    )
    alone, always = episode("x", mode="invisible", success=False), episode("x", mode="force", success=True)
    found = foretold([policy], [(policy, alone, always)])
    assert [(f.predicted, f.outcome) for f in found["confidence"]] == [(0.8, 1.0)]
    assert [(f.predicted, f.outcome) for f in found["values"]] == [(0.7, 1.0)]
    assert [(f.predicted, f.outcome) for f in found["p_useful"]] == [(0.3, 1.0)], "the first named"
    assert [f.outcome for f in found["reliability"]] == [1.0, 0.0, 0.0], "the last was shown well and read wrong"
    deep = episode("y", [call(0, (1, 2, 3), predicted=shown, by="governor", ruling={"values": figures})])
    assert [f.predicted for f in foretold([deep], [])["reliability"]] == [pytest.approx(0.9**3)]


def test_a_foretold_gain_is_held_against_the_doubly_robust_score() -> None:
    found = score(coined(400, effect=0.1, confounded=False)).cells[0].metrics["calibration/uplift_ece"]
    assert found.n == 800
    assert found.value is not None
    assert found.value < 0.2


def test_net_value_is_success_less_costs() -> None:
    played = [
        episode("a", success=True, calls=4, real=6, tokens_in=1500, tokens_out=500),
        episode("b", success=False, calls=2, real=10, tokens_in=1000, tokens_out=1000),
    ]
    found = score(played, prices=Prices(call=0.1, real=0.01, kilotokens=0.05))
    metrics = found.cells[0].metrics
    assert metrics["value/net_0.02"].value == pytest.approx(0.5 - 0.02 * 3 - 0.01 * 8 - 0.05 * 2)
    assert metrics["value/net_0"].value == pytest.approx(0.5 - 0.01 * 8 - 0.05 * 2)
    board = found.boards[0].rows[0]
    assert board.value.value == pytest.approx(0.5 - 0.1 * 3 - 0.01 * 8 - 0.05 * 2)
    assert metrics["cost/kilotokens"].value == 2.0
    assert metrics["cost/usd"].value is None
    with pytest.raises(UsageError, match="price of a call is -1"):
        Prices(call=-1)


def governed(rows: list[tuple[str, float, int]], n: int = 200) -> list[Episode]:
    """Cells under governors with a success rate and as many calls in each episode; never 0.5, always 0.7 with 10 calls."""
    played = []
    for governor, rate, calls in [("never", 0.5, 0), ("always", 0.7, 10), *rows]:
        mode = {"never": "invisible", "always": "force"}.get(governor, "normal")
        name = "none" if mode != "normal" else governor
        played += [
            episode(f"{i:03d}", success=i < rate * n, mode=mode, governor=name, calls=calls, real=5) for i in range(n)
        ]
    return played


def test_frontiers_begin_at_never_calling_and_share_a_budget() -> None:
    found = score(governed([("voi:cost=0.01", 0.7, 4), ("voi:cost=0.1", 0.6, 1), ("none", 0.5, 10)]))
    areas = {family.governor: family for family in found.families}
    assert set(areas) == {"voi", CHOICE, COIN}
    assert {family.budget for family in areas.values()} == {10.0}
    assert areas[COIN].area.value == pytest.approx(0.6)
    assert areas[CHOICE].area.value == pytest.approx(0.5)
    # 0.5 to 0.6 over one call, to 0.7 over three more, flat for six.
    assert areas["voi"].area.value == pytest.approx((0.55 + 3 * 0.65 + 6 * 0.7) / 10)
    assert [point[1] for point in areas["voi"].points] == [0, 1, 4]
    few = score(governed([("voi:cost=0.01", 0.7, 4)]), budget=4)
    assert next(f for f in few.families if f.governor == COIN).area.value == pytest.approx(0.54)


def test_a_governor_is_held_against_a_coin_and_a_confidence_threshold_at_equal_calls() -> None:
    rows = [("voi:cost=0.02", 0.65, 5), ("confidence:0.1", 0.62, 4), ("confidence:0.3", 0.64, 6)]
    found = cell(score(governed(rows)), governor="voi:cost=0.02").metrics
    assert found["frontier/over_random"].value == pytest.approx(0.65 - 0.6)
    assert found["frontier/over_confidence"].value == pytest.approx(0.65 - 0.63)
    assert not found["frontier/over_confidence"].why
    busy = cell(score(governed([("voi:cost=0.02", 0.65, 9), *rows[1:]])), governor="voi:cost=0.02").metrics
    assert busy["frontier/over_confidence"].value == pytest.approx(0.65 - 0.64)
    assert "call at most 6.00 times, this 9.00" in busy["frontier/over_confidence"].why
    eager = cell(score(governed([("voi:cost=0", 0.8, 12)])), governor="voi:cost=0").metrics
    assert "calls more than always-calling" in eager["frontier/over_random"].why
    assert "play one at several thresholds" in eager["frontier/over_confidence"].why


def test_the_leaderboard_ranks_by_net_value_with_every_reference() -> None:
    found = score(governed([("voi:cost=0.02", 0.69, 2), ("confidence:0.1", 0.62, 4), ("random:0.3", 0.56, 3)]))
    (board,) = found.boards
    ranked = [(row.system.rpartition(" | ")[2], row.kind) for row in board.rows]
    values = [row.value.value for row in board.rows]
    assert values == sorted(values, reverse=True)
    assert ranked[0] == ("perfect choice of instances", "computed")
    assert ranked[1] == ("voi:cost=0.02", "system")
    assert {kind for _, kind in ranked} == {"system", "reference", "computed"}
    coin = next(row for row in board.rows if row.system.startswith("a coin with as many calls"))
    assert coin.calls.value == pytest.approx(2.0)
    assert coin.success.value == pytest.approx(0.5 + 0.2 * 0.2)
    perfect = board.rows[0]
    assert (perfect.success.value, perfect.calls.value) == (pytest.approx(0.7), pytest.approx(0.2 * 10))
    assert board.lacking == []
    bare = score(outcomes([(True,)] * 3, ["normal"])).boards[0].lacking
    assert [said.partition(":")[0] for said in bare] == ["never", "always", "confidence threshold"]


def test_channels_are_read_from_the_name_of_a_world_model() -> None:
    assert channels_of("exact") == ("exact", {})
    assert channels_of("table+stale=2+horizon=0.1") == ("table", {"stale": 2.0, "horizon": 0.1})
    assert channels_of("file+x=y") == ("file+x=y", {})


def test_doses_are_ordered_and_begin_at_the_base() -> None:
    found = score(family(12))
    assert {(dose.channel, dose.mode): [point[0] for point in dose.points] for dose in found.doses} == {
        ("transition", "normal"): [0.0, 0.2, 0.4], ("transition", "force"): [0.0, 0.2],
    }  # fmt: skip
    two = [
        episode("a", world_model=f"exact+observation=0.1+transition={severity}") for severity in (0.1, 0.3)
    ]
    assert [(dose.base, dose.channel) for dose in score(two).doses] == [("exact+observation=0.1", "transition")]


def test_a_cell_that_never_calls_has_no_precision() -> None:
    played = outcomes([(True, False, True)] * 4, ["invisible", "normal", "force"])
    played = [msgspec.structs.replace(e, calls=0) if e.mode == "normal" else e for e in played]
    found = cell(score(played)).metrics
    assert found["gate/precision"].why == "the policy called on no instance"
    assert found["gate/recall"].why == "no instance needs a call"
    assert found["usage/instances"].value == 0.0, "never calling is a rate of 0, which is known"


def test_refusals_and_unreadable_replies_are_shares_of_decisions() -> None:
    lines = [Decision(0, 0, "R"), Decision(1, 0, "P"), act(2), act(3)]
    found = score([episode("a", lines), episode("b", [act(0), act(1)])]).cells[0].metrics
    assert found["protocol/refused"].value == found["protocol/unreadable"].value == pytest.approx(1 / 6)
    assert found["protocol/refused"].n == 6
