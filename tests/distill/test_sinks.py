"""Sinks write files that the tools themselves read."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from journeyman.distill.events import Evaluated, Progress, Step, StepCost
from journeyman.distill.sinks import open_sinks, parse_sinks
from journeyman.errors import MissingExtra, UsageError


def progress(step: int) -> Progress:
    metrics = {"loss": 0.1 / step, "overlap/ratio": 0.7 + 0.01 * step, "sequence/auroc": float("nan")}
    evaluated = Evaluated(step, {"avg": 0.6, "n": 4, "interval": [0.5, 0.7]}, gap_recovery=0.25) if step == 2 else None
    return Progress(Step(step, metrics, {}, 100), 3, StepCost(2.0, {"rollout": 1.5}, 64.0), evaluated)


def test_tensorboard_reads_back_what_was_sent(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

    with open_sinks(["tensorboard"], tmp_path, name="run", settings={}) as sinks:
        for step in (1, 2, 3):
            sinks.take(progress(step))
    (file,) = (tmp_path / "tensorboard").iterdir()
    read: dict[str, dict[int, float]] = {}
    for event in LegacyEventFileLoader(str(file)).Load():
        for value in event.summary.value:
            read.setdefault(value.tag, {})[event.step] = value.simple_value
    assert read["loss"] == pytest.approx({1: 0.1, 2: 0.05, 3: 0.1 / 3})
    assert read["overlap/ratio"][3] == pytest.approx(0.73)
    assert read["time/rollout_s"] == pytest.approx({1: 1.5, 2: 1.5, 3: 1.5})
    assert read["time/tokens_per_s"][1] == pytest.approx(50.0)
    assert read["evaluation/avg"] == pytest.approx({2: 0.6})
    assert read["evaluation/gap_recovery"] == pytest.approx({2: 0.25})
    assert "sequence/auroc" not in read, "what is not finite is left out"
    assert "evaluation/interval" not in read


def test_a_folder_of_its_own_holds_a_run_each(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with open_sinks([f"tensorboard:{tmp_path / 'board'}"], tmp_path / name, name=name, settings={}) as sinks:
            sinks.take(progress(1))
    assert sorted(path.name for path in (tmp_path / "board").iterdir()) == ["a", "b"]


def test_an_unknown_sink_is_refused_with_what_there_is() -> None:
    with pytest.raises(UsageError, match="there is no sink 'mlflow'; use one of tensorboard, wandb"):
        parse_sinks(["tensorboard", "mlflow"])


def test_a_sink_whose_package_is_absent_says_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.event_file_writer", None)
    with pytest.raises(MissingExtra, match="pip install tensorboard"):
        open_sinks(["tensorboard"], tmp_path, name="run", settings={})
    if importlib.util.find_spec("wandb") is None:
        with pytest.raises(MissingExtra, match="pip install wandb"):
            parse_sinks(["wandb"])


@pytest.mark.skipif(importlib.util.find_spec("wandb") is None, reason="wandb is not installed here")
def test_weights_and_biases_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    with open_sinks(["wandb:project"], tmp_path, name="run", settings={"lr": 1e-4}) as sinks:
        sinks.take(progress(1))
    assert any((tmp_path / "wandb").glob("offline-run-*"))
