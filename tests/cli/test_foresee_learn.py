"""`journeyman foresee measure` and `learn`: tables, files that governors read, complaints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from journeyman.cli import main
from journeyman.foresee import evaluate


def test_measure_tells_an_exact_model_from_a_disturbed_one(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["foresee", "measure", "lake-4", "exact", "exact+transition=0.5", "--states", "40", "--depth", "2"]
    assert main(words) == 0
    assert "wrong decision" in capsys.readouterr().out
    assert main([*words, "--json"]) == 0
    exact, disturbed = json.loads(capsys.readouterr().out)["models"]
    assert exact["wrong_labels"]["hits"] == 0
    assert exact["wrong_decisions"]["hits"] == 0
    assert disturbed["wrong_labels"]["hits"] > 5
    assert disturbed["lost"] > 0


def test_a_curve_gets_better(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["foresee", "measure", "lake-4", "table", "--curve", "--states", "60", "--json"]) == 0
    points = json.loads(capsys.readouterr().out)["curves"]["table"]
    few, many = ([p["measured"]["wrong_labels"]["hits"] for p in points if p["transitions"] == n] for n in (50, 5000))
    assert sum(many) < sum(few)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["measure", "lake-5"], "there is no world 'lake-5'"),
        (["measure", "lake-4", "perfect"], "there is no world model 'perfect'"),
        (["measure", "lake-4", "exact", "--curve"], "--curve trains table or ensemble"),
        (["measure", "lake-4", "--states", "100000"], "instances"),
        (["learn", "nowhere"], "there is no run 'nowhere'"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["foresee", *words]) != 0
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err


def test_what_runs_teach_is_kept_and_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = evaluate(
        "lake-4", modes="normal", governors="encourage:0.4", instances=60, split="train", runs=tmp_path
    ).run  # fmt: skip
    gate, meaning = tmp_path / "gate.json", tmp_path / "meaning.json"
    words = ["foresee", "learn", str(run), "--uplift", str(gate), "--calibration", str(meaning), "--json"]
    assert main(words) == 0
    lesson = json.loads(capsys.readouterr().out)
    assert lesson["episodes"] == 60
    assert lesson["points"] > 100
    assert 0 <= lesson["ece"] < 0.5
    assert lesson["values"] > 100
    assert 0 < lesson["epsilon"] < 0.6
    for governor in (f"uplift:{gate}", f"voi:calibration={meaning}"):
        played = evaluate("lake-4", modes="normal", governors=governor, instances=5, runs=tmp_path)
        assert len(played.episodes) == 5


def test_runs_without_a_coin_teach_no_uplift(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = evaluate("lake-4", modes="normal", instances=10, runs=tmp_path).run
    gate = tmp_path / "gate.json"
    assert main(["foresee", "learn", str(run), "--uplift", str(gate)]) != 0
    assert "make them with the governor 'encourage:0.15'" in capsys.readouterr().err
    assert not gate.exists()
    assert main(["foresee", "learn", str(run)]) == 0
    out, err = capsys.readouterr()
    assert "what a call adds" in out
    assert "nothing was kept" in err
