"""Measuring world models: the exact one makes no errors, known errors are found at their size, values are the planner's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from world_models_meadow import Meadow, Plain

from journeyman.errors import UsageError
from journeyman.foresee.draws import Draws
from journeyman.foresee.world_models.calibration import calibration
from journeyman.foresee.world_models.curve import curve_table, learning_curve
from journeyman.foresee.world_models.exact import Exact
from journeyman.foresee.world_models.measure import MATTERS, measure, measured_table
from journeyman.foresee.world_models.model import Asked
from journeyman.foresee.world_models.worth import action_worth, predicted_worth, state_worth
from journeyman.foresee.worlds.registry import open_world
from journeyman.report.table import aligned


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEYMAN_CACHE", str(tmp_path))


@pytest.mark.parametrize("name", ["lake-6", "push-6"])
def test_the_exact_model_makes_no_errors(name: str) -> None:
    world = open_world(name)
    before = world.snapshot()
    found = measure("exact", world, states=60)
    assert world.snapshot() == before
    assert found.wrong_labels is not None
    assert found.wrong_decisions is not None
    assert found.wrong_labels.hits == found.wrong_decisions.hits == found.lost == 0
    assert found.wrong_decisions.high > 0.02  # none of 60 is not never
    assert all(d.wrong.hits == d.shown.hits == 0 for d in found.depths)
    assert (found.calibration.ece, found.calibration.brier) == (0.0, 0.0)
    assert [d.depth for d in found.depths] == list(range(1, 9))
    assert found.depths[0].shown.n == 60 > found.depths[7].shown.n


def test_errors_of_known_size_are_found() -> None:
    world = open_world("lake-6")
    found = measure("exact+transition=0.3", world, states=250, depth=3)
    assert found.wrong_labels is not None
    # Steps against an edge cannot go wrong, so it is a little less than 0.3 at one action.
    assert 0.2 < found.wrong_labels.value < 0.36
    assert found.depths[0].shown == found.wrong_labels
    assert found.depths[2].shown.low <= 1 - 0.7**3 <= found.depths[2].shown.high + 0.1
    assert found.depths[0].shown.value < found.depths[1].shown.value
    assert found.wrong_decisions is not None
    assert found.wrong_decisions.value > 0.05
    assert 0 < found.lost < found.wrong_decisions.value  # type: ignore[operator]
    assert found.realised["transition"] > 0.3


def test_a_wrong_picture_is_an_error_of_what_is_shown_alone() -> None:
    found = measure("exact+observation=0.4", open_world("lake-6"), states=200, depth=2)
    assert found.depths[0].wrong.hits == 0
    assert found.depths[0].shown.low < 0.4 < found.depths[0].shown.high
    assert found.wrong_decisions is not None
    assert found.wrong_decisions.hits == 0
    assert found.calibration.ece < 0.06


def test_overclaim_is_seen_in_the_calibration_and_honesty_too() -> None:
    world = open_world("lake-6")
    honest, claiming = (measure(f"exact+transition=0.3{more}", world, states=250, depth=1) for more in ("", "+overclaim"))
    assert honest.depths == claiming.depths
    assert honest.calibration.ece < 0.08
    assert claiming.calibration.ece == pytest.approx(claiming.depths[0].shown.value)
    assert claiming.calibration.brier > honest.calibration.brier


def test_worlds_with_chance_without_labels_and_without_a_planner_are_measured() -> None:
    slippery = measure("exact", open_world("lake-6:slip=0.3"), states=40, depth=2)
    assert 0.1 < slippery.depths[0].wrong.value < 0.7
    plain = measure("exact+transition=0.5", Plain(), states=20, depth=2)
    assert (plain.wrong_labels, plain.wrong_decisions, plain.lost) == (None, None, None)
    assert plain.depths[0].wrong.hits > 0
    meadow = measure("exact+transition=1", Meadow(), states=20, depth=2)
    assert meadow.wrong_labels is not None
    assert meadow.wrong_labels.value == 1.0


@pytest.mark.parametrize("name", ["lake-6", "push-6"])
def test_worth_is_the_planners(name: str) -> None:
    world, exact, draws = open_world(name), Exact(open_world(name)), Draws(0)
    for instance in world.instances(25):
        world.reset(options={"instance": instance.id})
        state = world.snapshot()
        worth = action_worth(world, state, 0.9)
        assert instance.optimal is not None
        assert max(worth) == pytest.approx(0.9**instance.optimal)
        assert state_worth(world, state, 0.9) == pytest.approx(max(worth))
        best = {a for a, w in enumerate(worth) if w >= max(worth) - 1e-9}
        assert best == set(world.best_actions(state))  # type: ignore[attr-defined]
        for action in range(4):
            asked = Asked(draws, instance.id, call=0)
            predicted = exact.predict(state, [action], asked)
            assert predicted_worth(world, state, action, predicted, 0.9) == pytest.approx(worth[action])
            # By its digest alone it is worth the same.
            bare = replace(predicted, snapshot=b"")
            assert predicted_worth(world, state, action, bare, 0.9) == pytest.approx(worth[action])


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_calibration_against_its_definition(pairs: list[tuple[float, bool]]) -> None:
    found = calibration([c for c, _ in pairs], [r for _, r in pairs])
    assert found.n == sum(b.n for b in found.bins) == len(pairs)
    assert found.brier == pytest.approx(sum((c - r) ** 2 for c, r in pairs) / len(pairs))
    ece = 0.0
    for k in range(10):
        within = [(c, r) for c, r in pairs if min(int(c * 10), 9) == k]
        if within:
            ece += abs(sum(c for c, _ in within) - sum(r for _, r in within)) / len(pairs)
    assert found.ece == pytest.approx(ece, abs=1e-12)
    assert 0.0 <= found.ece <= 1.0
    assert found.ece**2 <= found.brier + 1e-9  # Jensen, twice


def test_calibration_refuses_what_is_none() -> None:
    for confidences, right in (([], []), ([0.5], []), ([1.5], [True])):
        with pytest.raises(UsageError):
            calibration(confidences, right)


def test_results_are_plain_data_and_a_table() -> None:
    world = open_world("lake-6")
    found = [measure(name, world, states=40, depth=4) for name in ("exact", "table:100")]
    assert json.loads(msgspec.json.encode(found))[1]["model"] == "table:100"
    text = aligned(measured_table(found))
    assert "wrong at 4" in text
    assert "wrong at 8" not in text
    assert f"{MATTERS:g}" in text


def test_a_learning_curve_falls() -> None:
    found = learning_curve("table", open_world("lake-6"), sizes=(20, 2000), seeds=(0, 1), states=100)
    assert [(one.transitions, one.seed) for one in found] == [(20, 0), (20, 1), (2000, 0), (2000, 1)]
    few, many = found[:2], found[2:]
    assert min(f.measured.depths[0].shown.value for f in few) > max(m.measured.depths[0].shown.value for m in many)
    assert "2000" in aligned(curve_table(found))


def test_wrong_numbers_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 1 state"):
        measure("exact", open_world("lake-6"), states=0)
    with pytest.raises(UsageError, match="500 test instances"):
        measure("exact", open_world("lake-6"), states=501)
