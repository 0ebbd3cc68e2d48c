"""The trainer: what it optimises, what it logs, when it stops, what it refuses."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from small_run import EVALUATED, grader_file, prompts_file, small_spec

from journeyman.distill import events
from journeyman.distill.check.figures import Verdict
from journeyman.distill.check.finding import Finding
from journeyman.distill.data.prompts import read_prompts
from journeyman.distill.data.templates import render
from journeyman.distill.losses.forms import divergence_of_logits
from journeyman.distill.losses.spec import Aggregation
from journeyman.distill.model import LanguageModel, digest, open_model
from journeyman.distill.rollout.rollouts import Batch, pack
from journeyman.distill.rollout.sampler import Own
from journeyman.distill.teacher.in_process import InProcess
from journeyman.distill.teacher.signal import HiddenSignal
from journeyman.distill.train import resume, train
from journeyman.distill.train_spec import TrainSpec, changed, seed_of
from journeyman.errors import (
    DataInvalid,
    ModelUnavailable,
    ModelUnsuitable,
    RunError,
    TrainingFailed,
    UsageError,
)
from journeyman.runlog import RunLog
from journeyman.testing.vllm import VllmServer


@pytest.fixture
def spec(tiny: Callable[..., Path], tmp_path: Path) -> TrainSpec:
    return small_spec(tiny("student", seed=1), tiny("teacher", seed=2), prompts_file(tmp_path))


def events_of(run: Path) -> list[tuple[str, str]]:
    with RunLog.open(run) as log:
        return [(event.kind, event.key) for event in log.events()]


def steps_of(run: Path) -> list[events.Step]:
    with RunLog.open(run) as log:
        return events.steps(log)


def test_the_student_learns_and_the_log_has_everything_in_order(spec: TrainSpec, tmp_path: Path) -> None:
    told: list[events.Progress] = []
    scored = changed(spec, {"evaluation.prompts": spec.prompts, **EVALUATED})
    result = train(
        scored, runs=tmp_path / "runs", on_step=told.append,
        findings=[Finding("identity", True, {"divergence": 0.0}, "below 1e-4")],
    )  # fmt: skip
    assert events_of(result.run) == [
        ("session", ""), ("finding", "identity"), ("evaluation", "teacher"), ("evaluation", "0"),
        ("step", "1"), ("sample", "1"), ("step", "2"), ("checkpoint", "2"),
        ("step", "3"), ("sample", "3"), ("evaluation", "3"), ("step", "4"), ("checkpoint", "4"),
        ("step", "5"), ("step", "6"), ("sample", "6"), ("evaluation", "6"), ("checkpoint", "6"), ("finished", ""),
    ]  # fmt: skip
    with RunLog.open(result.run) as log:
        about, steps, costs = events.about(log), events.steps(log), events.costs(log)
        assert about.spec == scored
        assert about.student["digest"] == digest(open_model(spec.student))
        assert about.prompts["count"] == 12
        assert [found.step for found in events.evaluations(log)] == [0, 3, 6]
        taught = events.teacher_evaluation(log)
        assert taught is not None
        assert 0 <= taught.teacher["avg"] <= 1
        assert events.findings(log)[0].name == "identity"
        assert events.finished(log) == events.Finished("all steps are done", 6)
    assert [progress.step for progress in told] == steps
    assert told[2].evaluated is not None
    assert all(cost.phases.keys() == {"rollout", "teacher", "update"} and cost.memory_mb > 1 for cost in costs)
    assert all(sum(cost.phases.values()) <= cost.wall_s for cost in costs)
    wanted = {
        "loss", "gradient/norm", "lr", "update/skipped", "overlap/ratio", "entropy/student", "entropy/teacher",
        "entropy/gap", "divergence/full", "divergence/sampled", "mass/on_set", "response/length", "response/truncated",
        "score/rollouts", "sampler/gap", "sequence/reward", "teacher/rank_mean",
    }  # fmt: skip
    assert all(wanted <= step.metrics.keys() for step in steps)
    assert all(math.isfinite(value) for step in steps for value in step.metrics.values())
    assert all(len(row) == 5 for step in steps for row in step.by_position.values())
    assert max(step.metrics["sampler/gap"] for step in steps) < 1e-5
    assert steps[-1].metrics["divergence/full"] < 0.8 * steps[0].metrics["divergence/full"]


def test_a_logged_response_is_readable_token_by_token(spec: TrainSpec, tmp_path: Path) -> None:
    result = train(changed(spec, {"steps": 1, "sample_rows": 3}), runs=tmp_path / "runs")
    with RunLog.open(result.run) as log:
        (sample,) = events.samples(log)
    assert len(sample.rollouts) == 3
    assert len({found.prompt for found in sample.rollouts}) == 3
    for found in sample.rollouts:
        assert found.values.keys() == {"divergence", "entropy/student", "entropy/teacher", "overlap/ratio"}
        assert all(len(values) == len(found.tokens) for values in found.values.values())
        assert all(value is not None for values in found.values.values() for value in values)
        assert found.prompt.startswith("<s> user")
        assert found.correct in (True, False)
        assert (found.tokens[-1] == "</s>") == found.finished


@pytest.mark.parametrize("form", ["topk", "full", "sampled"])
def test_one_step_is_adamw_on_the_loss_of_the_whole_batch(form: str, spec: TrainSpec, tmp_path: Path) -> None:
    """By hand: the same rollouts, all rows in one pass, plain logits, torch's own clipping and AdamW."""
    settings = {"steps": 1, "loss": {"form": form, "k": 4} if form == "topk" else {"form": form}, "clip_norm": 0.5}
    one = changed(spec, {**settings, "tokens_per_micro_batch": 40})
    result = train(one, runs=tmp_path / "runs")

    student = open_model(spec.student, trainable=True)
    teacher = open_model(spec.teacher)
    prompts = [render(prompt, student) for prompt in read_prompts(spec.prompts)[:4]]
    rollouts = Own(student).sample(prompts, 2, one.sampling, seed_of(0, "rollout", 1, 0))
    batch = pack(rollouts, student.pad_id)
    count = len(batch.tokens)
    outputs = [m.model(input_ids=batch.ids, attention_mask=batch.mask) for m in (student, teacher)]
    logits = [output.logits[batch.rows, batch.columns, : student.head().size] for output in outputs]
    found = divergence_of_logits(*logits, batch.tokens, torch.full((count,), 1 / count), one.loss)
    found.loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(student.model.parameters(), 0.5)
    optimizer = torch.optim.AdamW(student.model.parameters(), lr=1e-2, weight_decay=0.01)
    optimizer.step()

    (step,) = steps_of(result.run)
    assert step.tokens == count
    assert step.metrics["loss"] == pytest.approx(float(found.loss.detach()), rel=1e-4, abs=1e-6)
    assert step.metrics["gradient/norm"] == pytest.approx(float(norm), rel=1e-3)
    assert step.metrics["lr"] == 1e-2
    assert result.student is not None
    trained = open_model(result.student).model.state_dict()
    for name, weight in student.model.state_dict().items():
        # The very first AdamW step has the sign of the gradient; where that is next to nothing, rounding decides.
        apart = (weight - trained[name]).abs()
        assert float((apart > 1e-3).float().mean()) < 0.01, name


