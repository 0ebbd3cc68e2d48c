"""Each planted fault is named, by the check that is there for it and by no other; the pair without one is left alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from faults.planted import (
    DeadTemperature,
    Deaf,
    Filled,
    OffByOne,
    another_end,
    endless,
    of_another_form,
    older,
    trained_course,
)

from journeyman.distill.check.check import CheckReport, check
from journeyman.distill.data.prompt import Prompt
from journeyman.distill.diagnose import diagnose
from journeyman.distill.lab.build import lab_model
from journeyman.distill.lab.prompts import lab_prompts
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.model import LanguageModel, open_model
from journeyman.distill.rollout.engines import sampler_for
from journeyman.distill.rollout.sampling import Sampling
from journeyman.distill.teacher.served import Served
from journeyman.distill.watch import Watch
from journeyman.testing.vllm import Faults, VllmServer

SEEDS = (0, 1)
SHORT = Sampling(max_tokens=60)


@dataclass(frozen=True)
class Pair:
    """The lab's student and the teacher that works for it, in memory, and questions."""

    student: LanguageModel
    teacher: LanguageModel
    prompts: list[Prompt]

    def check(self, **options: Any) -> CheckReport:
        """`check` on this pair, wiring only unless told otherwise."""
        given: dict[str, Any] = {
            "student": self.student, "teacher": self.teacher, "prompts": self.prompts, "sampling": SHORT,
            "spec": LossSpec(k=4), "pair": False,
        }  # fmt: skip
        return check(**{**given, **options})


@pytest.fixture(scope="module")
def pair() -> Pair:
    return Pair(open_model(lab_model("student")), open_model(lab_model("twin")), lab_prompts("chains", "evaluation", 32, 3))


@pytest.fixture(scope="module")
def server(pair: Pair) -> Iterator[VllmServer]:
    with VllmServer(pair.teacher) as running:
        yield running


def failed(report: CheckReport) -> set[str]:
    return {finding.name for finding in report.findings if finding.passed is False}


def named_with_remedy(report: CheckReport, name: str) -> None:
    assert failed(report) == {name}
    (finding,) = (finding for finding in report.findings if finding.passed is False)
    assert finding.cause.endswith(".")
    assert finding.remedy
    assert report.verdict.name == "undecided"
    assert name in report.verdict.sentence
    assert not report.wired


# --- nothing planted --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_the_healthy_pair_passes_everything_and_is_ready(pair: Pair, seed: int) -> None:
    report = pair.check(pair=True, grader="bracket", seed=seed, n=2)
    assert all(finding.passed for finding in report.findings)
    assert report.wired
    assert report.verdict.name == "ready"


@pytest.mark.parametrize(("engine", "temperature"), [("own", 0.7), ("own", 1.5), ("generate", 1.0)])
def test_no_engine_and_no_temperature_is_a_fault(pair: Pair, engine: str, temperature: float) -> None:
    spec = LossSpec(k=4, temperature=temperature)
    report = pair.check(engine=engine, sampling=replace(SHORT, temperature=temperature), spec=spec)
    assert failed(report) == set()


def test_a_healthy_server_is_no_fault(pair: Pair, server: VllmServer) -> None:
    server.faults = Faults()
    report = pair.check(teacher=Served(server.url))
    assert failed(report) == set()
    known = {finding.name: finding.passed for finding in report.findings}
    assert all(known[name] for name in ("shift", "gradient", "identity", "temperature", "sampler"))
    assert known["vocabulary"] is None


# --- wiring -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turned", [False, True])
def test_another_end_token_is_eos(pair: Pair, tmp_path: Path, turned: bool) -> None:
    other = open_model(another_end(lab_model("student" if turned else "twin"), tmp_path / "other"))
    report = pair.check(student=other, teacher=pair.teacher) if turned else pair.check(teacher=other)
    named_with_remedy(report, "eos")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("moved", [1, -1])
def test_states_moved_by_one_are_shift(pair: Pair, seed: int, moved: int) -> None:
    report = pair.check(teacher=OffByOne(pair.teacher, moved), seed=seed)
    named_with_remedy(report, "shift")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_server_that_scores_the_next_position_is_shift(pair: Pair, server: VllmServer, seed: int) -> None:
    server.faults = Faults(shifted=True)
    report = pair.check(teacher=Served(server.url), seed=seed)
    named_with_remedy(report, "shift")


@pytest.mark.parametrize("seed", SEEDS)
def test_an_engine_without_temperature_is_temperature(pair: Pair, seed: int) -> None:
    report = pair.check(sampler=DeadTemperature(sampler_for(pair.student)), seed=seed)
    named_with_remedy(report, "temperature")


