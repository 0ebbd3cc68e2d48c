"""Two processes under torchrun, the student sharded by FSDP2, make the update that one process makes, up to rounding."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from small_run import EVALUATED, grader_file, prompts_file, small_spec

from journeyman.distill import batches, events
from journeyman.distill.model import open_model
from journeyman.distill.rollout.rollouts import Rollouts
from journeyman.distill.train import train
from journeyman.distill.train_spec import changed, to_plain
from journeyman.errors import UsageError
from journeyman.runlog import RunLog

HERE = Path(__file__).parent


def torchrun(*runs: tuple[dict[str, Any], str, int]) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
               str(HERE / "parallel_driver.py"), json.dumps(runs)]  # fmt: skip
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=280, check=False)
    assert done.returncode == 0, done.stderr


def course(folder: Path) -> list[events.Step]:
    with RunLog.open(folder) as log:
        return events.steps(log)


def assert_alike(ours: list[events.Step], theirs: list[events.Step]) -> None:
    assert [step.tokens for step in ours] == [step.tokens for step in theirs]
    for one, two in zip(ours, theirs, strict=True):
        assert one.metrics.keys() == two.metrics.keys()
        for name, value in one.metrics.items():
            assert value == pytest.approx(two.metrics[name], rel=2e-3, abs=2e-5), f"{name} of step {one.step}"
        assert one.by_position.keys() == two.by_position.keys()


def weights_of(folder: Path, step: int) -> dict[str, torch.Tensor]:
    return dict(open_model(folder / "checkpoints" / f"step-{step:06d}").model.state_dict())


@pytest.mark.slow
def test_two_processes_equal_one_and_resume(tiny: Callable[..., Path], tmp_path: Path) -> None:
    prompts = prompts_file(tmp_path)
    student, teacher = tiny("student", seed=1), tiny("teacher", seed=2)
    # Each process samples half of the prompts in one call, and so does one process in two calls. A small rate, for AdamW's
    # first steps have the sign of a gradient, and that of a gradient of nearly nothing is rounding.
    alike: dict[str, Any] = {"prompts_at_once": 2, "lr": 1e-4, "steps": 4}
    specs = {
        "opd": small_spec(student, teacher, prompts, **alike, evaluation__prompts=str(prompts), **EVALUATED),
        "checkpointed": small_spec(student, teacher, prompts, **alike, gradient_checkpointing=True, loss__form="full"),
        "adapters": small_spec(student, teacher, prompts, **alike, lora__rank=2),
        "grpo": small_spec(
            student, "", prompts, **alike, rollouts_per_prompt=4, method="grpo", grader=grader_file(tmp_path)
        ),
    }
    together = {name: tmp_path / f"{name}-together" for name in specs}
    torchrun(*((to_plain(spec), str(together[name]), 4 * (name == "opd")) for name, spec in specs.items()))
    for name, spec in specs.items():
        alone = train(spec, folder=tmp_path / f"{name}-alone").run
        assert_alike(course(alone), course(together[name]))
        assert max(step.metrics["gradient/norm"] for step in course(alone)) > 0.01
        ours, theirs = weights_of(alone, 4), weights_of(together[name], 4)
        assert ours.keys() == theirs.keys()
        for weight, value in ours.items():
            torch.testing.assert_close(value, theirs[weight], rtol=0, atol=2e-5)
        with RunLog.open(alone) as one, RunLog.open(together[name]) as two:
            assert [(e.kind, e.key) for e in one.events() if e.body] == [(e.kind, e.key) for e in two.events() if e.body]


def test_prompts_are_dealt_out_evenly_and_calls_keep_their_numbers(tmp_path: Path) -> None:
    spec = small_spec(tmp_path, tmp_path, tmp_path, prompts_per_step=8, prompts_at_once=2)
    chosen = list(range(8))
    one = batches.calls_of(chosen, spec, 0, 1)
    two = [call for rank in range(2) for call in batches.calls_of(chosen, spec, rank, 2)]
    assert one == two == [(0, [0, 1]), (1, [2, 3]), (2, [4, 5]), (3, [6, 7])]
    with pytest.raises(UsageError, match="multiple of 3"):
        batches.calls_of(chosen, spec, 0, 3)
    with pytest.raises(UsageError, match="does not divide"):
        batches.calls_of(chosen, changed(spec, {"prompts_at_once": 3}), 0, 2)


def test_the_order_of_prompts_is_a_function_of_the_step(tmp_path: Path) -> None:
    plain = small_spec(tmp_path, tmp_path, tmp_path)
    assert [batches.prompts_of(step, plain, 6) for step in (1, 2, 3)] == [[0, 1, 2, 3], [4, 5, 0, 1], [2, 3, 4, 5]]
    mixed = changed(plain, {"shuffle": True})
    epoch = [at for step in (1, 2, 3) for at in batches.prompts_of(step, mixed, 6)]
    assert sorted(epoch[:6]) == sorted(epoch[6:]) == list(range(6))
    assert epoch[:6] != epoch[6:]
    assert batches.prompts_of(3, mixed, 6) == epoch[8:]
    assert batches.prompts_of(1, plain, 1) == [0, 0, 0, 0]


@pytest.mark.parametrize("budget", [1, 7, 12, 30, 100])
@pytest.mark.parametrize("at_least", [1, 4, 99])
def test_passes_hold_all_rows_once_within_the_budget(budget: int, at_least: int) -> None:
    lengths = [9, 7, 7, 4, 2, 1]
    cut = batches.passes(lengths, budget, at_least)
    assert [row for rows in cut for row in rows] == list(range(6))
    assert all(len(rows) == 1 or len(rows) * lengths[rows.start] <= budget for rows in cut)
    assert len(cut) >= min(at_least, 6)


def test_calls_join_into_one_batch_whatever_their_widths() -> None:
    def part(first: int, width: int) -> Rollouts:
        ids = torch.arange(first, first + 2 * width).reshape(2, width)
        lengths, finished = torch.tensor([width, 1]), torch.tensor([True, False])
        return Rollouts([[first]], torch.tensor([0, 0]), ids, lengths, finished, ids * -0.5)

    whole = batches.joined([part(1, 3), part(20, 2)])
    assert whole.prompt_of.tolist() == [0, 0, 1, 1]
    assert [whole.response(row) for row in range(4)] == [[1, 2, 3], [4], [20, 21], [22]]
    ordered = batches.by_length(whole)
    assert [ordered.response(row) for row in range(4)] == [[1, 2, 3], [20, 21], [4], [22]]
    assert ordered.logp[1, :2].tolist() == [-10.0, -10.5]
    assert batches.sequence_lengths(ordered) == [4, 3, 2, 2]
