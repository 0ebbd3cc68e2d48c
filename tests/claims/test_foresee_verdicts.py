"""Verdicts of the claims about foresight on made-up measurements: what meets the criterion, and each way to miss it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from journeyman.claims import (
    cells,
    decision_error,
    dose_response,
    governed_frontier,
    learned_gate,
    reading_or_simulator,
    signature,
    sudden_drop,
    worth_of_calls,
)
from journeyman.claims.claim import Cell, Measured
from journeyman.claims.foresee_arm import over, pooled
from journeyman.claims.realised_severity import nominal
from journeyman.claims.registry import claim_ids, find_claim
from journeyman.foresee.protocol.repair import STAGES as _STAGES

SEEDS = (0, 1, 2)
Cells = dict[str, dict[int, dict[str, Any]]]


def near(value: float, half: float = 0.01) -> list[float]:
    return [value, value - half, value + half]


def over_seeds(by_arm: dict[str, dict[str, Any]]) -> Cells:
    return {arm: {seed: copy.deepcopy(found) for seed in SEEDS} for arm, found in by_arm.items()}


def f1() -> Cells:
    gains = {signature.TRUSTING: (0.1, -0.2), signature.CALIBRATED: (0.2, 0.02), signature.RELUCTANT: (0.0, 0.0)}
    found = {}
    for world in signature.WORLDS:
        for kind, (exact, wrong) in gains.items():
            at = {}
            for error, doses in (("fidelity", signature.FIDELITY), ("misreading", signature.MISREADING)):
                at[error] = {
                    f"{dose:g}": {
                        "gain": near(exact if dose in (1.0, 0.0) else wrong), "force less normal": near(-0.1),
                        "called": near(0.0 if kind == signature.RELUCTANT else 1.0, 0.0),
                    }
                    for dose in doses
                }  # fmt: skip
            found[signature.arm_of(world, kind)] = at
    return over_seeds(found)


def f2() -> Cells:
    found = {}
    for fidelity, ours in ((1.0, 0.84), (0.8, 0.72), (0.6, 0.645)):
        nets = {"never": 0.65, "always": 0.84 if fidelity == 1.0 else 0.6, "voi": ours, "voi, reliability given": ours,
                "voi, single steps": ours}  # fmt: skip
        row: dict[str, Any] = {
            name: {"net": near(net), "calls": near(0.1), "net less never": near(net - 0.65)} for name, net in nets.items()
        }
        calls = {"calls": 30, "values": [0.98 if i % 5 == 0 else -0.02 for i in range(30)]}
        found[f"reliability {fidelity:g}"] = {**row, "first call": calls, "first safe call": calls}
    return over_seeds(found)


def f3() -> Cells:
    held = {"precision": 0.5, "recall": 0.7, "error of tau": 0.02, "bins": [[0.0, 0.01], [0.2, 0.19]]}
    gates = {
        gate: {"calls at last": 0.1 if gate == learned_gate.STOPPED else 1.8, "calls of one learned afresh": 2.0,
               "calls": [[0, 0.1], [1, 1.8]]}
        for gate in learned_gate.GATES
    }  # fmt: skip
    return over_seeds({"learned at fidelity 1": held, "learned at fidelity 0.8": held, **gates})


def f4() -> Cells:
    fell = {"calls before": 2.0, "calls after": 0.2, "fall": 0.9, "curve": [[0, 2.0], [10, 1.0], [50, 0.2]]}
    stayed = {**fell, "calls after": 1.9, "fall": 0.05}
    return over_seeds({"walks": fell, "single steps": fell, "not learning": stayed})


def f5() -> Cells:
    found = {}
    for channel, severities in dose_response.SEVERITIES.items():
        row = {name: near(0.5) for name in ("success", "helps", "hurts", "calls", "net")}
        scores = {
            f"{kind}, {s:g}": {**row, "less than at 0": near(-0.2 if s and channel != "overclaim" else 0.0)}
            for kind in (dose_response.TRUSTING, dose_response.CALIBRATED) for s in severities
        }  # fmt: skip
        marks = {f"{s:g}": [round(200 * nominal(channel, s)), 200, nominal(channel, s)] for s in severities[1:]}
        found[channel] = {"scores": scores, "struck": marks}
    return over_seeds(found)


def f6() -> Cells:
    return over_seeds({
        stage: {
            "played": 100, "failures": 40, "inside": 40, "alone": 38, "flips": [40 * (other == stage) for other in _STAGES],
            "necessity": _hits(stage), "sufficiency": _hits(stage),
        }
        for stage in _STAGES
    })  # fmt: skip


def _hits(stage: str) -> list[float]:
    return [float(other == stage) for other in _STAGES]


def f7() -> Cells:
    row = {"success": near(0.8), "calls": near(1.0), "net": near(0.7), "efficiency": near(0.5)}
    found = {}
    for fidelity in governed_frontier.FIDELITIES:
        at: dict[str, Any] = {
            f"{price:g}": {
                name: {**row, "above the threshold": near(0.03), "above the reference": near(0.02)}
                for name in governed_frontier.POLICIES
            }
            for price in governed_frontier.PRICES
        }
        at["thresholds"] = {f"{t:g}": row for t in governed_frontier.THRESHOLDS}
        found[f"fidelity {fidelity:g}"] = at
    return over_seeds(found)


def f8() -> Cells:
    row = {name: near(0.6) for name in ("success", "calls", "hurts", "net")}
    one = {"reading": row, "simulator": row, "apart": near(0.0, 0.02)}
    counts = {"failures": 20, "inside": 20, "alone": 19, "other": 0}
    return over_seeds({
        f"{100 * severity:g} %": {
            "scores": dict.fromkeys(reading_or_simulator.AGENTS, one), "attributed": {"reading": counts, "simulator": counts}
        }
        for severity in reading_or_simulator.SEVERITIES
    })  # fmt: skip


def f9() -> Cells:
    names = [(arm, name) for arm, models in decision_error.MODELS.items() for name in models]
    found: dict[str, dict[str, Any]] = {arm: {"models": {}} for arm in decision_error.MODELS}
    for i, (arm, name) in enumerate(names):
        found[arm]["models"][name] = {
            "decision error": 0.01 * i, "one-step prediction error": 0.01 * (i * 7 % len(names)), "value lost": 0.0,
            "gain": 0.3 - 0.01 * i, "calls": 5.0,
        }  # fmt: skip
    return over_seeds(found)


Change = Callable[[dict[str, Any]], None]
CASES: dict[str, tuple[Callable[[], Cells], Sequence[tuple[str, Change, str]]]] = {
    "F1": (f1, [
        ("lake-6, over-trusting", lambda one: one["fidelity"]["0.7"].update(gain=near(-0.01, 0.02)), "hurts do not exceed"),
        ("lake-6, over-trusting", lambda one: one["misreading"]["0.3"].update({"force less normal": near(0.0)}), "force is"),
        ("lake-6, calibrated", lambda one: one["fidelity"]["0.6"].update(gain=near(-0.1)), "calibrated agent is hurt"),
        ("lake-6, reluctant", lambda one: one["fidelity"]["0.6"].update(gain=near(0.1)), "reluctant agent changes"),
        ("push-6, over-trusting", lambda one: one["misreading"]["0.45"].update(gain=near(0.1)), "push-6: hurts do not"),
    ]),
    "F2": (f2, [
        ("reliability 1", lambda one: one["voi"].update(net=near(0.5)), "of always-calling's net"),
        ("reliability 0.6", lambda one: one["voi"].update(calls=near(0.4)), "calls at reliability 0.6"),
        ("reliability 0.6", lambda one: one["voi"].update({"net less never": near(-0.02)}), "against never"),
        ("reliability 0.8", lambda one: one["first safe call"].update(values=[-0.02] * 30), "lose at reliability 0.8"),
    ]),
    "F3": (f3, [
        ("learned at fidelity 1", lambda one: one.update(recall=0.4), "precision or recall"),
        ("learned at fidelity 0.8", lambda one: one.update(precision=0.2), "precision or recall"),
        ("learned at fidelity 0.8", lambda one: one.update({"error of tau": 0.06}), "calibration"),
        (learned_gate.KEPT, lambda one: one.update({"calls at last": 0.2}), "coin kept collapses"),
        (learned_gate.STOPPED, lambda one: one.update({"calls at last": 2.0}), "does not collapse"),
    ]),
    "F4": (f4, [
        ("walks", lambda one: one.update(fall=0.5), "Not met: walks"),
        ("not learning", lambda one: one.update(fall=0.9), "where nothing is learned"),
    ]),
    "F5": (f5, [
        ("transition", lambda one: one["struck"].update({"0.2": [90, 200, 0.2]}), "transition 0.2 strikes in 270 of 600"),
        ("stale", lambda one: one["struck"].update({"2": [199, 200, 1.0]}), "stale 2 strikes"),
        ("stale", lambda one: one["scores"]["over-trusting, 5"].update({"less than at 0": near(0.0)}), "stale costs"),
    ]),
    "F6": (f6, [
        ("query", lambda one: one.update(inside=39), "query: not in the set of 3 failures"),
        ("action", lambda one: one.update(alone=30), "action: alone in 75.0 %"),
        ("gate", lambda one: one.update(failures=0, inside=0, alone=0), "gate: no failure"),
    ]),
    "F7": (f7, [
        ("fidelity 0.8", lambda one: one["0.02"]["voi"].update({"above the threshold": near(0.0)}), "at equal calls"),
        ("fidelity 0.6", lambda one: one["0.02"]["voi"].update({"above the threshold": near(-0.05)}), "at equal calls"),
        ("fidelity 1", lambda one: one["0.05"]["voi"].update(net=near(0.6)), "voi nets 0.600"),
    ]),
    "F8": (f8, [
        ("15 %", lambda one: one["scores"].update(calibrated={**one["scores"]["calibrated"], "apart": near(0.06, 0.02)}),
         "calibrated, 0.15: not shown to be equal"),
        ("45 %", lambda one: one["attributed"].update(reading={"failures": 200, "alone": 20, "other": 0}), "reading is"),
    ]),
    "F9": (f9, []),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_meets_a_criterion_is_reproduced_and_drawn(name: str) -> None:
    claim = find_claim(name)
    measured = Measured(CASES[name][0]())
    assert set(measured.cells) == {arm.name for arm in claim.arms}
    found = claim.judge(measured)
    assert found.outcome == "reproduced", found.sentence
    assert "Not met" not in found.sentence
    assert found.figures
    assert all(str(drawing).startswith("<svg") for drawing in claim.draw(measured))


@pytest.mark.parametrize(
    ("name", "arm", "change", "said"), [(name, *case) for name, (_, cases) in CASES.items() for case in cases]
)
def test_what_misses_a_part_of_a_criterion_is_contradicted_and_named(
    name: str, arm: str, change: Change, said: str
) -> None:
    made = CASES[name][0]()
    for one in made[arm].values():
        change(one)
    found = find_claim(name).judge(Measured(made))
    assert found.outcome == "contradicted"
    assert said in found.sentence


def test_a_gain_that_follows_prediction_errors_contradicts_decision_errors() -> None:
    made = f9()
    first, second = decision_error.ERRORS
    for by_seed in made.values():
        for one in by_seed.values():
            for row in one["models"].values():
                row[first], row[second] = row[second], row[first]
    found = decision_error.judge(Measured(made))
    assert found.outcome == "contradicted"
    assert found.figures["how much closer decision error is"] < 0.0


def test_with_a_real_agent_nothing_is_asked_of_misreading() -> None:
    made = f1()
    for by_seed in made.values():
        for one in by_seed.values():
            one["misreading"] = {"0": one["misreading"]["0"]}
    found = signature.judge(Measured(made))
    assert found.outcome == "reproduced", found.sentence
    assert not any("misreading" in name for name in found.figures)
    assert len(signature.draw(Measured(made))) >= 4


def test_every_claim_about_foresight_has_its_verdicts_tested() -> None:
    assert set(CASES) == {name for name in claim_ids() if name.startswith("F")}
    modules = {sudden_drop, dose_response, worth_of_calls}
    assert {module.CLAIM.stated for module in modules} == {"The claim"}


def test_cells_of_foresight_are_measured_anew_when_the_code_they_rest_on_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    claims = [find_claim(name) for name in claim_ids()]
    assert all(bool(claim.rests_on) == claim.id.startswith("F") for claim in claims)
    of = {claim.id: (claim, Cell(claim.arms[0], 0)) for claim in claims}
    before = {name: cells.key_of(*of[name]) for name in ("E0", "F1")}
    monkeypatch.setattr(cells, "_code_of", lambda folder: f"another {folder}")
    assert cells.key_of(*of["E0"]) == before["E0"]
    assert cells.key_of(*of["F1"]) != before["F1"]


def test_intervals_of_independent_seeds_are_put_together() -> None:
    value, low, high = pooled([[0.5, 0.4, 0.6]] * 4)
    assert value == 0.5
    assert high - low == pytest.approx(0.1)
    measured = Measured({"a": {seed: {"x": {"y": near(seed / 10)}} for seed in SEEDS}})
    assert over(measured, "a", "x", "y")[0] == pytest.approx(0.1)
