"""Uplift: the doubly robust score is unbiased, and what is learned is near the truth, calibrated and kept as plain data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from governors_points import Held, point
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.errors import UsageError
from journeyman.foresee.agents.agent import Wish
from journeyman.foresee.governors import calibration, uplift
from journeyman.foresee.governors.blind import from_files
from journeyman.foresee.governors.doubly_robust import cross_fitted, scores
from journeyman.foresee.governors.features import FEATURES, best_two, logged
from journeyman.foresee.governors.margins import calibration_rms, lost, margins
from journeyman.foresee.governors.open import open_governor
from journeyman.foresee.governors.uplift import LoggedPoint, calibration_error, learn, logged_points
from journeyman.foresee.governors.uplift_model import Trees, grow, load, ridge, save
from journeyman.foresee.protocol.decision import Decision, Episode


def synthetic(n: int, seed: int, share: float = 0.3) -> tuple[list[LoggedPoint], np.ndarray]:
    """Points whose true effect is 0.5 * (risk - 0.2): a call harms where there is little risk. Three points an instance."""
    rng = np.random.default_rng(seed)
    risk = rng.uniform(0.0, 1.0, n)
    called = rng.uniform(size=n) < share
    tau = 0.5 * (risk - 0.2)
    success = rng.uniform(size=n) < 0.6 - 0.4 * risk + called * tau
    points = [
        LoggedPoint({**dict.fromkeys(FEATURES, 0.0), "risk": float(risk[i]), "entropy": float(rng.uniform())}, "lake-6",
                    bool(called[i]), share, bool(success[i]), f"lake-6/{i // 3}")
        for i in range(n)
    ]  # fmt: skip
    return points, tau


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 0.9), st.floats(-0.3, 0.3))
def test_the_score_is_unbiased_however_wrong_the_outcome_models_are(seed: int, share: float, wrong: float) -> None:
    rng = np.random.default_rng(seed)
    n, tau = 20_000, 0.2
    z = (rng.uniform(size=n) < share).astype(float)
    y = (rng.uniform(size=n) < 0.4 + tau * z).astype(float)
    found = scores(y, z, np.full(n, share), np.full(n, 0.4 + wrong), np.full(n, 0.6 - wrong))
    assert abs(found.mean() - tau) < 4.5 * found.std() / np.sqrt(n)


def test_the_score_by_hand() -> None:
    one = np.ones(1)
    # m1 - m0 + (1 - m1) / e of one that was called and solved.
    assert scores(one, one, 0.5 * one, 0.3 * one, 0.6 * one) == pytest.approx(0.6 - 0.3 + 0.4 / 0.5)
    assert scores(one, 0 * one, 0.2 * one, 0.3 * one, 0.6 * one) == pytest.approx(0.6 - 0.3 - 0.7 / 0.8)
    with pytest.raises(UsageError, match="says nothing of the other choice"):
        scores(one, one, one, one, one)


def test_a_point_is_scored_by_models_that_never_saw_its_instance() -> None:
    rng = np.random.default_rng(0)
    x = np.arange(60.0)[:, None]
    z = (rng.uniform(size=60) < 0.5).astype(float)
    seen: list[set[int]] = []

    def fit(x_NF: np.ndarray, y_N: np.ndarray) -> object:
        train = {int(i) // 3 for i in x_NF[:, 0]}

        def predict(out: np.ndarray) -> np.ndarray:
            held_out = {int(i) // 3 for i in out[:, 0]}
            assert not train & held_out
            seen.append(held_out)
            return np.zeros(len(out))

        return predict

    cross_fitted(x, np.zeros(60), z, np.full(60, 0.5), [str(i // 3) for i in range(60)], fit)  # type: ignore[arg-type]
    assert set().union(*seen) == set(range(20))
    with pytest.raises(UsageError, match="5-fold cross-fitting needs as many instances; the logs hold 2"):
        cross_fitted(x[:6], np.zeros(6), z[:6], np.full(6, 0.5), list("aaabbb"), fit)  # type: ignore[arg-type]


@pytest.mark.parametrize("learner", ["linear", "boosting", "auto"])
def test_what_is_learned_is_near_the_truth_and_calibrated_on_new_points(learner: str) -> None:
    points, _ = synthetic(3000 if learner == "linear" else 6000, seed=1)  # the truth is a line, so trees need more
    fresh, tau = synthetic(2000, seed=2)
    model = learn(points, learner)  # type: ignore[arg-type]
    predicted = np.asarray([model.tau(one.x, one.world) for one in fresh])
    assert np.corrcoef(predicted, tau)[0, 1] > 0.85
    assert np.mean((predicted - tau) ** 2) < 0.5 * tau.var()
    assert calibration_error(predicted, tau) < (0.1 if learner == "boosting" else 0.05)


def test_where_features_tell_nothing_every_point_has_the_mean_effect() -> None:
    points, _ = synthetic(1500, seed=3)
    rng = np.random.default_rng(0)
    blind = [LoggedPoint({**one.x, "risk": float(rng.uniform())}, *list(one.__dict__.values())[1:]) for one in points]
    model = learn(blind)
    spread = np.std([model.tau(one.x, one.world) for one in blind])
    assert spread < 0.05
    assert model.intercept + model.slope * 0 == pytest.approx(model.effect, abs=0.15)


def test_trees_and_coefficients_predict_as_the_library_did_and_survive_their_file(tmp_path: Path) -> None:
    from sklearn.ensemble import GradientBoostingRegressor

    rng = np.random.default_rng(0)
    x = rng.uniform(size=(400, 3)).astype(np.float32).astype(float)
    y = (x[:, 0] > 0.5) + 0.3 * x[:, 1] + rng.normal(0, 0.1, 400)
    library = GradientBoostingRegressor(
        n_estimators=80, max_depth=2, learning_rate=0.05, subsample=0.7, min_samples_leaf=20, random_state=0
    ).fit(x, y)
    assert grow(x, y).predict(x) == pytest.approx(library.predict(x), abs=1e-9)
    linear = ridge(x, y)
    assert linear.predict(x) == pytest.approx([linear.one(row) for row in x.tolist()])
    assert np.corrcoef(linear.predict(x), y)[0, 1] > 0.8
    points, _ = synthetic(600, seed=4)
    for learner in ("linear", "boosting"):
        model = learn(points, learner)  # type: ignore[arg-type]
        save(model, tmp_path / "gate.json")
        assert load(tmp_path / "gate.json") == model
        assert isinstance(model.model, Trees) == (learner == "boosting")
    with pytest.raises(UsageError, match="cannot be written"):
        save(model, tmp_path / "nowhere" / "gate.json")


def test_only_points_at_which_a_coin_could_fall_both_ways_are_learned_from() -> None:
    x = logged(dict.fromkeys(FEATURES, 1.0))

    def decision(values: dict[str, float], propensity: float | None) -> Decision:
        return Decision(0, 0, "W", ruling={"values": values, "propensity": propensity})

    episode = Episode("c", "lake-6", "i", 0, "normal", True, "success", 1, 1, (
        decision({**x, "called": 1.0}, 0.2), decision({**x, "called": 0.0}, 0.9), decision({**x, "called": 1.0}, 1.0),
        decision({**x, "called": 1.0}, None), decision({"x.mind": 1.0, "called": 1.0}, 0.5), Decision(0, 0, "E"),
    ))  # fmt: skip
    found = logged_points([episode])
    assert [(one.called, round(one.propensity, 6), one.group) for one in found] == [
        (True, 0.2, "lake-6/i"), (False, 0.1, "lake-6/i")
    ]  # fmt: skip
    with pytest.raises(UsageError, match=r"make them with the governor 'encourage:0\.15'"):
        learn([])
    always = [LoggedPoint(found[0].x, "lake-6", True, 0.5, True, str(i)) for i in range(20)]
    with pytest.raises(UsageError, match="with a call only, or without one only"):
        learn(always)


@given(st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 3)), st.floats(0.0, 1.0), min_size=1))
def test_the_gap_is_between_turns_that_begin_differently(values: dict[tuple[int, ...], float]) -> None:
    best, second = best_two(values)
    assert best == max(values.values())
    first = {actions[0] for actions, value in values.items() if value == best}
    others = [max(v for a, v in values.items() if a[0] == start) for start in {a[0] for a in values} - {min(first)}]
    assert second == (max(others) if others else best)
    assert best_two({}) == (0.0, 0.0)


# --- calibration and margins ----------------------------------------------------------------------------------------------


def stated(n: int, seed: int = 0) -> list[calibration.Stated]:
    """An agent that says p and succeeds with p^2."""
    rng = np.random.default_rng(seed)
    return [calibration.Stated(float(p), bool(rng.uniform() < p * p)) for p in rng.uniform(0, 1, n)]


def test_an_overconfident_agent_is_calibrated(tmp_path: Path) -> None:
    fitted = calibration.fit(stated(4000))
    for p in (0.2, 0.5, 0.8, 0.95):
        assert fitted(p) == pytest.approx(p * p, abs=0.07)
    grid = [fitted(p / 100) for p in range(-5, 106)]
    assert grid == sorted(grid)
    assert 0.0 <= grid[0] <= grid[-1] <= 1.0
    calibration.save(fitted, tmp_path / "calibration.json")
    assert calibration.load(tmp_path / "calibration.json") == fitted
    with pytest.raises(UsageError, match="at least 20"):
        calibration.fit(stated(19))


def test_a_few_lucky_points_do_not_become_certainty() -> None:
    pairs = [calibration.Stated(0.5, i % 2 == 0) for i in range(40)] + [calibration.Stated(0.99, True)] * 2
    assert calibration.fit(pairs)(0.99) < 0.9


@pytest.mark.parametrize("change", [{"x": [0.5, 0.5]}, {"y": [0.9, 0.1]}, {"y": [0.1]}, {"base": 2.0}, {"x": [], "y": []},
                                    {"kind": "uplift"}])  # fmt: skip
def test_a_file_that_holds_no_calibration_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    file = tmp_path / "c.json"
    whole = {"x": [0.0, 1.0], "y": [0.1, 0.9], "points": 40, "base": 0.5, "kind": "calibration"}
    file.write_text(json.dumps({**whole, **change}))
    with pytest.raises(UsageError, match="holds no calibration"):
        calibration.load(file)


def test_an_agent_that_only_states_its_confidence_is_asked_about_where_that_pays(tmp_path: Path) -> None:
    calibration.save(calibration.fit(stated(4000)), tmp_path / "c.json")
    governor = open_governor(f"voi:cost=0.03,reliability=0.9,calibration={tmp_path / 'c.json'}")
    assert governor is not None

    def verdict(confidence: float) -> str:
        return governor.rule(point(Wish("act", (0,), confidence=confidence))).verdict

    # On average a turn is worth 1/3 here; one of which that is said is worth a check, a sure or hopeless one is not.
    assert [verdict(p) for p in (0.05, 0.55, 0.995)] == ["allow", "simulate", "allow"]


def test_the_uplift_goes_before_the_calibration(tmp_path: Path) -> None:
    points, _ = synthetic(900, seed=5)
    save(learn(points, "linear"), tmp_path / "u.json")
    blind = from_files(str(tmp_path / "nowhere.json"), str(tmp_path / "u.json"))
    assert blind is not None
    risky, safe = Held({0: 0.1}), Held({0: 1.0})
    assert blind(point(mind=risky), 0.9)[0] > blind(point(mind=safe), 0.9)[0]
    assert from_files("", "") is None


@given(st.integers(0, 1000), st.floats(0.0, 0.3))
@settings(max_examples=20, deadline=None)
def test_the_error_of_probabilities_is_estimated_without_what_chance_adds(seed: int, error: float) -> None:
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.0, 0.7, 4000)
    pairs = [(float(a), float(rng.uniform() < a + error)) for a in p]
    assert calibration_rms(pairs) == pytest.approx(error, abs=0.045)


def test_margins_are_read_from_logs() -> None:
    rng = np.random.default_rng(0)
    episodes = []
    for i in range(600):
        value, success = float(rng.uniform(0.3, 0.8)), bool(rng.uniform() < 0.55)
        bad = {"terminal": bool(rng.uniform() < 0.3), "success": False}
        decisions = (
            Decision(0, 0, "W", actions=(1,), predicted=bad, ruling={"values": {"p_bad": 0.1}}),
            Decision(1, 0, "E", actions=(1, 2), values={"1,2": value, "1": 0.0}),
        )
        episodes.append(Episode("c", "w", str(i), 0, "normal", success, "lost", 1, 2, decisions))
    found = margins(episodes)
    assert (found.values, found.predictions) == (600, 600)
    assert found.epsilon == pytest.approx(0.5 / np.sqrt(12), abs=0.04)  # values that are uniform and say nothing
    assert found.delta == pytest.approx(0.2, abs=0.04)
    assert margins(episodes[:3]) == (None, None, 3, 3)


def test_what_is_lost() -> None:
    assert lost({"terminal": True, "success": False})
    assert lost({"terminal": False, "success": False, "dead": True})
    assert not lost({"terminal": True, "success": True})
    assert not lost({"terminal": False, "success": False})
    assert not lost(None)
    assert uplift.FOLDS == 5