@pytest.mark.parametrize("aggregation", get_args(Aggregation))
def test_how_the_batch_is_cut_into_passes_changes_nothing(aggregation: str, spec: TrainSpec, tmp_path: Path) -> None:
    one = changed(spec, {"steps": 1, "loss.aggregation": aggregation, "save_every": 0})
    whole, parts = (
        steps_of(train(changed(one, {"tokens_per_micro_batch": budget}), runs=tmp_path / str(budget)).run)[0]
        for budget in (10_000, 1)
    )
    assert whole.metrics.keys() == parts.metrics.keys()
    for name, value in whole.metrics.items():
        assert value == pytest.approx(parts.metrics[name], rel=1e-3, abs=1e-6), name
    checkpointed = steps_of(train(changed(one, {"gradient_checkpointing": True}), runs=tmp_path / "again").run)[0]
    assert checkpointed.metrics["gradient/norm"] == pytest.approx(whole.metrics["gradient/norm"], rel=1e-3)


class Scoring:
    """A teacher that does something at its n-th call before it answers."""

    name = "scoring"

    def __init__(self, model: LanguageModel, then: Callable[[int, HiddenSignal], HiddenSignal]) -> None:
        self.inner, self.then, self.calls = InProcess(model), then, 0

    def signal(self, batch: Batch) -> HiddenSignal:
        self.calls += 1
        return self.then(self.calls, self.inner.signal(batch))


def broken_at(*calls: int) -> Callable[[int, HiddenSignal], HiddenSignal]:
    def then(call: int, signal: HiddenSignal) -> HiddenSignal:
        return replace(signal, hidden=signal.hidden * math.nan) if call in calls else signal

    return then