@pytest.mark.parametrize("at", [0.6, 1.4])
def test_it_is_temperature_whatever_was_asked_for(pair: Pair, at: float) -> None:
    report = pair.check(
        sampler=DeadTemperature(sampler_for(pair.student)),
        sampling=replace(SHORT, temperature=at),
        spec=LossSpec(k=4, temperature=at),
    )
    named_with_remedy(report, "temperature")


def test_a_server_that_ignores_it_is_temperature(pair: Pair) -> None:
    with VllmServer(pair.student, logprobs_mode="processed") as running:
        running.faults = Faults(temperature_ignored=True)
        named_with_remedy(pair.check(engine=running.url), "temperature")
        running.faults = Faults()
        assert failed(pair.check(engine=running.url)) == set()


def test_a_loss_at_another_temperature_is_temperature(pair: Pair) -> None:
    named_with_remedy(pair.check(sampling=replace(SHORT, temperature=0.8)), "temperature")


def test_a_served_teacher_cannot_be_cooled(pair: Pair, server: VllmServer) -> None:
    server.faults = Faults()
    named_with_remedy(pair.check(teacher=Served(server.url), spec=LossSpec(k=4, teacher_temperature=0.5)), "temperature")


@pytest.mark.parametrize(
    "teacher",
    [Filled(0.0), Filled(0.0, share=0.8), Filled(-2.5)],
    ids=["zeros", "mostly zeros", "constant"],
)
def test_answers_that_were_filled_up_are_gradient(pair: Pair, teacher: Filled) -> None:
    named_with_remedy(pair.check(teacher=teacher), "gradient")


def test_states_that_were_zeroed_are_gradient(pair: Pair) -> None:
    named_with_remedy(pair.check(teacher=Deaf(pair.teacher)), "gradient")


@pytest.mark.parametrize("fault", [Faults(zeros=True), Faults(constant=-1.5), Faults(dropped=True)])
def test_a_server_that_loses_its_scores_is_gradient(pair: Pair, server: VllmServer, fault: Faults) -> None:
    server.faults = fault
    named_with_remedy(pair.check(teacher=Served(server.url)), "gradient")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("engine", ["own", "generate"])
def test_older_weights_in_the_engine_are_sampler(pair: Pair, engine: str, seed: int) -> None:
    report = pair.check(sampler=sampler_for(older(pair.student, seed), engine), seed=seed)
    named_with_remedy(report, "sampler")


def test_another_model_in_the_engine_is_sampler(pair: Pair) -> None:
    named_with_remedy(pair.check(sampler=sampler_for(pair.teacher)), "sampler")


def test_a_stale_server_is_sampler(pair: Pair) -> None:
    with VllmServer(older(pair.student, 5)) as running:
        named_with_remedy(pair.check(engine=running.url), "sampler")


# --- the pair ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "graded"), [("student", False), ("student", True), ("twin", False)])
def test_a_twin_with_the_same_weights_teaches_nothing(pair: Pair, name: str, graded: bool) -> None:
    one, two = open_model(lab_model(name)), open_model(lab_model(name))
    report = pair.check(student=one, teacher=two, pair=True, grader="bracket" if graded else None, n=1)
    assert report.wired
    assert report.verdict.name == "no_new_capability"


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_foreign_format_is_a_pattern_mismatch(pair: Pair, seed: int) -> None:
    report = pair.check(teacher=of_another_form(seed), pair=True, grader="bracket", seed=seed, n=1)
    assert report.wired
    assert report.verdict.name == "pattern_mismatch"
    assert report.verdict.remedy.startswith("journeyman distill cold-start ")


def test_an_over_long_horizon_is_beyond_useful_depth(pair: Pair) -> None:
    student = endless(pair.student)
    asked = pair.prompts[:12]
    report = pair.check(
        student=student, prompts=asked, pair=True, grader="bracket", sampling=Sampling(max_tokens=90), n=1,
        depths=(4, 40, 70),
    )  # fmt: skip
    assert report.wired
    assert report.figures.truncated is not None
    assert report.figures.truncated > 0.5
    assert report.verdict.name == "beyond_useful_depth"
    assert report.verdict.figures["useful_depth"] < 60


def test_ends_that_come_by_themselves_are_no_horizon(pair: Pair) -> None:
    report = pair.check(pair=True, grader="bracket", depths=(4, 16, 28), n=1)
    assert report.figures.gain_by_depth[0][1] > report.figures.gain_by_depth[-1][1]
    assert report.verdict.name == "ready"


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_leaking_mass_is_named_and_a_run_that_learns_is_not(pair: Pair, seed: int) -> None:
    asked = lab_prompts("chains", "train", 12, seed)
    leaking = trained_course(pair.student, pair.teacher, asked, 20, leaks=True, seed=seed)
    verdict = Watch().judge(leaking)
    assert verdict is not None
    assert verdict.name == "mass_leak"
    assert Watch().judge(trained_course(pair.student, pair.teacher, asked, 20, leaks=False, seed=seed)) is None


