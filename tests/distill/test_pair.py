"""Figures of a pair: what is measured is what the names say, and measuring changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from journeyman.distill.check.check import check
from journeyman.distill.check.pair import measure, observe, top_size
from journeyman.distill.data.prompt import Prompt
from journeyman.distill.lab.build import lab_model
from journeyman.distill.lab.prompts import lab_prompts
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.model import open_model
from journeyman.distill.rollout.engines import sampler_for
from journeyman.distill.rollout.rollouts import pack
from journeyman.distill.rollout.sampling import Sampling
from journeyman.distill.teacher.in_process import InProcess
from journeyman.distill.teacher.served import Served
from journeyman.errors import UsageError
from journeyman.testing.vllm import VllmServer

Tiny = Callable[..., Path]
PROMPTS = [Prompt((("user", text),), text, answer) for text, answer in (("1 + 2", "3"), ("3 - 1", "2"), ("4 * 2", "8"))]


def test_divergence_entropies_and_gradient_are_those_of_plain_autograd(tiny: Tiny) -> None:
    student, teacher = open_model(tiny("pair", seed=0), trainable=True), open_model(tiny("pair", seed=1, hidden=48))
    rollouts = sampler_for(student).sample([[1, 5, 6], [1, 7]], 3, Sampling(max_tokens=10), 0)
    seen = observe(student, InProcess(teacher), rollouts, LossSpec(form="full"), k_metric=4, batch=2, gradient=True)
    batch = pack(rollouts, student.pad_id)
    logits = student.model(input_ids=batch.ids, attention_mask=batch.mask).logits[batch.rows, batch.columns]
    with torch.no_grad():
        theirs = teacher.model(input_ids=batch.ids, attention_mask=batch.mask).logits[batch.rows, batch.columns]
    logp, logq = torch.log_softmax(logits, -1), torch.log_softmax(theirs, -1)
    divergence = (logp.exp() * (logp - logq)).sum(-1)
    divergence.mean().backward()
    norm = torch.stack([p.grad.norm() for p in student.model.parameters()]).norm()
    assert seen.metrics["divergence/full"] == pytest.approx(float(divergence.mean().detach()), rel=1e-4)
    assert seen.metrics["loss"] == pytest.approx(float(divergence.mean().detach()), rel=1e-4)
    assert seen.gradient_norm == pytest.approx(float(norm), rel=1e-3)


@pytest.mark.parametrize("trainable", [False, True])
def test_measuring_leaves_the_student_as_it_was(tiny: Tiny, trainable: bool) -> None:
    student, teacher = open_model(tiny("pair", seed=0), trainable=trainable), open_model(tiny("pair", seed=1))
    before = {name: value.clone() for name, value in student.model.state_dict().items()}
    figures = measure(student, InProcess(teacher), PROMPTS, sampling=Sampling(max_tokens=8), n=2)
    assert figures.gradient_norm is not None
    assert figures.gradient_norm > 0
    for name, value in student.model.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(p.grad is None and p.requires_grad is trainable for p in student.model.parameters())
    assert student.model.training is trainable


def test_equal_seeds_give_equal_figures_and_no_gradient_where_none_is_wanted(tiny: Tiny) -> None:
    student, teacher = open_model(tiny("pair", seed=0)), InProcess(open_model(tiny("pair", seed=1)))
    first, second = (
        measure(student, teacher, PROMPTS, sampling=Sampling(max_tokens=8), n=2, gradient=False, seed=3) for _ in range(2)
    )
    assert first == second
    assert first.gradient_norm is None
    assert measure(student, teacher, PROMPTS, sampling=Sampling(max_tokens=8), n=2, gradient=False, seed=4) != first


def test_scores_templates_and_the_floor_of_seeds(tiny: Tiny) -> None:
    student, twin = open_model(lab_model("student")), open_model(lab_model("twin"))
    asked = lab_prompts("chains", "evaluation", 24, 0)
    from journeyman.distill.data.grade import grader

    figures = measure(
        student, InProcess(twin), asked, sampling=Sampling(max_tokens=60), n=2, grader=grader("bracket"),
        templates=("boxed",), second=student, gradient=False,
    )  # fmt: skip
    assert figures.student_score is not None and figures.teacher_score is not None  # noqa: PT018
    assert figures.teacher_score - figures.student_score > 0.2
    assert figures.score_s_e is not None
    assert 0.02 < figures.score_s_e < 0.15
    assert set(figures.overlap_by_template) == set(figures.divergence_by_template) == {"chat", "boxed"}
    assert figures.overlap_by_template["chat"] == figures.overlap
    assert (figures.divergence_floor, figures.overlap_floor) == (0.0, 1.0)
    assert figures.s_e["divergence"] < 0.5 * (figures.divergence or 0)
    assert figures.horizon is not None
    assert figures.horizon <= 60
    assert figures.k_metric == top_size(student) == 4


def test_a_served_teacher_gives_what_can_be_known(tiny: Tiny) -> None:
    student, twin = open_model(lab_model("student")), open_model(lab_model("twin"))
    asked = lab_prompts("chains", "evaluation", 6, 0)
    given = {"sampling": Sampling(max_tokens=40), "n": 2, "gradient": False}
    exact = measure(student, InProcess(twin), asked, **given)  # type: ignore[arg-type]
    with VllmServer(twin) as server:
        served = measure(student, Served(server.url), asked, **given)  # type: ignore[arg-type]
    assert served.entropy_student == pytest.approx(exact.entropy_student, abs=1e-5)
    assert served.divergence == pytest.approx(exact.divergence, abs=0.1)
    assert served.teacher_score is None
    assert served.mass_teacher == pytest.approx(exact.mass_teacher, abs=0.05)


def test_calls_that_mean_nothing_are_refused(tiny: Tiny) -> None:
    student = open_model(tiny("pair", seed=0))
    with pytest.raises(UsageError, match="at least 1 of both"):
        measure(student, InProcess(student), [])
    with pytest.raises(UsageError, match="depths need a grader"):
        measure(student, InProcess(student), PROMPTS, depths=(4,))


def test_a_served_teacher_answers_the_prompts_like_one_in_this_process(tiny: Tiny) -> None:
    student, teacher = open_model(tiny("pair", seed=0)), open_model(tiny("pair", seed=1))
    options: dict[str, Any] = {"grader": lambda said, answer: len(said) % 2 == 0, "sampling": Sampling(max_tokens=8), "n": 2}
    here = check(student, teacher, PROMPTS, **options).figures
    with VllmServer(teacher) as server:
        there = check(student, server.url, PROMPTS, **options).figures
    assert there.student_score == here.student_score
    assert there.teacher_score is not None
    assert there.score_s_e is not None
