"""Transformers' generate as a sampler."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from families import family
from transformers import PreTrainedModel

from journeyman.distill.model import open_model, wrap
from journeyman.distill.rollout.generate import Generate
from journeyman.distill.rollout.sampling import Sampling
from journeyman.distill.rollout.score import agreement

OLD = not hasattr(PreTrainedModel, "activation_checkpointing_enable")
PROMPTS = [[1, 5, 6, 7], [1, 8], [1, 9, 10, 11, 12, 13, 4, 4]]


@pytest.mark.parametrize("name", ["Gemma2", "Gemma3", "Cohere", "Granite"])
def test_families_that_only_transformers_knows_are_sampled_as_scored(tiny: Callable[..., Path], name: str) -> None:
    model = wrap(name, family(name), open_model(tiny("a")).tokenizer)
    rollouts = Generate(model).sample(PROMPTS, 3, Sampling(temperature=0.8, max_tokens=12), seed=0)
    found = agreement(model, rollouts, 0.8)
    assert found is not None
    assert found.largest < 2e-5


def test_the_cache_is_on_though_checkpointing_is(tiny: Callable[..., Path]) -> None:
    model = open_model(tiny("a"), trainable=True)
    (model.model.gradient_checkpointing_enable if OLD else model.model.activation_checkpointing_enable)()
    widths: list[int] = []
    embed = model.model.get_input_embeddings()
    embed.register_forward_hook(lambda module, inputs, output: widths.append(inputs[0].shape[1]))
    Generate(model).sample(PROMPTS, 1, Sampling(temperature=0, max_tokens=6), seed=0)
    assert widths[0] == 8
    assert set(widths[1:]) == {1}
    assert model.model.training
    assert all(layer.gradient_checkpointing for layer in model.model.model.layers)


def test_what_a_generation_config_says_does_not_act(tiny: Callable[..., Path]) -> None:
    plain, odd = open_model(tiny("a")), open_model(tiny("a"))
    odd.model.generation_config.repetition_penalty = 5.0
    odd.model.generation_config.max_length = 4
    odd.model.generation_config.suppress_tokens = [5, 6]
    before = odd.model.generation_config
    sampling = Sampling(max_tokens=15)
    mine, theirs = (Generate(model).sample(PROMPTS, 4, sampling, seed=0) for model in (odd, plain))
    assert torch.equal(mine.ids, theirs.ids)
    assert odd.model.generation_config is before
    assert before.repetition_penalty == 5.0


def test_rows_beyond_one_call_make_more_calls_with_the_same_rollouts(tiny: Callable[..., Path]) -> None:
    model = open_model(tiny("a"))
    calls: list[int] = []
    generate = model.model.generate

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls.append(len(kwargs["input_ids"]))
        return generate(*args, **kwargs)

    model.model.generate = counted
    few = Generate(model, rows=4).sample(PROMPTS, 3, Sampling(max_tokens=10), seed=0)
    assert calls == [4, 4, 1]
    many = Generate(model).sample(PROMPTS, 3, Sampling(max_tokens=10), seed=0)
    assert torch.equal(few.ids, many.ids)
