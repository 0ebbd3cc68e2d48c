"""Declared models: built once, whole, within their band; and what the shipped two are worth."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import pytest
import torch

from journeyman.distill.data.grade import grader
from journeyman.distill.lab import build, together
from journeyman.distill.lab.build import (
    cache_folder,
    code_digest,
    is_built,
    key_of,
    lab_model,
    plain,
    read_manifest,
)
from journeyman.distill.lab.corpus import Corpus
from journeyman.distill.lab.make import Progress, accuracy
from journeyman.distill.lab.prompts import lab_prompts
from journeyman.distill.lab.zoo import (
    LANGUAGES,
    PAIRS,
    ZOO,
    LabModel,
    Pretrain,
    Reinforce,
    Reject,
    Size,
    Tune,
)
from journeyman.distill.model import LanguageModel, open_model
from journeyman.distill.recipes.evaluate import evaluate
from journeyman.distill.rollout.sampling import Sampling
from journeyman.errors import ModelUnavailable, TrainingFailed, UsageError

SMALL = Corpus(LANGUAGES["chains"], examples=64)
TINY = LabModel("tiny", "for a test", Pretrain(SMALL, Size(16, 1, 2, 16)), (0.0, 1.0))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "MEASURED_ON", 64)


def test_is_built_once_and_opens_as_any_model(tmp_path: Path) -> None:
    told: list[Progress] = []
    folder = lab_model(TINY, cache=tmp_path, on_progress=told.append)
    assert [step.done for step in told] == [1, 2]
    again = lab_model(TINY, cache=tmp_path, on_progress=told.append)
    assert (again, len(told)) == (folder, 2)
    model = open_model(folder)
    assert {p.dtype for p in model.model.parameters()} == {torch.float32}
    assert (folder / "model.safetensors").stat().st_size < 2.3 * sum(p.numel() for p in model.model.parameters()) + 4096
    assert read_manifest(folder)["declared"] == plain(TINY)
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == [folder.name]


def test_equal_declarations_give_equal_weights(tmp_path: Path) -> None:
    weights = [(lab_model(TINY, cache=tmp_path / name) / "model.safetensors").read_bytes() for name in ("one", "two")]
    assert weights[0] == weights[1]


def test_two_builders_at_once_build_one(tmp_path: Path) -> None:
    told: list[Progress] = []
    found: list[Path] = []
    builders = [
        threading.Thread(target=lambda: found.append(lab_model(TINY, cache=tmp_path, on_progress=told.append)))
        for _ in range(2)
    ]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert len(found) == 2
    assert found[0] == found[1]
    assert [step.done for step in told] == [1, 2]


def test_missing_its_band_fails_and_leaves_nothing(tmp_path: Path) -> None:
    proud = dataclasses.replace(TINY, accuracy=(0.9, 1.0))
    with pytest.raises(TrainingFailed, match=r"'tiny' reached an accuracy of 0\.\d+, outside of its band 0\.9 to 1\.0"):
        lab_model(proud, cache=tmp_path)
    assert all(path.name.endswith(".lock") for path in tmp_path.iterdir())


def test_children_begin_from_their_parents(tmp_path: Path) -> None:
    parent = open_model(lab_model("student"))
    still = dataclasses.replace(Tune("student", SMALL), lr=1e-12)
    child = open_model(lab_model(LabModel("still", "", still, (0, 1), template="T1"), cache=tmp_path))
    for ours, theirs in zip(child.model.parameters(), parent.model.parameters(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-4)
    assert "problem" in child.tokenizer.chat_template


def test_rejection_keeps_what_is_right_and_in_form(tmp_path: Path) -> None:
    from journeyman.distill.lab.make import right_solutions

    model = open_model(lab_model("student"))
    recipe = Reject("student", problems=96, temperature=1.0, templates=(("T0", 0.5), ("T1", 0.5)))
    kept = right_solutions(model, LANGUAGES["chains"], recipe)
    assert 0.35 * 96 < len(kept) < 0.85 * 96
    grade = grader("bracket")
    for prompt, response in kept:
        words = model.tokenizer.decode(prompt).split()
        start = words.index(":") + 1
        value = int(words[start])
        for at in range(start + 1, start + 9, 2):
            value = eval(f"{value} {words[at]} {words[at + 1]}") % 23
        assert grade(model.tokenizer.decode(response, skip_special_tokens=True), str(value))
    assert right_solutions(model, LANGUAGES["chains"], dataclasses.replace(recipe, form="B")) == []


def test_reinforcement_runs_the_trainer(tmp_path: Path) -> None:
    told: list[Progress] = []
    recipe = Reinforce("student", steps=2, prompts=4, rollouts=4, lr=1e-3)
    folder = lab_model(LabModel("rl", "", recipe, (0, 1)), cache=tmp_path, on_progress=told.append)
    assert [(step.stage, step.done, step.of) for step in told] == [("GRPO", 1, 2), ("GRPO", 2, 2)]
    before, after = open_model(lab_model("student")), open_model(folder)
    moved = max(
        float((ours - theirs).detach().abs().max())
        for ours, theirs in zip(after.model.parameters(), before.model.parameters(), strict=True)
    )
    assert 1e-4 < moved < 0.1


def test_key_changes_with_what_matters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = key_of(TINY)
    assert key == key_of(dataclasses.replace(TINY, says="other words"))
    assert key != key_of(dataclasses.replace(TINY, recipe=dataclasses.replace(TINY.recipe, seed=1)))
    child = LabModel("child", "", Tune("student", SMALL), (0, 1))
    assert key_of(child) != key_of(dataclasses.replace(child, recipe=Tune("student_b", SMALL)))
    source = "def f():\n    '''Doc.'''\n    return 1  # why\n"
    assert build._without_comments(source) == build._without_comments("def f():\n    return 1\n")
    assert build._without_comments(source) != build._without_comments("def f():\n    return 2\n")
    assert code_digest() == code_digest()


def test_cache_folder_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEYMAN_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path / "lab"
    assert is_built("twin")
    assert not is_built("bigger")
    monkeypatch.delenv("JOURNEYMAN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_folder() == tmp_path / "x" / "journeyman" / "lab"


def test_a_cache_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelUnavailable, match="JOURNEYMAN_CACHE"):
        lab_model(TINY, cache=tmp_path / "file" / "below")


def test_the_zoo_is_consistent() -> None:
    for model in ZOO.values():
        assert 0 <= model.accuracy[0] < model.accuracy[1] <= 1
        assert model.language in LANGUAGES
        if not isinstance(model.recipe, Pretrain):
            assert model.recipe.parent in ZOO
    assert {name for pair in PAIRS for name in (pair.student, pair.teacher)} <= set(ZOO)
    assert {pair.held_out for pair in PAIRS} == {True, False}
    with pytest.raises(UsageError, match="no model 'stranger'; it has student"):
        lab_model("stranger")


@pytest.mark.parametrize("name", ["student", "twin"])
def test_shipped_models_are_what_is_declared(name: str) -> None:
    """A changed declaration needs its shipped model built again: `lab_model(name, shipped=False)`, copied."""
    folder = build.SHIPPED / name
    assert read_manifest(folder)["declared"] == plain(ZOO[name])
    assert (folder / "model.safetensors").stat().st_size < 1_000_000
    model = open_model(lab_model(name))
    low, high = ZOO[name].accuracy
    assert low - 0.06 < accuracy(model, LANGUAGES["chains"], "T0", count=256) < high + 0.06


def test_shipped_models_hesitate_as_text_does() -> None:
    """Mean next-token entropy of at least 0.2 nats, so that overlap and entropy gap are no floor effects."""
    for name in ("student", "twin"):
        assert entropy(open_model(lab_model(name))) > 0.2


def test_package_scores_the_lab_as_the_lab_does() -> None:
    student = open_model(lab_model("student"))
    prompts = lab_prompts("student", "evaluation", 96, seed=0)
    found = evaluate(
        student, prompts, grader=grader("bracket"), sampling=Sampling(max_tokens=64), n=1, batch=96, seed=1
    )
    assert found.avg == pytest.approx(0.57, abs=0.16)
    assert found.truncated == 0


def entropy(model: LanguageModel) -> float:
    from journeyman.distill.data.templates import render_all
    from journeyman.distill.rollout.engines import sampler_for
    from journeyman.distill.rollout.rollouts import pack

    ids = render_all(lab_prompts("student", "train", 32, seed=0), model).ids
    batch = pack(sampler_for(model).sample(ids, 1, Sampling(max_tokens=64), 0), model.pad_id)
    with torch.no_grad():
        hidden = model.hidden(batch.ids, batch.mask)[batch.rows, batch.columns]
        logp = torch.log_softmax(model.head().logits(hidden), -1)
    return float(-(logp.exp() * logp).sum(-1).mean())


def test_many_are_built_together_parents_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there already is only looked up; nothing starts a process for it."""
    told: list[str] = []
    found = together.build_models(["twin", "student"], cache=tmp_path, on_built=lambda name, *_: told.append(name))
    assert found == {"twin": lab_model("twin"), "student": lab_model("student")}
    assert told == []
    assert together._ancestors("bigger_rl") == ["bigger"]
    assert together._ancestors("student") == []
