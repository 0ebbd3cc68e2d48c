"""Cells of the claims about foresight, played small: what they measure is what was planted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from scipy import stats

from journeyman.claims.claim import Cell
from journeyman.claims.foresee_arm import Setting, apart, block, played, told
from journeyman.claims.realised_severity import struck
from journeyman.claims.registry import find_claim
from journeyman.errors import UsageError

EXAMPLES = Path(__file__).parents[2] / "examples"


@cache
def measured(name: str, arm: str, effort: float, seed: int = 0) -> Mapping[str, Any]:
    claim = find_claim(name)
    found = claim.run(Cell(next(one for one in claim.arms if one.name == arm), seed, {}, effort))
    return dict(json.loads(json.dumps(found, allow_nan=False)))


def test_what_access_gives_is_helps_less_hurts_and_who_never_calls_is_unchanged() -> None:
    found = measured("F1", "lake-6, reluctant", 0.03)
    for one in found["fidelity"].values():
        assert one["gain"][0] == pytest.approx(one["helps"][0] - one["hurts"][0])
        assert (one["gain"][0], one["calls"][0]) == (0.0, 0.0)
    assert found["misreading"]["0"] == found["fidelity"]["1"]


def test_weighed_calls_are_judged_against_never_and_always() -> None:
    found = measured("F2", "reliability 1", 0.05)
    assert found["never"]["calls"][0] == 0.0
    assert found["always"]["success"][0] > found["never"]["success"][0]
    assert found["voi"]["net"][0] == pytest.approx(found["voi"]["success"][0] - 0.02 * found["voi"]["calls"][0])
    for name in ("first call", "first safe call"):
        assert found[name]["calls"] == len(found[name]["values"])
        # A single call: the outcome changes by -1, 0 or 1, less its cost.
        assert {round(value + 0.02, 9) for value in found[name]["values"]} <= {-1.0, 0.0, 1.0}


def test_a_gate_is_measured_on_points_that_were_played_both_ways() -> None:
    found = measured("F3", "learned at fidelity 1", 0.05)
    assert found["points"] > 12
    assert 0.0 <= found["error of tau"] < 1.0
    assert found["mean effect"] >= 0.0, "an exact simulator misleads nobody"


def test_calls_are_counted_before_and_after_the_drop() -> None:
    found = measured("F4", "single steps", 0.2)
    assert found["calls before"] > 1.0
    assert found["checked"] > 10
    assert found["episodes looked at"] > 5
    assert found["fall"] == pytest.approx(1.0 - found["calls after"] / found["calls before"])
    assert found["fall"] > 0.3


def test_a_dose_response_begins_at_the_exact_simulator() -> None:
    found = measured("F5", "transition", 0.05)
    assert found["scores"]["over-trusting, 0"]["less than at 0"][0] == 0.0
    assert found["scores"]["over-trusting, 0"]["hurts"][0] <= found["scores"]["over-trusting, 0.5"]["hurts"][0]
    hits, n, nominal = found["struck"]["0.5"]
    assert stats.binomtest(hits, n, nominal).pvalue > 1e-4


@pytest.mark.parametrize(
    ("channel", "severity"),
    [("transition", 0.3), ("observation", 0.3), ("stale", 2), ("horizon", 0.2), ("compliance", 0.6), ("overclaim", 0.5)],
)
def test_a_channel_strikes_as_often_as_it_says(channel: str, severity: float) -> None:
    found = struck("lake-6", channel, severity, n=300, seed=3)
    assert found.n > 80
    assert stats.binomtest(found.hits, found.n, found.nominal).pvalue > 1e-3
    if 0.0 < found.nominal < 1.0:
        assert stats.binomtest(found.hits, found.n, found.nominal / 2).pvalue < 1e-3, "half as often would be noticed"


def test_a_planted_fault_is_among_those_that_flip_its_failures() -> None:
    found = measured("F6", "simulator", 0.1)
    assert found["failures"] > 2
    assert found["inside"] == found["failures"] == found["flips"][2]
    assert found["necessity"][2] == 1.0


def test_all_governors_play_the_same_lakes_at_every_price() -> None:
    found = measured("F7", "fidelity 1", 0.03)
    for price in ("0", "0.005", "0.02", "0.05"):
        rows = found[price]
        assert rows["never"]["calls"][0] == 0.0
        assert rows["never"]["net"][0] == rows["never"]["success"][0]
        always = rows["always"]
        assert always["net"][0] == pytest.approx(always["success"][0] - float(price) * always["calls"][0])
        assert rows["oracle"]["success"][0] >= rows["never"]["success"][0]
    calls = [found[price]["voi"]["calls"][0] for price in ("0", "0.005", "0.02", "0.05")]
    assert calls == sorted(calls, reverse=True), "the dearer, the fewer"


def test_misread_and_wrong_predictions_are_told_apart_by_replays() -> None:
    found = measured("F8", "45 %", 0.04)
    for kind in ("reading", "simulator"):
        counts = found["attributed"][kind]
        assert counts["inside"] == counts["failures"] > 0
        assert counts["other"] <= counts["failures"] - counts["alone"]


def test_tables_that_learned_more_are_wrong_less_often() -> None:
    models = measured("F9", "table", 0.1)["models"]
    errors = [row["one-step prediction error"] for row in models.values()]
    assert errors[0] > errors[-1]
    assert all(0.0 <= row["decision error"] <= 1.0 for row in models.values())


def test_a_real_agent_plays_runs_of_its_own_and_a_stand_in_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNEYMAN_RUNS", str(tmp_path))
    setting = Setting("scripted:perception=0.15", mode="force")
    real = Cell(find_claim("F1").arms[0], 4, {"agent": f"{EXAMPLES / 'my_agent' / 'scout.py'}:Scout"})
    found = played("lake-6", setting, real, 3)
    assert [one.seed for one in found] == [4] * 3
    assert all("Scout" in one.cell and one.mode == "force" for one in found)
    assert len(list(tmp_path.iterdir())) == 1
    for name in ("scripted", "scripted:perception=0.1", "scripted/replies.toml"):
        with pytest.raises(UsageError, match="is a stand-in"):
            played("lake-6", setting, Cell(real.arm, 0, {"agent": name}), 3)


def test_seeds_have_instances_of_their_own_and_pairs_the_same_ones() -> None:
    blocks = [block(seed, 166) for seed in range(3)]
    assert len(set().union(*blocks)) == 498
    assert len(set(block(2, 400))) == 400
    cell = Cell(find_claim("F1").arms[0], 1)
    never, always = (played("lake-6", Setting(governor=name), cell, 8) for name in ("never", "always"))
    assert [one.instance for one in never] == [one.instance for one in always]
    assert [one.instance.rpartition("/")[2] for one in never] == [str(166 + i) for i in range(8)]
    value, low, high = apart(always, never)
    assert low <= value <= high
    assert value == pytest.approx(fmean(a.success - b.success for a, b in zip(always, never, strict=True)))
    assert told(always, never)["gain"][0] == pytest.approx(value)
