"""What a run is asked to do: the paper's defaults, lossless plain data, refusals with reasons."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.optimizer import rate_at
from journeyman.distill.presets import PAPER_COLD_START, names, preset
from journeyman.distill.rollout.sampling import Sampling
from journeyman.distill.train_spec import (
    EvaluationSpec,
    LoraSpec,
    TrainSpec,
    changed,
    from_plain,
    made,
    seed_of,
    to_plain,
    with_temperature,
)
from journeyman.errors import UsageError

PAIR = TrainSpec("student", "teacher", "prompts.jsonl")


def test_the_defaults_are_the_papers_table_2() -> None:
    assert (PAIR.prompts_per_step, PAIR.rollouts_per_prompt, PAIR.epochs, PAIR.steps) == (64, 4, 1, None)
    assert PAIR.sampling == Sampling(1.0, 1.0, 0, 7_168)
    assert (PAIR.max_prompt_tokens, PAIR.lr, PAIR.schedule, PAIR.warmup) == (1_024, 1e-6, "constant", 0.0)
    assert (PAIR.betas, PAIR.weight_decay, PAIR.clip_norm, PAIR.shuffle) == ((0.9, 0.999), 0.01, 1.0, False)
    assert PAIR.loss == LossSpec(form="topk", k=16, strategy="student", weight="student", variant="code")
    assert (PAIR.save_every, PAIR.eval_every, PAIR.weights) == (20, 20, "float32")
    assert (PAIR.evaluation.n, PAIR.evaluation.sampling) == (16, Sampling(0.7, 0.95, 0, 31_744))
    assert preset("paper", "student", "teacher", "prompts.jsonl") == PAIR


def test_presets_follow_the_papers_other_tables() -> None:
    grpo = preset("paper-grpo", "student", "", "prompts.jsonl")
    assert (grpo.method, grpo.rollouts_per_prompt, grpo.prompts_per_step, grpo.lr) == ("grpo", 8, 64, 1e-6)
    assert (grpo.grpo.clip, grpo.grpo.correction, grpo.loss.aggregation) == (0.2, 2.0, "token-mean")
    assert (grpo.enable_thinking, grpo.evaluation.sampling.temperature) == (False, 1.0)
    assert (PAPER_COLD_START.lr, PAPER_COLD_START.batch, PAPER_COLD_START.max_tokens) == (1e-5, 64, 14_336)
    assert PAPER_COLD_START.sampling == Sampling(0.7, 0.95, 0, 12_288)
    lab = preset("lab", "student", "teacher", "prompts.jsonl")
    assert lab.prompts_per_step * lab.rollouts_per_prompt == 64
    assert names() == ("paper", "paper-grpo", "lab", "paper-cold-start")
    with pytest.raises(UsageError, match="there are: paper, paper-grpo, lab, paper-cold-start"):
        preset("papers", "student", "teacher")
    with pytest.raises(UsageError, match="cold-start"):
        preset("paper-cold-start", "student", "teacher")


@given(
    st.builds(
        TrainSpec,
        student=st.text(min_size=1),
        teacher=st.sampled_from(["teacher", "./a b"]),
        loss=st.builds(LossSpec, k=st.integers(1, 99), renormalise=st.booleans()),
        sampling=st.builds(Sampling, max_tokens=st.integers(1, 10**6), top_p=st.floats(0.1, 1)),
        evaluation=st.builds(EvaluationSpec, n=st.integers(1, 64), limit=st.none() | st.integers(1, 9)),
        lora=st.none() | st.builds(LoraSpec, rank=st.integers(1, 99), targets=st.tuples(st.sampled_from(["q_proj", "v"]))),
        steps=st.none() | st.integers(1, 10**6),
        lr=st.floats(1e-12, 1.0),
        betas=st.tuples(st.floats(0, 0.99), st.floats(0, 0.99)),
        enable_thinking=st.none() | st.booleans(),
        seed=st.integers(0, 2**62),
    )
)
def test_plain_data_loses_nothing(spec: TrainSpec) -> None:
    stored = msgspec.msgpack.encode(to_plain(spec))
    assert from_plain(msgspec.msgpack.decode(stored)) == spec
    assert from_plain(msgspec.json.decode(msgspec.json.encode(to_plain(spec)))) == spec


def test_changes_name_parts_and_read_text() -> None:
    made = changed(PAIR, {"loss.k": "4", "sampling.max_tokens": 12, "lr": "1e-3", "shuffle": "true", "steps": "7"})
    assert (made.loss.k, made.sampling.max_tokens, made.lr, made.shuffle, made.steps) == (4, 12, 1e-3, True, 7)
    assert changed(PAIR, {"lora.rank": 8}).lora == LoraSpec(rank=8)
    assert changed(changed(PAIR, {"lora.rank": 8}), {"lora": None}).lora is None
    assert changed(PAIR, {"loss": LossSpec(k=3)}).loss.k == 3
    assert changed(PAIR, {}) == PAIR
    warmer = with_temperature(PAIR, 1.3)
    assert (warmer.loss.temperature, warmer.sampling.temperature) == (1.3, 1.3)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"student": ""}, "needs a student"),
        ({"teacher": ""}, "needs a teacher"),
        ({"method": "grpo"}, "leave out the teacher"),
        ({"method": "sft"}, "use one of|Invalid enum value"),
        ({"sampling.temperature": 0.7}, "set sampling.temperature and loss.temperature"),
        ({"loss.form": "sampled", "sampling.top_p": 0.9}, "probability that a token was drawn with"),
        ({"teacher": "http://localhost:1/v1"}, "a served teacher tells"),
        ({"weights": "bfloat16"}, "round to nothing"),
        ({"lr": 0}, "lr is 0"),
        ({"lr": float("nan")}, "lr is nan"),
        ({"lr": "fast"}, "expected float"),
        ({"betas": (0.9, 1.0)}, "both lie in 0 to 1"),
        ({"warmup": 1.0}, "share of the steps"),
        ({"prompts_per_step": 0}, "at least 1"),
        ({"save_every": -1}, "at least 0"),
        ({"metric_share": 0}, "above 0"),
        ({"evaluation.n": 0}, "at least 1 response"),
        ({"lora.rank": 0}, "at least 1"),
        ({"lora.targets": ("lm_head",)}, "past the adapter"),
        ({"grpo.correction": 0.5}, "at least 1"),
        ({"grpo.clip": 0.0}, "between 0 and 1"),
        ({"los.k": 3}, "no setting 'los.k'"),
        ({"loss.kk": 3}, "no setting 'loss.kk'; there are: aggregation"),
        ({"k": 3}, "no setting 'k'"),
    ],
)
def test_what_means_nothing_is_refused_with_its_reason(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        changed(PAIR, changes)


def test_grpo_is_refused_what_it_cannot_use() -> None:
    grpo = TrainSpec("student", "", "prompts.jsonl", method="grpo")
    for changes, said in (({"grader": ""}, "reward from a grader"), ({"rollouts_per_prompt": 1}, "at least 2")):
        with pytest.raises(UsageError, match=said):
            changed(grpo, changes)


def test_seeds_of_different_purposes_have_nothing_in_common() -> None:
    seeds = {seed_of(seed, what, step) for seed in range(5) for what in ("rollout", "order") for step in range(50)}
    assert len(seeds) == 500
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert seed_of(0, "rollout", 1) == seed_of(0, "rollout", 1)


def test_rates_rise_then_hold_or_fall() -> None:
    steady = replace(PAIR, lr=1.0, warmup=0.2)
    assert [rate_at(step, 10, steady) for step in (1, 2, 3, 10)] == [0.5, 1.0, 1.0, 1.0]
    falling = replace(steady, schedule="cosine")
    rates = [rate_at(step, 10, falling) for step in range(1, 11)]
    assert rates[:3] == [0.5, 1.0, 1.0]
    assert rates[2:] == sorted(rates[2:], reverse=True)
    assert 0 < rates[-1] < 0.05
    assert rate_at(1, 1, PAIR) == PAIR.lr


def test_specs_and_events_load_without_torch() -> None:
    code = (
        "import sys, journeyman.distill.presets, journeyman.distill.events, journeyman.distill.result; "
        "print([m for m in ('torch', 'transformers', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_only_the_finished_spec_must_go_together() -> None:
    served = preset("lab", "s", "http://host:1/v1#m", "p", {"loss.form": "sampled"})
    assert (served.teacher, served.loss.form) == ("http://host:1/v1#m", "sampled")
    assert made("s", "http://host:1/v1#m", "p", {"loss.strategy": "teacher"}).loss.strategy == "teacher"
    assert preset("lab", "s", "", "p", {"method": "grpo"}).method == "grpo"
    with pytest.raises(UsageError, match="leave out the teacher 't'"):
        made("s", "t", "p", {"method": "grpo"})
    with pytest.raises(UsageError, match="needs a teacher"):
        preset("lab", "s", "", "p")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"loss.k": "abc"}, r"^loss\.k is 'abc': expected int, got str$"),
        ({"loss.strategy": "bogus"}, r"^loss\.strategy 'bogus' is unknown; use one of student, teacher, inter"),
        ({"lora.rank": "x"}, r"^lora\.rank is 'x': expected int"),
        ({"evaluation.sampling.max_tokens": "q"}, r"^evaluation\.sampling\.max_tokens is 'q'"),
        ({"betas": "0.9"}, r"^betas is \['0\.9'\]: expected array of length 2"),
        ({"loss": "4"}, r"^loss is '4': expected object"),
    ],
)
def test_a_wrong_value_is_said_with_its_setting(changes: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        made("s", "t", "p", changes)


def test_several_values_are_given_with_commas() -> None:
    spec = made("s", "t", "p", {"betas": "0.8,0.9", "lora.targets": "q_proj,v_proj"})
    assert spec.betas == (0.8, 0.9)
    assert spec.lora is not None
    assert spec.lora.targets == ("q_proj", "v_proj")