def test_an_update_whose_norm_is_not_finite_is_left_out_and_counted(spec: TrainSpec, tmp_path: Path) -> None:
    whole = changed(spec, {"tokens_per_micro_batch": 10_000, "steps": 4, "save_every": 1, "keep_last": 9})
    teacher = Scoring(open_model(spec.teacher), broken_at(2))
    result = train(whole, runs=tmp_path / "runs", teacher=teacher)
    steps = steps_of(result.run)
    assert [step.metrics["update/skipped"] for step in steps] == [0, 1, 0, 0]
    assert "gradient/norm" not in steps[1].metrics
    assert "loss" not in steps[1].metrics
    with RunLog.open(result.run) as log:
        saved = [found.digest for found in events.checkpoints(log)]
    assert saved[0] == saved[1] != saved[2]


def test_several_in_a_row_end_the_run(spec: TrainSpec, tmp_path: Path) -> None:
    whole = changed(spec, {"tokens_per_micro_batch": 10_000, "max_skips": 1})
    teacher = Scoring(open_model(spec.teacher), broken_at(2, 4, 5))
    with pytest.raises(TrainingFailed, match="not finite at 2 steps in a row, the last of them step 5; use a smaller"):
        train(whole, folder=tmp_path / "run", teacher=teacher)
    assert resume(tmp_path / "run").reason == "the gradient is not finite"


def test_a_server_that_gives_no_answer_leaves_a_run_that_goes_on(spec: TrainSpec, tmp_path: Path) -> None:
    def away(call: int, signal: HiddenSignal) -> HiddenSignal:
        if call == 4:
            raise ModelUnavailable("the teacher does not answer")
        return signal

    whole = changed(spec, {"tokens_per_micro_batch": 10_000})
    model = open_model(spec.teacher)
    with pytest.raises(ModelUnavailable, match=r"does not answer; nothing is lost; go on with: journeyman run resume"):
        train(whole, folder=tmp_path / "run", teacher=Scoring(model, away))
    result = resume(tmp_path / "run", teacher=Scoring(model, broken_at()))
    assert result.steps == 6


def failing(course: Any) -> Verdict | None:
    assert set(map(len, course.values())) == {len(course["loss"])}
    if len(course["loss"]) != 4:
        return None
    return Verdict("mass_leak", "Probability drains.", {"loss": 1.0}, "journeyman repair")


def test_a_verdict_stops_the_run_with_its_remedy_or_lets_it_go_on(spec: TrainSpec, tmp_path: Path) -> None:
    watched = changed(spec, {"watch_every": 2})
    with pytest.raises(TrainingFailed, match=r"Probability drains. Stopped after step 4 .*with: journeyman repair"):
        train(watched, folder=tmp_path / "stopped", watch=failing)
    assert events_of(tmp_path / "stopped")[-3:] == [("verdict", "4"), ("checkpoint", "4"), ("finished", "")]
    stopped = resume(tmp_path / "stopped", watch=failing)
    assert (stopped.steps, stopped.reason) == (4, "stopped on the verdict mass_leak")
    assert stopped.verdict is not None
    assert stopped.verdict.remedy == "journeyman repair"

    result = train(changed(watched, {"on_failure": "continue"}), folder=tmp_path / "on", watch=failing)
    assert result.steps == 6
    with RunLog.open(result.run) as log:
        assert [(step, verdict.name) for step, verdict in events.verdicts(log)] == [(4, "mass_leak")]


def test_a_student_in_memory_is_trained_in_place_and_only_adapters_where_asked(spec: TrainSpec, tmp_path: Path) -> None:
    student = open_model(spec.student, trainable=True)
    before = digest(student)
    train(changed(spec, {"steps": 1}), runs=tmp_path / "a", student=student, teacher=open_model(spec.teacher))
    assert digest(student) != before
    adapted = train(changed(spec, {"steps": 2, "lora.rank": 2}), runs=tmp_path / "b")
    assert adapted.student is not None
    assert (adapted.student / "adapter_config.json").is_file()
    opened = open_model(adapted.student)
    plain = open_model(spec.student).model.state_dict()
    for name, weight in opened.base.state_dict().items():
        if "lora" not in name:
            torch.testing.assert_close(weight, plain[name.replace(".base_layer", "")], rtol=0, atol=0)


@pytest.mark.parametrize("engine", ["own", "generate"])
def test_checkpointing_leaves_the_samplers_cache_alone(engine: str, spec: TrainSpec, tmp_path: Path) -> None:
    plain = changed(spec, {"engine": engine, "steps": 2, "save_every": 0})
    one = steps_of(train(plain, runs=tmp_path / "a").run)
    two = steps_of(train(changed(plain, {"gradient_checkpointing": True}), runs=tmp_path / "b").run)
    assert [step.tokens for step in one] == [step.tokens for step in two]
    assert one[1].metrics["loss"] == pytest.approx(two[1].metrics["loss"], rel=1e-3)


