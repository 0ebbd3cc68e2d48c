"""Rules from figures to verdicts: order, limits, and what they refuse to say."""

from __future__ import annotations

import dataclasses
import math
import shlex
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyman.distill.check import commands
from journeyman.distill.check.commands import Names
from journeyman.distill.check.figures import PairFigures, VerdictName
from journeyman.distill.check.thresholds import THRESHOLDS, Thresholds
from journeyman.distill.check.verdicts import depth_of_use, judge, missing

READY = PairFigures(
    student_score=0.61, teacher_score=1.0, score_s_e=0.03, overlap=0.754, mass_student=0.98, mass_teacher=0.97,
    divergence=0.099, entropy_student=0.4, entropy_teacher=0.35, entropy_gap=0.093, gradient_norm=0.455, horizon=60,
)  # fmt: skip


def test_a_pair_with_news_in_a_shared_form_is_ready() -> None:
    verdict = judge(READY, names=Names("s", "t", "p.jsonl"))
    assert verdict.name == "ready"
    assert verdict.remedy == "journeyman distill train s t --prompts p.jsonl"
    assert verdict.figures["divergence"] == 0.099


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"teacher_score": 0.59}, "no_new_capability"),
        ({"teacher_score": 0.59, "student_score": 1.0}, "no_new_capability"),
        ({"divergence": 0.009, "gradient_norm": 0.079}, "no_new_capability"),
        ({"divergence": 0.05, "divergence_floor": 0.04}, "no_new_capability"),
        ({"divergence": 1.2}, "pattern_mismatch"),
        ({"divergence": 0.3, "mass_teacher": 0.6}, "pattern_mismatch"),
        ({"entropy_student": 1.14, "divergence": 0.3}, "entropy_unstable"),
        ({"template": "a", "overlap_by_template": {"a": 0.7, "b": 0.8}}, "prompts_not_the_teachers"),
        ({"gain_by_depth": ((16, 0.4), (32, 0.05)), "horizon": 60}, "beyond_useful_depth"),
        ({"teacher_score": 0.75, "score_s_e": 0.1}, "undecided"),
        ({"teacher_score": 0.66, "score_s_e": 0.04}, "undecided"),
        ({"divergence": None}, "undecided"),
        ({"mass_student": None}, "undecided"),
        ({"student_score": None}, "undecided"),
    ],
)
def test_one_figure_changes_the_verdict(changes: dict[str, object], name: VerdictName) -> None:
    verdict = judge(replace(READY, **changes))  # type: ignore[arg-type]
    assert verdict.name == name
    if name not in ("undecided", "ready"):
        assert verdict.figures


def test_a_foreign_teacher_that_scores_less_is_to_be_read_before_it_is_learned_from() -> None:
    foreign = replace(READY, divergence=1.2)
    assert "read some of its responses" not in judge(foreign).sentence
    worse = judge(replace(foreign, teacher_score=0.04))
    assert worse.name == "pattern_mismatch"
    assert "scores 0.040 against the student's 0.610: read some of its responses before" in worse.sentence
    assert "read some" not in judge(replace(foreign, teacher_score=0.57)).sentence, "within two standard errors"


def test_what_is_missing_is_named_and_what_is_known_is_not() -> None:
    verdict = judge(PairFigures(divergence=0.2, mass_student=0.98, mass_teacher=0.98))
    assert verdict.name == "undecided"
    assert "both scores" in verdict.sentence
    assert "student's entropy" in verdict.sentence
    assert "mass" not in verdict.sentence
    assert missing(READY) == ()


def test_a_floor_of_seeds_overrules_the_share_of_entropy() -> None:
    assert judge(replace(READY, divergence=0.02)).name == "no_new_capability"
    assert judge(replace(READY, divergence=0.02, divergence_floor=0.005)).name == "ready"


def test_a_template_that_diverges_more_is_no_better() -> None:
    tried = replace(READY, template="a", overlap_by_template={"a": 0.7, "b": 0.8})
    assert judge(replace(tried, divergence_by_template={"a": 0.1, "b": 0.08})).name == "prompts_not_the_teachers"
    assert judge(replace(tried, divergence_by_template={"a": 0.1, "b": 0.2})).name == "ready"
    assert "'b'" in judge(tried).sentence
    assert judge(tried).remedy.endswith("--template b")