# --- a run made elsewhere ---------------------------------------------------------------------------------------------


def exported(pair: Pair, folder: Path, sampled_by: LanguageModel, temperature: float = 1.0, seed: int = 0) -> Path:
    """Rollouts as prime-rl exports them, sampled by `sampled_by`, scored by the student."""
    from journeyman.distill.data.templates import render_all
    from journeyman.distill.rollout.rollouts import pack
    from journeyman.distill.rollout.score import log_probs_of

    ids = render_all(pair.prompts, pair.student).ids
    rollouts = sampler_for(sampled_by).sample(ids, 2, replace(SHORT, temperature=temperature), seed)
    batch = pack(rollouts, pair.student.pad_id)
    scored = iter(log_probs_of(pair.student, batch).split(batch.lengths.tolist()))
    step = folder / "token_exports" / "step_7"
    step.mkdir(parents=True)
    lines = []
    for row, values in enumerate(scored):
        prompt, response = list(rollouts.prompts[int(rollouts.prompt_of[row])]), rollouts.response(row)
        before, ids_ = [0.0] * len(prompt), prompt + response
        lines.append(json.dumps({
            "schema_version": 1, "step": 7, "export_step": 7, "rank": 0, "token_ids": ids_,
            "loss_mask": [False] * len(prompt) + [True] * len(response), "rewards": before + [1.0] * len(response),
            "inference_logprobs": before + [float(v) for v in rollouts.logp[row, : len(response)]],
            "trainer_logprobs": before + [float(v) for v in values], "entropy": [0.0] * len(ids_),
        }))  # fmt: skip
    (step / "rank_0.jsonl").write_text("\n".join(lines) + "\n")
    (step / "STABLE").touch()
    return folder


@pytest.mark.parametrize("seed", SEEDS)
def test_stale_rollouts_of_another_trainer_are_named(pair: Pair, tmp_path: Path, seed: int) -> None:
    found = diagnose(exported(pair, tmp_path, older(pair.student, seed), seed=seed))
    assert found.verdict.name == "stale_rollouts"
    fresh = diagnose(exported(pair, tmp_path / "fresh", pair.student, seed=seed), student=lab_model("student"), rows=16)
    assert {finding.name for finding in fresh.findings if finding.passed is False} == set()


def without_log_probabilities(pair: Pair, folder: Path, sampled_by: LanguageModel, temperature: float = 1.0) -> Path:
    """The same as verl dumps it: texts, special tokens left out."""
    from journeyman.distill.data.templates import render_all

    folder.mkdir(parents=True)
    ids = render_all(pair.prompts, pair.student).ids
    rollouts = sampler_for(sampled_by).sample(ids, 2, replace(SHORT, temperature=temperature), 0)
    decode: Callable[..., str] = pair.student.tokenizer.decode
    rows = [
        {
            "input": decode(list(rollouts.prompts[int(rollouts.prompt_of[row])]), skip_special_tokens=True),
            "output": decode(rollouts.response(row), skip_special_tokens=True),
            "gts": pair.prompts[int(rollouts.prompt_of[row])].answer, "score": 0.0, "step": 1,
        }
        for row in range(len(rollouts))
    ]  # fmt: skip
    (folder / "1.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n")
    return folder


def test_texts_alone_show_what_sampled_them(pair: Pair, tmp_path: Path) -> None:
    student = lab_model("student")
    fresh = diagnose(without_log_probabilities(pair, tmp_path / "a", pair.student), student)
    assert {finding.name for finding in fresh.findings if finding.passed is False} == set()
    other = diagnose(without_log_probabilities(pair, tmp_path / "b", open_model(lab_model("twin")), 3.0), student)
    assert {finding.name for finding in other.findings} == {"sampler", "on_policy", "eos"}
    assert float(other.findings[1].measured["excess"]) > 0.2


def test_the_twin_teacher_of_a_foreign_run_is_named(pair: Pair, tmp_path: Path) -> None:
    folder = without_log_probabilities(pair, tmp_path / "a", pair.student)
    found = diagnose(folder, lab_model("student"), lab_model("student"), grader="bracket")
    assert found.verdict.name == "no_new_capability"
    assert found.figures.student_score is not None
    assert 0.3 < found.figures.student_score < 0.8
    good = diagnose(folder, lab_model("student"), lab_model("twin"))
    assert good.verdict.name == "undecided"
    assert "both scores" in good.verdict.sentence


def test_another_end_token_of_a_foreign_run_is_named(pair: Pair, tmp_path: Path) -> None:
    folder = without_log_probabilities(pair, tmp_path / "a", pair.student)
    found = diagnose(folder, lab_model("student"), another_end(lab_model("twin"), tmp_path / "other"))
    assert {finding.name for finding in found.findings if finding.passed is False} == {"eos"}
