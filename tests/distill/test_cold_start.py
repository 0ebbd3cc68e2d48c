"""Cold start: the teacher's responses are filtered and kept, the student learns them, other prompts are left."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from journeyman.distill.data.prompt import Prompt
from journeyman.distill.data.prompts import read_prompts
from journeyman.distill.lab.build import lab_model
from journeyman.distill.lab.prompts import lab_prompts
from journeyman.distill.model import open_model, save
from journeyman.distill.presets import PAPER_COLD_START
from journeyman.distill.recipes.cold_start import ColdStarted, cold_start, distillation_in_epochs
from journeyman.distill.rollout.sampling import Sampling
from journeyman.errors import DataInvalid, ModelNotFound, ModelUnsuitable, UsageError

SETTINGS = replace(PAPER_COLD_START, sampling=Sampling(0.7, 0.95, max_tokens=64), batch=8, lr=1e-3)


def run(to: Path, prompts: list[Prompt] | None = None, **options: Any) -> ColdStarted:
    given = lab_prompts("student", "cold", 23, seed=0) if prompts is None else prompts
    arguments = {"settings": SETTINGS, "grader": "bracket", "batch": 8} | options
    return cold_start(lab_model("student"), lab_model("twin"), given, to=to, **arguments)


def test_writes_a_student_prompts_and_the_command(tmp_path: Path) -> None:
    phases: list[tuple[str, int, int]] = []
    found = run(tmp_path / "cold", on_progress=lambda *step: phases.append(step))
    assert (found.asked, found.kept, found.left) == (20, 20, 3)
    assert open_model(found.student).name == str(tmp_path / "cold" / "student")
    assert found.tokens == 20 * 36
    assert found.loss is not None
    assert {phase for phase, _, _ in phases} == {"responses", "fine-tuning"}
    asked, left = (read_prompts(tmp_path / "cold" / name) for name in ("prompts-sft.jsonl", "prompts-opd.jsonl"))
    assert not {prompt.id for prompt in asked} & {prompt.id for prompt in left}
    assert len(asked) + len(left) == 23
    words = shlex.split(found.command)
    assert words[:4] == ["journeyman", "distill", "train", str(found.student)]
    assert words[words.index("--prompts") + 1] == str(found.prompts)
    assert words[words.index("--grader") + 1] == "bracket"
    assert "20 of 20 prompts got a response" in found.sentence


def test_student_learns_the_responses(tmp_path: Path) -> None:
    once = run(tmp_path / "one")
    often = run(tmp_path / "many", settings=replace(SETTINGS, epochs=12))
    assert once.loss is not None
    assert often.loss is not None
    assert often.loss < once.loss


def test_goes_on_where_it_was(tmp_path: Path) -> None:
    whole = run(tmp_path / "a")
    responses = (tmp_path / "a" / "responses.jsonl").read_text()
    run(tmp_path / "b")
    (tmp_path / "b" / "responses.jsonl").write_text(responses[: int(0.7 * len(responses))])
    (tmp_path / "b" / "student" / "model.safetensors").unlink()
    (tmp_path / "b" / "student").rename(tmp_path / "gone")
    made: list[str] = []
    again = run(tmp_path / "b", on_progress=lambda phase, done, of: made.append(phase))
    assert (tmp_path / "b" / "responses.jsonl").read_text() == responses
    assert again.loss == pytest.approx(whole.loss)
    finished = run(tmp_path / "b")
    assert finished.loss is None
    assert (finished.kept, finished.rejected, finished.command) == (again.kept, again.rejected, again.command)


def test_another_call_does_not_go_into_the_same_folder(tmp_path: Path) -> None:
    run(tmp_path)
    with pytest.raises(UsageError, match="other models, prompts or settings"):
        run(tmp_path, seed=1)


def test_what_is_rejected_is_asked_for_again(tmp_path: Path) -> None:
    """With no room for the answer every response is cut off: three attempts a slot, each counted."""
    short = replace(SETTINGS, sampling=Sampling(1.0, max_tokens=12), attempts=3)
    with pytest.raises(DataInvalid, match=r"none of the teacher's responses to 20 prompts passed.*'incomplete': 60"):
        run(tmp_path, settings=short)
    rows = [row for line in (tmp_path / "responses.jsonl").read_text().splitlines() for row in json.loads(line)]
    assert sorted({tuple(row["rejected"]) for row in rows}) == [("no_answer", "incomplete")]
    assert len({tuple(row["ids"]) for row in rows if row["slot"] == 0}) == 3


def test_math_needs_a_box(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="'no_box': 20"):
        run(tmp_path, grader="math", settings=replace(SETTINGS, attempts=1))


def test_prompts_for_distillation_are_other_ones(tmp_path: Path) -> None:
    asked = lab_prompts("student", "cold", 12, seed=1)
    others = [*asked[:5], *lab_prompts("student", "train", 4, seed=1)]
    found = run(tmp_path / "a", asked, others=others)
    assert (found.asked, found.left, found.dropped) == (12, 4, 5)
    with pytest.raises(DataInvalid, match="all 5 prompts for the distillation are among"):
        run(tmp_path / "b", asked, others=asked[:5])
    with pytest.raises(DataInvalid, match="1 prompts leave 1 for the teacher's responses and 0"):
        run(tmp_path / "c", asked[:1])


def test_control_trains_for_the_computation_of_both(tmp_path: Path) -> None:
    found = run(tmp_path, control_rollouts=24)
    assert found.control is not None
    assert found.control_epochs == pytest.approx(1 + 24 / 20 * 10 / 6)
    ours, control = open_model(found.student), open_model(found.control)
    assert any(
        not a.equal(b) for a, b in zip(ours.model.parameters(), control.model.parameters(), strict=True)
    )


def test_price_of_distillation() -> None:
    assert distillation_in_epochs(0, 10) == 0
    assert distillation_in_epochs(60, 10) == pytest.approx(10)
    with pytest.raises(UsageError):
        distillation_in_epochs(-1, 10)


def test_student_sees_its_own_chat_template(tmp_path: Path) -> None:
    """Teacher and student may have other chat templates: each prompt is rendered by the one who reads it."""
    import shutil

    other = tmp_path / "student-t1"
    shutil.copytree(lab_model("student"), other)
    from journeyman.distill.lab.tokenizer import template_file

    shutil.copy(template_file("T1"), other / "chat_template.jinja")
    found = cold_start(
        other, lab_model("twin"), lab_prompts("student", "cold", 12, seed=0), to=tmp_path / "cold",
        settings=SETTINGS, grader="bracket",
    )  # fmt: skip
    assert found.kept == 10
    assert "problem" in open_model(found.student).tokenizer.chat_template


def test_models_that_cannot_be_used_leave_nothing_behind(tmp_path: Path) -> None:
    other = open_model(lab_model("twin"))
    other.tokenizer.add_tokens(["zeta"])
    other.model.resize_token_embeddings(len(other.tokenizer))
    save(other, tmp_path / "other")
    given = lab_prompts("student", "cold", 8, seed=0)
    for teacher, wrong in ((tmp_path / "nowhere", ModelNotFound), (tmp_path / "other", ModelUnsuitable)):
        with pytest.raises(wrong):
            cold_start(lab_model("student"), teacher, given, to=tmp_path / "work", grader="bracket", settings=SETTINGS)
        assert not (tmp_path / "work").exists()
