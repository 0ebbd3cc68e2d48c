"""A run that was killed and resumed equals one that never was, bit for bit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from small_run import EVALUATED, prompts_file, small_spec

from journeyman.distill import events
from journeyman.distill.checkpoint import State, read, write
from journeyman.distill.model import open_model
from journeyman.distill.train import resume, train
from journeyman.distill.train_spec import TrainSpec, to_plain
from journeyman.errors import RunError, RunInterrupted
from journeyman.runlog import RunLog, canonical_digest, find_run

HERE = Path(__file__).parent


class Stop(Exception):
    """Ends a run in the middle of a step's bookkeeping."""


def stopping(at: int, error: type[BaseException] = Stop) -> Callable[[events.Progress], None]:
    def on_step(progress: events.Progress) -> None:
        if progress.step.step == at:
            raise error

    return on_step


def digest_of(run: Path) -> str:
    with RunLog.open(run) as log:
        return canonical_digest(log)


def the_run(root: Path) -> Path:
    return find_run("last", root)


@pytest.fixture
def spec(tiny: Callable[..., Path], tmp_path: Path) -> TrainSpec:
    prompts = prompts_file(tmp_path)
    student, teacher = tiny("student", seed=1), tiny("teacher", seed=2)
    return small_spec(student, teacher, prompts, shuffle=True, evaluation__prompts=str(prompts), **EVALUATED)


@pytest.mark.parametrize("at", [1, 2, 3, 5])
def test_a_run_that_broke_off_goes_on_as_if_nothing_had_happened(spec: TrainSpec, tmp_path: Path, at: int) -> None:
    whole = train(spec, runs=tmp_path / "whole")
    with pytest.raises(Stop):
        train(spec, runs=tmp_path / "broken", on_step=stopping(at))
    told: list[int] = []
    result = resume(the_run(tmp_path / "broken"), on_step=lambda progress: told.append(progress.step.step))
    # Checkpoints are made after every second step, so an odd step is made again, and told again, but not logged again.
    assert told == list(range(at - at % 2 + 1, 7))
    assert digest_of(result.run) == digest_of(whole.run)
    assert result.metrics == whole.metrics
    assert result.reason == "all steps are done"


def test_adapters_and_dropout_resume_as_exactly(spec: TrainSpec, tmp_path: Path) -> None:
    from journeyman.distill.train_spec import changed

    adapted = changed(spec, {"lora.rank": 2, "lora.dropout": 0.2, "steps": 4})
    whole = train(adapted, runs=tmp_path / "whole")
    with pytest.raises(Stop):
        train(adapted, runs=tmp_path / "broken", on_step=stopping(3))
    result = resume(the_run(tmp_path / "broken"))
    assert digest_of(result.run) == digest_of(whole.run)


def test_an_event_that_comes_out_differently_is_named_and_the_first_one_stands(tmp_path: Path) -> None:
    with RunLog.create(tmp_path / "run", verb="distill", header={}) as log:
        events.Journal(log).write(events.STEP, "1", events.Step(1, {"loss": 0.5}))
        again = events.Journal(log)
        again.write(events.STEP, "1", events.Step(1, {"loss": 0.5}))
        assert again.differing is None
        again.write(events.STEP, "1", events.Step(1, {"loss": 0.25}))
        assert again.differing == "step 1"
        assert [step.metrics for step in events.steps(log)] == [{"loss": 0.5}]
        assert [event.volatile for event in log.events(events.SESSION)] == [{"differs": "step 1"}]


def test_ctrl_c_says_how_to_go_on(spec: TrainSpec, tmp_path: Path) -> None:
    with pytest.raises(RunInterrupted, match=r"run resume .*distill-"):
        train(spec, runs=tmp_path, on_step=stopping(2, KeyboardInterrupt))


def test_a_run_that_has_ended_gives_its_result_and_does_nothing(spec: TrainSpec, tmp_path: Path) -> None:
    whole = train(spec, runs=tmp_path)
    again = resume(whole.run, on_step=stopping(1))
    assert again == whole


def test_a_run_does_not_go_on_with_other_prompts(spec: TrainSpec, tmp_path: Path) -> None:
    with pytest.raises(Stop):
        train(spec, runs=tmp_path / "runs", on_step=stopping(2))
    prompts_file(tmp_path, 11).rename(spec.prompts)
    with pytest.raises(RunError, match="prompts of the run changed"):
        resume(the_run(tmp_path / "runs"))


def test_only_the_newest_checkpoints_stay_and_each_opens_as_a_model(spec: TrainSpec, tmp_path: Path) -> None:
    result = train(spec, runs=tmp_path)
    kept = sorted(path.name for path in (result.run / "checkpoints").iterdir())
    assert kept == ["step-000004", "step-000006"]
    assert result.student == result.run / "checkpoints" / "step-000006"
    with RunLog.open(result.run) as log:
        assert [saved.step for saved in events.checkpoints(log)] == [2, 4, 6]
        last = events.checkpoints(log)[-1]
    from journeyman.distill.model import digest

    assert digest(open_model(result.student)) == last.digest


def test_a_checkpoint_gives_back_what_it_was_given(tiny: Callable[..., Path], tmp_path: Path) -> None:
    student = open_model(tiny("student", seed=1))
    moments = {"step.a": torch.tensor(3.0), "exp_avg.a": torch.randn(4, 3).t()}
    saved = write(tmp_path, State(7, 1), student, moments, keep_last=1)
    state, tensors = read(tmp_path / saved.folder)
    assert state == State(7, 1)
    assert tensors.keys() == moments.keys()
    for name, tensor in moments.items():
        torch.testing.assert_close(tensors[name], tensor, rtol=0, atol=0)
    shutil.rmtree(tmp_path / saved.folder / "training")
    with pytest.raises(RunError, match="cannot go on from"):
        read(tmp_path / saved.folder)


@pytest.mark.slow
def test_a_run_killed_again_and_again_equals_one_that_never_was(spec: TrainSpec, tmp_path: Path) -> None:
    whole = train(spec, runs=tmp_path / "whole")
    driver = [sys.executable, str(HERE / "train_driver.py"), json.dumps(to_plain(spec)), str(tmp_path / "killed"), "6", "3"]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(driver, capture_output=True, text=True, env=env, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) >= 4  # a run may end before the last kills strike
    run = the_run(tmp_path / "killed")
    assert digest_of(run) == digest_of(whole.run)
    assert not list((run / "checkpoints").glob(".*"))
