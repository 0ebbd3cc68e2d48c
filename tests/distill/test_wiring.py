"""Checks of what both models are shown, on small models with one thing changed each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from journeyman.distill.check.bench import Bench, prepare
from journeyman.distill.check.check import check, faults
from journeyman.distill.check.finding import Finding
from journeyman.distill.check.wiring import CHECKS, look
from journeyman.distill.check.wiring_text import end_of_sequence, heads, padding, room, templates, vocabulary
from journeyman.distill.data.prompt import Prompt
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.model import LanguageModel, open_model
from journeyman.distill.rollout.engines import sampler_for
from journeyman.distill.rollout.sampling import Sampling
from journeyman.distill.teacher.in_process import InProcess

Tiny = Callable[..., Path]
PROMPTS = [Prompt((("user", text),), text) for text in ("1 + 2", "3 - 1", "4 * 5 + 6", "7")]


def bench(student: LanguageModel, teacher: LanguageModel, **options: Any) -> Bench:
    given: dict[str, Any] = {
        "sampler": sampler_for(student), "sampling": Sampling(max_tokens=24), "spec": LossSpec(k=4), "rows": 4, "tokens": 24,
    }  # fmt: skip
    return prepare(student, InProcess(teacher), PROMPTS, **{**given, **options})


def edited(folder: Path, target: Path, file: str, **changes: Any) -> LanguageModel:
    shutil.copytree(folder, target)
    settings = json.loads((target / file).read_text())
    (target / file).write_text(json.dumps({**settings, **changes}))
    return open_model(target)


@pytest.fixture(scope="module")
def two(tiny: Tiny) -> tuple[LanguageModel, LanguageModel]:
    return open_model(tiny("wiring", seed=0)), open_model(tiny("wiring", seed=1, hidden=48))


def test_two_random_models_are_wired_right(two: tuple[LanguageModel, LanguageModel]) -> None:
    found = look(bench(*two))
    assert faults(found) == []
    assert [finding.name for finding in found] == [
        "vocabulary", "heads", "room", "template", "eos", "pad", "finite", "identity", "shift", "gradient", "temperature",
        "sampler",
    ]  # fmt: skip
    assert len(CHECKS) == len(found)
    assert all(finding.measured or finding.passed is None for finding in found)
    assert all(finding.threshold for finding in found)


def test_bfloat16_is_no_fault(tiny: Tiny) -> None:
    student = open_model(tiny("wiring", seed=0), dtype="bfloat16")
    teacher = open_model(tiny("wiring", seed=1, hidden=48), dtype="bfloat16")
    found = look(bench(student, teacher))
    assert [finding.name for finding in faults(found)] == []


def test_heads_padded_to_different_sizes_are_fine(tiny: Tiny) -> None:
    student, teacher = open_model(tiny("wiring", seed=0, padded_to=64)), open_model(tiny("wiring", seed=1, padded_to=80))
    found = heads(bench(student, teacher))
    assert found.passed
    assert (found.measured["student_rows"], found.measured["teacher_rows"]) == (64, 80)
    small = replace(bench(student, teacher), teacher_model=replace(teacher, vocab=5))
    assert heads(small).passed is False


def test_too_little_room_says_how_much_there_is(two: tuple[LanguageModel, LanguageModel]) -> None:
    student, teacher = two
    made = replace(bench(student, teacher), sampling=Sampling(max_tokens=252))
    found = room(made)
    assert found.passed is False
    longest = max(len(ids) for ids in made.ids)
    assert f"Set max_tokens to {256 - longest}" in found.remedy


def test_another_vocabulary_is_said_before_anything_is_sampled(tiny: Tiny, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    shutil.copytree(tiny("wiring", seed=1), folder)
    words = json.loads((folder / "tokenizer.json").read_text())
    vocabulary_ = words["model"]["vocab"]
    vocabulary_["so"], vocabulary_["thus"] = vocabulary_["thus"], vocabulary_["so"]
    (folder / "tokenizer.json").write_text(json.dumps(words))
    report = check(tiny("wiring", seed=0), folder, PROMPTS, sampling=Sampling(max_tokens=8))
    assert [finding.name for finding in report.findings] == ["vocabulary"]
    assert report.findings[0].measured["differing"] == 2
    assert "vocabulary" in report.verdict.sentence


def test_a_doubled_begin_is_found(two: tuple[LanguageModel, LanguageModel]) -> None:
    made = bench(*two)
    begin = made.student.tokenizer.bos_token_id
    stripped = [list(ids) for ids in made.ids]
    found = templates(replace(made, ids=[[begin, begin, *ids] for ids in stripped]))
    assert found.passed is False
    assert "twice" in found.cause
    assert templates(made).passed


def test_a_template_that_opens_no_turn_is_found(tiny: Tiny, tmp_path: Path) -> None:
    closed = "{% for message in messages %}<s> {{ message['role'] }} {{ message['content'] }} </s> {% endfor %}"
    folder = tmp_path / "closed"
    shutil.copytree(tiny("wiring", seed=0), folder)
    for file in folder.glob("chat_template*"):
        file.unlink()
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**settings, "chat_template": closed}))
    model = open_model(folder)
    found = templates(bench(model, model))
    assert found.passed is False
    assert "no assistant's turn" in found.cause


def test_another_template_of_the_teacher_is_found(
    two: tuple[LanguageModel, LanguageModel], tiny: Tiny, tmp_path: Path
) -> None:
    folder = tmp_path / "terse"
    shutil.copytree(tiny("wiring", seed=1, hidden=48), folder)
    for file in folder.glob("chat_template*"):
        file.unlink()
    terse = "{% for message in messages %}{{ message['content'] }} {% endfor %}{% if add_generation_prompt %}? {% endif %}"
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**settings, "chat_template": terse}))
    found = templates(bench(two[0], open_model(folder)))
    assert found.passed is False
    assert found.measured["unlike_teachers"] == 4


def test_a_turn_that_ends_elsewhere_is_found(tiny: Tiny, tmp_path: Path) -> None:
    folder = tiny("wiring", seed=0)
    model = edited(folder, tmp_path / "ends", "generation_config.json", eos_token_id=1)
    model = replace(model, eos_ids=(1,))
    found = end_of_sequence(bench(model, model))
    assert found.passed is False
    assert "</s> (2)" in str(found.measured["end_of_turn"])


def test_a_pad_token_that_ends_is_scored_as_an_end(two: tuple[LanguageModel, LanguageModel]) -> None:
    student = replace(two[0], pad_id=two[0].eos_ids[0])
    found: Finding = padding(bench(student, two[1]))
    assert found.passed
    assert found.measured["pad_ends"] == 1.0
    assert found.measured["ends_scored"] == found.measured["ended"]


def test_weights_that_are_not_finite_are_found_and_nothing_is_judged(tiny: Tiny) -> None:
    import torch

    student, teacher = open_model(tiny("wiring", seed=0)), open_model(tiny("wiring", seed=1, hidden=48))
    with torch.no_grad():
        teacher.model.lm_head.weight[5] = float("nan")
    report = check(student, teacher, PROMPTS, sampling=Sampling(max_tokens=8))
    assert "finite" in [finding.name for finding in faults(report.findings)]
    assert report.figures.divergence is None
    assert report.verdict.name == "undecided"


def test_a_served_vocabulary_cannot_be_looked_at(two: tuple[LanguageModel, LanguageModel]) -> None:
    found = vocabulary(replace(bench(*two), teacher_model=None))
    assert found.passed is None
    assert "not on this machine" in found.cause
