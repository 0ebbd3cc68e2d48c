"""Our own decoder: equal to transformers' forward, and samples that follow the exact probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from families import family
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from journeyman.distill.model import LanguageModel, open_model, wrap
from journeyman.distill.rollout import decoder as decoders
from journeyman.distill.rollout.decoder import Cache, Decoder, read
from journeyman.distill.rollout.draw import Dice, choose, invert, mixed, shortlist
from journeyman.distill.rollout.engines import sampler_for
from journeyman.distill.rollout.generate import Generate
from journeyman.distill.rollout.rollouts import Rollouts, pack
from journeyman.distill.rollout.sampler import Own
from journeyman.distill.rollout.sampling import Sampling
from journeyman.distill.rollout.score import agreement, log_probs_of
from journeyman.distill.train_spec import LoraSpec
from journeyman.errors import UsageError

PROMPTS = [[1, 5, 6, 7], [1, 8], [1, 9, 10, 11, 12, 13, 4, 4]]
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32, "rope_theta": 10000.0}
LLAMA3 = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32, "rope_theta": 10000.0,
}  # fmt: skip


@pytest.fixture
def model(tiny: Callable[..., Path]) -> LanguageModel:
    """Two layers, 33 words, padded head."""
    return open_model(tiny("own", padded_to=64))


def of_family(model: LanguageModel, name: str, **options: Any) -> LanguageModel:
    """A model of another family with the same tokenizer."""
    return wrap(name, family(name, **options), model.tokenizer)


def as_lists(rollouts: Rollouts) -> list[list[int]]:
    """The responses."""
    return [rollouts.response(row) for row in range(len(rollouts))]


@pytest.mark.parametrize("joined", [True, False])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Llama", {}),
        ("Llama", {"num_attention_heads": 4, "num_key_value_heads": 2, "tie_word_embeddings": True}),
        ("Llama", {"rope_parameters": LLAMA3}),
        ("Qwen2", {}),
        ("Qwen2", {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0}}),
        ("Qwen3", {"num_attention_heads": 4, "num_key_value_heads": 1}),
        ("Qwen3", {"rope_parameters": YARN}),
    ],
)
def test_logits_are_transformers_for_prompts_of_all_lengths(
    model: LanguageModel, monkeypatch: pytest.MonkeyPatch, name: str, options: dict[str, Any], joined: bool
) -> None:
    if not joined:
        monkeypatch.setattr(decoders, "JOINED_BYTES", 0)
    known = of_family(model, name, **options)
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in known.model.parameters():  # norms and biases that do something
            weight.add_(0.2 * torch.rand(weight.shape, generator=draw))
    forced = torch.randint(3, 30, (len(PROMPTS), 6), generator=draw)
    steps = forced_logits(read(known), PROMPTS, forced)
    for row, prompt in enumerate(PROMPTS):
        whole = torch.tensor([[*prompt, *forced[row].tolist()]])
        with torch.no_grad():
            theirs = known.model(input_ids=whole).logits[0, len(prompt) - 1 : -1, : steps.shape[-1]]
        torch.testing.assert_close(steps[row, :-1], theirs, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def forced_logits(decoder: Decoder, prompts: list[list[int]], forced: torch.Tensor) -> torch.Tensor:
    """Logits [B, T + 1, V] before each of `forced` [B, T] and after the last, computed token by token."""
    lengths = [len(prompt) for prompt in prompts]
    start = max(lengths)
    cos, sin = decoder.rotations(start + forced.shape[1])
    cache = Cache(decoder, lengths, start + 1)
    first = []
    for row, prompt in enumerate(prompts):
        states, kept = decoder.prefill(torch.tensor([prompt]), cos, sin)
        first.append(states[0, -1])
        for layer, kv in enumerate(kept):
            cache.keys[layer][row, :, start - len(prompt) : start] = kv[0, 0]
            cache.values[layer][row, :, start - len(prompt) : start] = kv[1, 0]
    found = [decoder.logits(torch.stack(first))]
    for step in range(forced.shape[1]):
        at = start + step
        if at >= cache.capacity:
            cache.grow(at + 2, at)
        position = at - cache.pad
        found.append(decoder.logits(decoder.step(forced[:, step], cos[position], sin[position], cache, at)))
    return torch.stack(found, dim=1)


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(max_tokens=40),
        Sampling(temperature=0.0, max_tokens=40),
        Sampling(temperature=0.7, top_p=0.8, max_tokens=40),
        Sampling(temperature=1.3, top_k=3, top_p=0.9, max_tokens=40),
    ],
)
def test_engines_draw_the_same_tokens_and_log_probabilities_are_the_scorers(
    model: LanguageModel, sampling: Sampling
) -> None:
    own, theirs = (sampler_for(model, engine).sample(PROMPTS, 4, sampling, seed=3) for engine in ("own", "generate"))
    assert as_lists(own) == as_lists(theirs)
    assert torch.equal(own.finished, theirs.finished)
    assert any(own.finished) or sampling.temperature in (0.0, 1.3)
    torch.testing.assert_close(own.logp, theirs.logp, atol=1e-5, rtol=0)
    for rollouts in (own, theirs):
        found = agreement(model, rollouts, sampling.temperature or 1.0)
        assert found is not None
        assert found.largest < 1e-5
        assert found.tokens == int(rollouts.lengths.sum())


def test_padded_rows_of_the_head_are_never_drawn(model: LanguageModel) -> None:
    with torch.no_grad():
        model.model.lm_head.weight[len(model.tokenizer) :] = 50.0 * model.model.lm_head.weight[5]
    for engine in ("own", "generate"):
        rollouts = sampler_for(model, engine).sample(PROMPTS, 8, Sampling(max_tokens=20), seed=0)
        assert int(rollouts.ids.max()) < len(model.tokenizer)


@pytest.mark.parametrize(
    "sampling", [Sampling(), Sampling(temperature=0.6), Sampling(top_p=0.7), Sampling(top_k=4, top_p=0.9)]
)
def test_samples_follow_the_exact_probabilities(model: LanguageModel, sampling: Sampling) -> None:
    n, prompt = 6000, PROMPTS[0]
    rollouts = sampler_for(model, "own").sample([prompt], n, replace(sampling, max_tokens=1), seed=11)
    with torch.no_grad():
        logits = model.model(input_ids=torch.tensor([prompt])).logits[0, -1, : len(model.tokenizer)]
    expected = exact(torch.softmax(logits.double() / sampling.temperature, -1), sampling) * n
    counted = torch.bincount(rollouts.ids[:, 0], minlength=len(expected)).double()
    assert not bool(counted[expected == 0].any())
    often = expected >= 5
    rest = expected[~often].sum()
    statistic = float((((counted - expected) ** 2)[often] / expected[often]).sum())
    if rest > 0:
        statistic += float((counted[~often].sum() - rest) ** 2 / rest)
    assert statistic < chi2.ppf(0.999, int(often.sum()) - 1 + int(rest > 0))


def exact(probabilities: torch.Tensor, sampling: Sampling) -> torch.Tensor:
    """The distribution after top-k and top-p, straight from their definition."""
    order = sorted(range(len(probabilities)), key=lambda i: -float(probabilities[i]))
    kept = order[: sampling.top_k] if sampling.top_k else order
    total, mass, nucleus = float(probabilities[kept].sum()), 0.0, []
    for i in kept:
        if sampling.top_p < 1 and mass >= sampling.top_p * total:
            break
        nucleus.append(i)
        mass += float(probabilities[i])
    found = torch.zeros_like(probabilities)
    found[nucleus] = probabilities[nucleus] / mass
    return found


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(2, 700), top_p=st.floats(0.01, 1.0), top_k=st.integers(0, 50), sharp=st.floats(0.1, 8.0),
    seed=st.integers(0, 10**6),
)  # fmt: skip
def test_a_shortlist_is_the_smallest_set_whose_share_reaches_top_p(
    size: int, top_p: float, top_k: int, sharp: float, seed: int
) -> None:
    logits = torch.randn(3, size, generator=torch.Generator().manual_seed(seed)) * sharp
    probabilities = torch.softmax(logits, -1)
    kept, ids = shortlist(probabilities, top_p, top_k)
    for row in range(3):
        mine = {int(i) for i, p in zip(ids[row], kept[row], strict=True) if p > 0}
        limit = min(top_k or size, size)
        values, order = probabilities[row].double().sort(descending=True, stable=True)
        values = values[:limit]
        before = values.cumsum(0) - values
        goal = top_p * float(values.sum())
        surely = {int(i) for i, p, b in zip(order, values, before, strict=False) if p > 0 and b < goal - 1e-6}
        perhaps = {int(i) for i, b in zip(order, before, strict=False) if top_p == 1 or b < goal + 1e-6}
        assert surely <= mine <= perhaps
        assert len(mine) <= limit


@settings(max_examples=40, deadline=None)
@given(size=st.integers(1, 5000), seed=st.integers(0, 10**6), zeros=st.floats(0.0, 0.9))
def test_inverting_finds_where_the_running_sum_passes(size: int, seed: int, zeros: float) -> None:
    draw = torch.Generator().manual_seed(seed)
    weights = torch.rand(4, size, generator=draw)
    weights[torch.rand(4, size, generator=draw) < zeros] = 0.0
    weights[:, size // 2] = 0.5
    uniform = torch.tensor([0.0, 0.3, 1 - 2.0**-53, float(torch.rand(1, generator=draw))], dtype=torch.float64)
    found = invert(weights, uniform)
    running = weights.double().cumsum(-1)
    for row in range(4):
        i, target = int(found[row]), float(uniform[row] * running[row, -1])
        assert weights[row, i] > 0
        assert float(running[row, i]) >= target - 1e-4 * float(running[row, -1])
        assert float(running[row, i] - weights[row, i].double()) <= target + 1e-4 * float(running[row, -1])


def test_rows_have_streams_of_their_own() -> None:
    together, alone = Dice(7, range(5)), Dice(7, [3])
    for _ in range(130):
        assert together.roll()[3] == alone.roll()[0]
    assert len({mixed(seed, row) for seed in range(-20, 20) for row in range(50)}) == 2000
    assert all(0 <= mixed(seed, 0) < 2**63 for seed in (-1, 0, 2**70))


def test_log_probabilities_are_before_cuts_and_after_temperature() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0]])
    tokens, logp = choose(logits, Sampling(temperature=0.5, top_k=1), torch.tensor([0.9], dtype=torch.float64))
    assert tokens.tolist() == [0]
    assert float(logp[0]) == pytest.approx(float(torch.log_softmax(logits[0] / 0.5, -1)[0]))


def test_equal_seeds_give_equal_rollouts_whatever_was_sampled_before(model: LanguageModel) -> None:
    sampler, sampling = sampler_for(model, "own"), Sampling(max_tokens=20)
    first = sampler.sample(PROMPTS, 4, sampling, seed=1)
    other = sampler.sample(PROMPTS, 4, sampling, seed=2)
    torch.rand(100)
    again = sampler.sample(PROMPTS, 4, sampling, seed=1)
    assert as_lists(first) == as_lists(again)
    assert as_lists(first) != as_lists(other)
    assert len({tuple(row) for row in as_lists(first)}) > 6
    assert as_lists(sampler.sample(PROMPTS[:1], 2, sampling, seed=1)) == as_lists(first)[:2]


@pytest.mark.parametrize("engine", ["own", "generate"])
def test_sampling_touches_neither_the_global_generator_nor_modes_nor_gradients(
    model: LanguageModel, engine: str
) -> None:
    model.model.train().requires_grad_(True)
    model.model.model.layers[0].mlp.eval()
    before = torch.random.get_rng_state()
    rollouts = sampler_for(model, engine).sample(PROMPTS, 2, Sampling(max_tokens=5), seed=0)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert model.model.training
    assert not model.model.model.layers[0].mlp.training
    assert rollouts.logp is not None
    assert not rollouts.logp.requires_grad
    assert all(weight.grad is None for weight in model.model.parameters())


def test_the_weights_of_now_are_used(model: LanguageModel) -> None:
    sampler, sampling = sampler_for(model, "own"), Sampling(max_tokens=20)
    before = sampler.sample(PROMPTS, 2, sampling, seed=0)
    with torch.no_grad():
        for weight in model.model.parameters():
            weight.mul_(1.1)
    after = sampler.sample(PROMPTS, 2, sampling, seed=0)
    assert as_lists(before) != as_lists(after)
    found = agreement(model, after)
    assert found is not None
    assert found.largest < 1e-5


def test_a_prompt_is_computed_once_and_finished_rows_are_dropped(
    model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefilled: list[int] = []
    stepped: list[int] = []
    prefill, step = Decoder.prefill, Decoder.step

    def watched_prefill(self: Decoder, ids: torch.Tensor, *rest: Any) -> Any:
        prefilled.append(len(ids))
        return prefill(self, ids, *rest)

    def watched_step(self: Decoder, tokens: torch.Tensor, *rest: Any) -> Any:
        stepped.append(len(tokens))
        return step(self, tokens, *rest)

    monkeypatch.setattr(Decoder, "prefill", watched_prefill)
    monkeypatch.setattr(Decoder, "step", watched_step)
    often = replace(model, eos_ids=(2, 5, 9, 14, 21, 28))
    sampling = Sampling(max_tokens=200)
    rollouts = sampler_for(often, "own").sample(PROMPTS, 16, sampling, seed=0)
    assert prefilled == [3]
    assert stepped == sorted(stepped, reverse=True)
    assert stepped[0] >= 0.8 * len(rollouts)
    assert stepped[-1] <= 0.2 * len(rollouts)
    assert sum(stepped) < 1.35 * int(rollouts.lengths.sum())
    assert as_lists(rollouts) == as_lists(sampler_for(often, "generate").sample(PROMPTS, 16, sampling, seed=0))


def test_responses_end_with_the_first_end_token_or_the_limit(model: LanguageModel) -> None:
    often = replace(model, eos_ids=(2, 5, 9))
    rollouts = sampler_for(often, "own").sample(PROMPTS, 8, Sampling(max_tokens=12), seed=0)
    for row, tokens in enumerate(as_lists(rollouts)):
        ended = tokens[-1] in often.eos_ids
        assert bool(rollouts.finished[row]) is ended
        assert not set(tokens[:-1]) & set(often.eos_ids)
        assert ended or len(tokens) == 12
    assert rollouts.logp is not None
    assert not bool(rollouts.logp[~rollouts.mask].any())
    assert rollouts.prompt_of.tolist() == [0] * 8 + [1] * 8 + [2] * 8


def test_groups_that_fit_in_memory_give_the_same_rollouts(model: LanguageModel) -> None:
    sampling = Sampling(max_tokens=20)
    whole = Own(model).sample(PROMPTS, 3, sampling, seed=4)
    parts = Own(model, memory=20_000).sample(PROMPTS, 3, sampling, seed=4)
    assert as_lists(whole) == as_lists(parts)


@pytest.mark.parametrize("engine", ["own", "generate"])
def test_a_response_may_fill_the_context_and_no_more(model: LanguageModel, engine: str) -> None:
    endless = replace(model, eos_ids=(63,), context=20)
    rollouts = sampler_for(endless, engine).sample([*PROMPTS, [1] * 19], 1, Sampling(max_tokens=15), seed=0)
    assert rollouts.lengths.tolist() == [15, 15, 12, 1]
    assert not bool(rollouts.finished.any())


@pytest.mark.parametrize(
    ("prompts", "n", "said"),
    [
        ([], 1, "no prompts"),
        ([[1], []], 1, "prompt 1 has no tokens"),
        ([[1] * 256], 1, "no room for a response"),
        ([[1, 64]], 1, "has token 64, and .* has tokens 0 to 63"),
        ([[1, -1]], 1, "has token -1"),
        ([[1]], 0, "n is 0"),
    ],
)
def test_prompts_that_cannot_be_answered_are_named(
    model: LanguageModel, prompts: list[list[int]], n: int, said: str
) -> None:
    for engine in ("own", "generate"):
        with pytest.raises(UsageError, match=said):
            sampler_for(model, engine).sample(prompts, n, Sampling(), seed=0)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("Gemma2", {}, "Gemma2ForCausalLM is none of"),
        ("Qwen2", {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 0}, "sliding-window"),
        ("Llama", {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}}, "'dynamic'"),
    ],
)
def test_other_models_are_left_to_transformers(
    model: LanguageModel, name: str, options: dict[str, Any], said: str
) -> None:
    other = of_family(model, name, **options)
    assert isinstance(sampler_for(other), Generate)
    assert isinstance(sampler_for(model), Own)
    with pytest.raises(UsageError, match=said):
        sampler_for(other, "own")


def test_an_unknown_engine_is_named(model: LanguageModel) -> None:
    with pytest.raises(UsageError, match="engine 'sglang' is unknown"):
        sampler_for(model, "sglang")


def test_half_precision_stays_near_the_scorer(tiny: Callable[..., Path]) -> None:
    half = open_model(tiny("own", padded_to=64), dtype="bfloat16")
    found = agreement(half, sampler_for(half, "own").sample(PROMPTS, 8, Sampling(max_tokens=20), seed=0))
    assert found is not None
    assert found.mean < 0.05


def test_full_precision_weights_may_be_sampled_in_half(model: LanguageModel) -> None:
    sampling = Sampling(max_tokens=20)
    asked = sampler_for(model, "own", dtype="bfloat16").sample(PROMPTS, 8, sampling, seed=0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        around = sampler_for(model, "own").sample(PROMPTS, 8, sampling, seed=0)
        batch = pack(asked, model.pad_id)
        scored = log_probs_of(model, batch)
    assert as_lists(asked) == as_lists(around)
    assert asked.logp is not None
    assert float((asked.logp[asked.mask] - scored).abs().mean()) < 0.05
    exactly = log_probs_of(model, batch)
    assert float((asked.logp[asked.mask] - exactly).abs().max()) > 1e-4  # it did compute in half


@pytest.mark.parametrize("dtype", [None, "bfloat16"])
def test_adapters_are_sampled_through(tiny: Callable[..., Path], dtype: str | None) -> None:
    adapted = open_model(tiny("own", padded_to=64), trainable=True, lora=LoraSpec(rank=4, dropout=0.5))
    with torch.no_grad():
        for name, weight in adapted.model.named_parameters():
            if "lora_B" in name:
                weight.copy_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(5)) * 0.3)
    found = agreement(adapted, sampler_for(adapted, "own", dtype=dtype).sample(PROMPTS, 8, Sampling(max_tokens=10), seed=0))
    assert found is not None
    assert found.mean < (1e-5 if dtype is None else 0.1)
    assert adapted.model.training