def test_a_served_student_and_a_served_teacher(spec: TrainSpec, tmp_path: Path) -> None:
    with VllmServer(open_model(spec.student)) as samples, VllmServer(open_model(spec.teacher)) as scores:
        served = changed(spec, {
            "engine": samples.url, "teacher": scores.url, "steps": 3, "save_every": 0,
            "loss": {"form": "topk", "k": 4, "strategy": "teacher"},
        })  # fmt: skip
        steps = steps_of(train(served, runs=tmp_path / "served").run)
        paths = [asked.path for asked in samples.requests]
    assert paths.count("/collective_rpc") == 4  # fresh weights before each of 3 steps, and for the last evaluation
    local = changed(spec, {"loss": served.loss, "steps": 3, "save_every": 0, "loss.strategy": "teacher"})
    here = steps_of(train(local, runs=tmp_path / "here").run)
    for one, two in zip(steps, here, strict=True):
        assert one.metrics["sampler/gap"] < 1e-3
        assert {"loss", "divergence/sampled", "entropy/student", "divergence/full_low"} <= one.metrics.keys()
        # Other random numbers, the same models: the losses are alike, not equal.
        assert one.metrics["loss"] == pytest.approx(two.metrics["loss"], rel=0.6)
    assert "overlap/chance_corrected" in here[0].metrics


def test_gap_recovery_compares_with_the_start_and_the_teacher(spec: TrainSpec, tmp_path: Path) -> None:
    scored = changed(spec, {
        "evaluation.prompts": spec.prompts, **EVALUATED, "evaluation.limit": 12, "evaluation.n": 8, "steps": 3,
        "grader": grader_file(tmp_path, ("so",)), "lr": 1e-9,
    })  # fmt: skip
    result = train(scored, runs=tmp_path / "runs")
    before, after = result.evaluations
    assert before.student["avg"] == after.student["avg"]  # the same seed, and next to nothing was learned
    assert before.gap_recovery is None
    with RunLog.open(result.run) as log:
        taught = events.teacher_evaluation(log)
    assert taught is not None
    assert after.gap_recovery == (0.0 if taught.teacher["avg"] > before.student["avg"] else None)


def test_what_cannot_work_is_refused_in_a_sentence(
    spec: TrainSpec, tiny: Callable[..., Path], tmp_path: Path
) -> None:
    def refused(error: type[Exception], said: str, **changes: Any) -> None:
        with pytest.raises(error, match=said):
            train(changed(spec, {name.replace("__", "."): value for name, value in changes.items()}), runs=tmp_path / "runs")
        assert not (tmp_path / "runs").exists()

    refused(UsageError, "name a file", prompts="")
    refused(DataInvalid, "none of 12 prompts fits into 2 tokens", max_prompt_tokens=2)
    refused(ModelUnsuitable, r"context of .* holds 256; set sampling.max_tokens to 2\d\d or less", sampling__max_tokens=255)
    refused(DataInvalid, "nowhere", prompts=str(tmp_path / "nowhere.jsonl"))
    refused(UsageError, "template 'nowhere'", template="nowhere")
    refused(UsageError, "nowhere", grader="nowhere")
    unanswered = tmp_path / "unanswered.jsonl"
    unanswered.write_text('{"question": "1 + 1"}\n')
    refused(DataInvalid, "an answer to none; an evaluation needs answers", evaluation__prompts=str(unanswered))
    refused(UsageError, "an evaluation needs a grader", evaluation__prompts=spec.prompts, grader="")


def test_two_tokenizers_are_refused(spec: TrainSpec, tmp_path: Path) -> None:
    teacher = open_model(spec.teacher)
    other = deepcopy(teacher.tokenizer)
    other.add_tokens(["therefore"])
    with pytest.raises(ModelUnsuitable, match="'therefore'"):
        train(spec, runs=tmp_path, teacher=replace(teacher, tokenizer=other))


def test_prompts_without_answers_train_without_a_score(spec: TrainSpec, tmp_path: Path) -> None:
    plain = tmp_path / "plain.jsonl"
    plain.write_text('{"question": "1 + 1"}\n{"question": "2 + 1"}\n')
    result = train(changed(spec, {"prompts": str(plain), "steps": 1, "grader": "math"}), runs=tmp_path / "runs")
    assert "score/rollouts" not in result.metrics
    with RunLog.open(result.run) as log:
        assert all(found.correct is None for found in events.samples(log)[0].rollouts)


def test_another_verbs_run_is_not_resumed(tmp_path: Path) -> None:
    RunLog.create(tmp_path / "run", verb="optimize", header={}).close()
    with pytest.raises(RunError, match="is of 'optimize', not of 'distill'"):
        resume(tmp_path / "run")