@given(st.floats(0, 1), st.sampled_from([READY, replace(READY, divergence=0.009), PairFigures()]))
def test_overlap_alone_never_changes_a_verdict(overlap: float, figures: PairFigures) -> None:
    changed = replace(figures, overlap=overlap, overlap_corrected=overlap)
    assert judge(changed).name == judge(replace(figures, overlap=None)).name


@given(
    st.builds(
        PairFigures,
        student_score=st.none() | st.floats(0, 1),
        teacher_score=st.none() | st.floats(0, 1),
        score_s_e=st.none() | st.floats(0, 0.5),
        mass_student=st.none() | st.floats(0, 1),
        mass_teacher=st.none() | st.floats(0, 1),
        divergence=st.none() | st.floats(0, 20),
        entropy_student=st.none() | st.floats(0, 12),
        gradient_norm=st.none() | st.floats(0, 100),
        divergence_floor=st.none() | st.floats(0, 20),
        horizon=st.none() | st.integers(1, 40_000),
        gain_by_depth=st.lists(st.tuples(st.integers(1, 40_000), st.floats(-1, 1)), max_size=4).map(tuple),
    )
)
def test_every_set_of_figures_gets_one_verdict_that_rests_on_them(figures: PairFigures) -> None:
    verdict = judge(figures)
    assert verdict.name in get_args(VerdictName)
    assert verdict.sentence.endswith(".")
    assert all(math.isfinite(value) for value in verdict.figures.values())
    if verdict.name == "ready":
        assert missing(figures) == ()
    if verdict.name == "undecided":
        assert missing(figures)


def test_the_published_probe_gives_seven_thousand_tokens() -> None:
    gains = ((1024, 0.3659), (4096, 0.2709), (8192, 0.1522), (16384, 0.0237))
    assert depth_of_use(gains) == 7131
    assert depth_of_use(((1024, 0.4), (4096, 0.39))) is None
    assert depth_of_use(((1024, 0.01), (4096, 0.0))) is None
    assert depth_of_use(()) is None


def test_thresholds_are_one_frozen_dataclass_and_each_can_be_moved() -> None:
    assert judge(READY, thresholds=replace(THRESHOLDS, min_gap=0.5)).name == "no_new_capability"
    with pytest.raises(dataclasses.FrozenInstanceError):
        THRESHOLDS.min_gap = 0.2  # type: ignore[misc]
    assert Thresholds() == THRESHOLDS


def every_remedy(names: Names) -> list[str]:
    return [
        commands.cold_start(names),
        commands.other_template(names, "boxed"),
        commands.teachers_prompts(names),
        commands.shorter(names, 3072),
        commands.useful_depth(names),
        commands.whole_vocabulary(names),
        commands.check_again(names, "--grader", "math"),
        judge(READY, names=names).remedy,
    ]


AS_CALLED = (
    ("--grader", "bracket"), ("--max-tokens", "96"), ("--temperature", "0.8"), ("--template", "raw"), ("--no-thinking", ""),
)  # fmt: skip


@pytest.mark.parametrize(
    "command", [*every_remedy(Names("my student", "t", "p.jsonl")), *every_remedy(Names("s", "t", "p.jsonl", AS_CALLED))]
)
def test_every_remedy_is_a_command_that_the_program_takes(command: str) -> None:
    import typer.main

    from journeyman.cli.distill import app

    words = shlex.split(command)
    assert words[:2] == ["journeyman", "distill"]
    verb: Any = typer.main.get_command(app).commands[words[2]]  # type: ignore[attr-defined]
    context = verb.make_context(words[2], words[3:])
    assert context.params["prompts"] == "p.jsonl"
    assert context.params["teacher"] == "t"


def test_a_remedy_keeps_how_the_pair_was_looked_at_but_for_what_it_changes() -> None:
    names = Names("s", "t", "p.jsonl", AS_CALLED)
    trained = shlex.split(judge(READY, names=names).remedy)
    assert trained[trained.index("--max-tokens") + 1] == "96"
    shorter = shlex.split(commands.shorter(names, 32))
    assert [shorter[i + 1] for i, word in enumerate(shorter) if word == "--max-tokens"] == ["32"]
    assert "--no-thinking" in shorter
