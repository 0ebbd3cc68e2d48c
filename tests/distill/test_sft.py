"""Supervised fine-tuning: the loss is the plain one, batches waste little, and what cannot work is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import journeyman.distill.sft as sft_module
from journeyman.distill.model import LanguageModel, open_model
from journeyman.distill.sft import SftStep, batches, scale_at, sft
from journeyman.errors import DataInvalid, TrainingFailed, UsageError

EXAMPLES = [([1, 5, 6], [7, 8, 2]), ([1, 9], [10, 11, 12, 13, 2]), ([1, 4, 4, 4], [9, 2]), ([1], [6, 2])]


@pytest.fixture
def model(tiny: Callable[..., Path]) -> LanguageModel:
    return open_model(tiny("sft", seed=3), trainable=True)


def steps_of(model: LanguageModel, **options: Any) -> list[SftStep]:
    found: list[SftStep] = []
    sft(model, EXAMPLES, on_step=found.append, **options)
    return found


def plain_loss(model: LanguageModel) -> float:
    """One example at a time, without padding: sum of -log p of the response tokens over their number."""
    total, count = 0.0, 0
    for prompt, response in EXAMPLES:
        with torch.no_grad():
            logits = model.model(input_ids=torch.tensor([[*prompt, *response]])).logits[0, :, : len(model.tokenizer)]
        logp = torch.log_softmax(logits, -1)[len(prompt) - 1 : -1]
        total -= float(logp[range(len(response)), response].sum())
        count += len(response)
    return total / count


def test_loss_is_the_mean_over_response_tokens(model: LanguageModel) -> None:
    expected = plain_loss(model)
    first, second = steps_of(model, steps=2, batch=4, lr=1e-2, warmup=0)
    assert first.loss == pytest.approx(expected, rel=1e-5)
    assert first.tokens == sum(len(response) for _, response in EXAMPLES)
    assert second.loss < first.loss


@pytest.mark.parametrize("micro_tokens", [1, 14, 10_000])
def test_pieces_of_a_batch_make_the_same_step(tiny: Callable[..., Path], micro_tokens: int) -> None:
    whole = steps_of(open_model(tiny("sft", seed=3), trainable=True), steps=3, batch=4, lr=1e-2)
    cut = steps_of(open_model(tiny("sft", seed=3), trainable=True), steps=3, batch=4, lr=1e-2, micro_tokens=micro_tokens)
    assert [step.loss for step in cut] == pytest.approx([step.loss for step in whole], rel=1e-4)
    assert [step.gradient_norm for step in cut] == pytest.approx([step.gradient_norm for step in whole], rel=1e-3)


@pytest.mark.parametrize("option", ["chunks", "gradient_checkpointing"])
def test_saving_memory_changes_nothing(
    tiny: Callable[..., Path], option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plainly = steps_of(open_model(tiny("sft", seed=3), trainable=True), steps=3, batch=4, lr=1e-2)
    if option == "chunks":
        monkeypatch.setattr(sft_module, "LOGITS_AT_ONCE", 120)
    model = open_model(tiny("sft", seed=3), trainable=True)
    saving = steps_of(model, steps=3, batch=4, lr=1e-2, gradient_checkpointing=option != "chunks")
    assert [step.loss for step in saving] == pytest.approx([step.loss for step in plainly], rel=1e-4)
    assert [step.gradient_norm for step in saving] == pytest.approx([step.gradient_norm for step in plainly], rel=1e-3)
    assert not model.model.is_activation_checkpointing


def test_learns_by_heart(model: LanguageModel) -> None:
    result = sft(model, EXAMPLES, steps=60, batch=4, lr=1e-2)
    assert result.steps == 60
    assert result.loss < 0.05
    assert plain_loss(model) < 0.05


def test_bf16_is_near_and_keeps_the_weights_type(model: LanguageModel) -> None:
    expected = plain_loss(model)
    (step,) = steps_of(model, steps=1, batch=4, lr=1e-3, bf16=True)
    assert step.loss == pytest.approx(expected, rel=0.05)
    assert {p.dtype for p in model.model.parameters()} == {torch.float32}


def test_epochs_count_examples() -> None:
    examples = [([1], [2] * (1 + at % 7)) for at in range(50)]
    source = batches(examples, 8, seed=1)
    one_epoch = [next(source) for _ in range(6)]
    assert all(len(batch) == 8 for batch in one_epoch)
    seen = [id(example) for batch in one_epoch for example in batch]
    assert len(set(seen)) == 48


def test_rows_of_a_batch_are_alike() -> None:
    order = torch.randperm(512, generator=torch.Generator().manual_seed(0)).tolist()
    examples = [([1], [2] * (1 + length)) for length in order]
    source = batches(examples, 16, seed=0)
    padded = filled = 0
    for _ in range(32):
        lengths = [len(response) for _, response in next(source)]
        padded += max(lengths) * len(lengths)
        filled += sum(lengths)
    assert filled / padded > 0.95


def test_order_depends_on_the_seed_alone() -> None:
    examples = [([1], [at + 2]) for at in range(40)]

    def drawn(seed: int) -> list[Any]:
        source = batches(examples, 4, seed)
        return [next(source) for _ in range(25)]

    assert drawn(5) == drawn(5)
    assert drawn(5) != drawn(6)


@given(st.integers(1, 400), st.floats(0, 0.9), st.sampled_from(["constant", "cosine"]))
def test_rate_rises_to_its_peak_and_never_above(steps: int, warmup: float, schedule: Any) -> None:
    scales = [scale_at(step, steps, schedule, warmup) for step in range(steps)]
    assert all(0 < scale <= 1 for scale in scales)
    rising = round(warmup * steps)
    assert scales[:rising] == sorted(scales[:rising])
    falling = scales[rising:]
    assert falling == sorted(falling, reverse=True)
    if falling:
        assert falling[0] == 1.0


def test_rate_is_reported_and_used(model: LanguageModel) -> None:
    rates = [step.lr for step in steps_of(model, steps=4, batch=4, lr=0.2, warmup=0.5)]
    assert rates == pytest.approx([0.1, 0.2, 0.2, 0.1])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "exactly one of steps and epochs"),
        ({"steps": 1, "epochs": 1}, "exactly one"),
        ({"steps": 0}, "steps must be positive"),
        ({"steps": 1, "batch": 0}, "batch is 0"),
        ({"steps": 1, "lr": -1.0}, "lr is -1.0"),
        ({"steps": 1, "lr": math.inf}, "lr is inf"),
        ({"steps": 1, "schedule": "linear"}, "'linear' is unknown"),
        ({"steps": 1, "warmup": 1.0}, "warmup is 1.0"),
    ],
)
def test_refuses(model: LanguageModel, options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        sft(model, EXAMPLES, **options)


def test_refuses_data_that_teaches_nothing(model: LanguageModel) -> None:
    with pytest.raises(DataInvalid, match="no examples"):
        sft(model, [], steps=1)
    with pytest.raises(DataInvalid, match="example 1: response has no tokens"):
        sft(model, [([1], [2]), ([1], [])], steps=1)
    with pytest.raises(DataInvalid, match="301 tokens, more than the context of 256"):
        sft(model, [([1], [2] * 300)], steps=1)


def test_frozen_model_is_refused(tiny: Callable[..., Path]) -> None:
    with pytest.raises(UsageError, match="trainable=True"):
        sft(open_model(tiny("sft", seed=3)), EXAMPLES, steps=1)


def test_stops_where_numbers_end(model: LanguageModel) -> None:
    with torch.no_grad():
        model.model.lm_head.weight.fill_(math.nan)
    with pytest.raises(TrainingFailed, match="at step 0 the loss is nan"):
        sft(model, EXAMPLES, steps=1)
