"""The wiring before the first step: what a training finds, what it refuses, and that it trains the same after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from small_run import grader_file, prompts_file, small_spec

from journeyman.distill import events
from journeyman.distill.check.wiring import ALONE, CHECKS
from journeyman.distill.model import open_model
from journeyman.distill.train import resume, train
from journeyman.distill.train_spec import TrainSpec, changed
from journeyman.errors import ModelNotFound, PreflightFailure, RunError, RunInterrupted, UsageError
from journeyman.runlog import RunLog
from journeyman.testing.vllm import VllmServer

Tiny = Callable[..., Path]


@pytest.fixture
def spec(tiny: Tiny, tmp_path: Path) -> TrainSpec:
    return small_spec(tiny("student", seed=1), tiny("teacher", seed=2), prompts_file(tmp_path), steps=2, save_every=1)


def findings_of(run: Path) -> list[str]:
    with RunLog.open(run) as log:
        assert all(finding.passed is not False for finding in events.findings(log))
        return [finding.name for finding in events.findings(log)]


def weights_of(run: Path) -> bytes:
    return (run / "checkpoints" / "step-000002" / "model.safetensors").read_bytes()


def test_a_look_at_the_wiring_is_logged_and_changes_nothing(spec: TrainSpec, tmp_path: Path) -> None:
    looked = train(spec, runs=tmp_path / "looked", check=True)
    plain = train(spec, runs=tmp_path / "plain")
    assert len(set(findings_of(looked.run))) == len(CHECKS)
    assert findings_of(plain.run) == []
    assert weights_of(looked.run) == weights_of(plain.run)


def test_a_run_that_was_stopped_goes_on_as_if_nothing_had_been(spec: TrainSpec, tmp_path: Path) -> None:
    def stop(progress: events.Progress) -> None:
        raise KeyboardInterrupt

    whole = train(spec, runs=tmp_path / "whole", check=True)
    place = tmp_path / "stopped"
    with pytest.raises(RunInterrupted, match="go on with"):
        train(spec, folder=place, check=True, on_step=stop)
    resume(place)
    assert findings_of(place) == findings_of(whole.run)
    assert weights_of(place) == weights_of(whole.run)


def test_wrong_wiring_is_refused_with_what_mends_it_and_leaves_nothing(spec: TrainSpec, tiny: Tiny, tmp_path: Path) -> None:
    other = tmp_path / "other-end"
    model = open_model(spec.teacher)
    model.model.generation_config.eos_token_id = [2, 5]
    model.model.save_pretrained(other)
    model.tokenizer.save_pretrained(other)
    wrong = changed(spec, {"teacher": str(other)})
    with pytest.raises(PreflightFailure, match=r"not right \(eos\).*generation_config.*check .*--wiring"):
        train(wrong, runs=tmp_path / "runs", check=True)
    assert not list((tmp_path / "runs").glob("*"))
    assert train(wrong, runs=tmp_path / "runs").steps == 2


def test_without_a_teacher_the_students_own_wiring_is_looked_at(tiny: Tiny, tmp_path: Path) -> None:
    spec = small_spec(
        tiny("student", seed=1), "", prompts_file(tmp_path), method="grpo", steps=1, grader=grader_file(tmp_path)
    )
    found = findings_of(train(spec, runs=tmp_path / "runs", check=True).run)
    assert len(found) == len(ALONE)
    assert "vocabulary" not in found


def test_engine_and_teacher_on_servers(spec: TrainSpec, tmp_path: Path) -> None:
    """The engine's server has other weights at first, as after an earlier run: it is given the student's."""
    with VllmServer(open_model(spec.teacher)) as engine, VllmServer(open_model(spec.teacher)) as teacher:
        served = changed(spec, {"engine": engine.url, "teacher": teacher.url, "loss.form": "sampled", "steps": 1})
        run = train(served, runs=tmp_path / "runs", check=True).run
    assert len(findings_of(run)) == len(CHECKS)


def test_what_cannot_begin_is_said_before_anything_is_loaded(spec: TrainSpec, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thing").write_text("")
    nowhere = changed(spec, {"student": str(tmp_path / "no-such-model")})
    with pytest.raises(RunError, match="is a file"):
        train(nowhere, runs=tmp_path / "file" / "runs")
    with pytest.raises(RunError, match="not empty"):
        train(nowhere, folder=tmp_path / "full")
    with pytest.raises(ModelNotFound, match="there is no folder"):
        train(nowhere, runs=tmp_path / "runs")
    with pytest.raises(UsageError, match="engine 'warp' is unknown"):
        train(changed(spec, {"engine": "warp"}), runs=tmp_path / "runs")
    with pytest.raises(UsageError, match="device 'toaster' is unknown"):
        train(changed(spec, {"device": "toaster"}), runs=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_names_that_are_no_model_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    (tmp_path / "file").write_text("")
    for name, said in (
        (str(tmp_path), "holds no model"), (str(tmp_path / "file"), "is a file"), ("./gone", "there is no folder"),
        ("a/b/c", "there is no folder"), ("someone/something-7b", "forbids to ask the hub"), ("a b", "no name of a hub"),
    ):  # fmt: skip
        with pytest.raises(ModelNotFound, match=said):
            open_model(name)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text(json.dumps({"model_type": "qwen3"}))
    with pytest.raises(ModelNotFound, match=r"cannot be loaded as a language model: .{40}"):
        open_model(tmp_path / "broken")
