"""Rollouts from a vLLM server over real HTTP on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from journeyman.distill.model import LanguageModel, open_model, save
from journeyman.distill.rollout.engines import sampler_for
from journeyman.distill.rollout.sampling import Sampling
from journeyman.distill.rollout.score import agreement
from journeyman.distill.rollout.served import Served
from journeyman.distill.server import Server
from journeyman.distill.train_spec import LoraSpec
from journeyman.errors import ModelRejected, ModelUnavailable, ModelUnsuitable, UsageError
from journeyman.testing.vllm import Faults, VllmServer

PROMPTS = [[1, 5, 6, 7], [1, 8], [1, 9, 10, 11, 12, 13, 4, 4]]


@pytest.fixture
def model(tiny: Callable[..., Path]) -> LanguageModel:
    """The student."""
    return open_model(tiny("served", padded_to=64))


@pytest.fixture
def server(model: LanguageModel) -> Iterator[VllmServer]:
    """Serves the student."""
    with VllmServer(model) as running:
        yield running


def patient(url: str, attempts: int = 3) -> Server:
    """A client that does not wait long."""
    return Server(url, attempts=attempts, wait_s=0.001, timeout_s=20)


def test_greedy_rollouts_are_those_of_every_other_engine(model: LanguageModel, server: VllmServer) -> None:
    sampling = Sampling(temperature=0.0, max_tokens=15)
    found = [sampler_for(model, engine).sample(PROMPTS, 2, sampling, seed=0) for engine in (server.url, "own", "generate")]
    for other in found[1:]:
        assert torch.equal(found[0].ids, other.ids)
        assert torch.equal(found[0].lengths, other.lengths)
        torch.testing.assert_close(found[0].logp, other.logp, atol=1e-5, rtol=0)


def test_rollouts_are_ordered_by_prompt_seeded_and_scored(model: LanguageModel, server: VllmServer) -> None:
    sampler, sampling = Served(server.url, model), Sampling(max_tokens=12)
    first = sampler.sample(PROMPTS, 4, sampling, seed=1)
    again = sampler.sample(PROMPTS, 4, sampling, seed=1)
    other = sampler.sample(PROMPTS, 4, sampling, seed=2)
    assert torch.equal(first.ids, again.ids)
    assert first.ids.shape != other.ids.shape or not torch.equal(first.ids, other.ids)
    assert first.prompt_of.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    found = agreement(model, first)
    assert found is not None
    assert found.largest < 1e-5
    assert {tuple(request.body["prompt"]) for request in server.requests if request.path == "/v1/completions"} == {
        tuple(prompt) for prompt in PROMPTS
    }


def test_nothing_is_left_to_the_servers_defaults(model: LanguageModel, server: VllmServer) -> None:
    Served(server.url, model).sample(PROMPTS[:1], 1, Sampling(temperature=0.5, top_p=0.9, top_k=7, max_tokens=3), seed=0)
    body = server.requests[-1].body
    assert {name: body[name] for name in ("temperature", "top_p", "top_k", "max_tokens")} == {
        "temperature": 0.5, "top_p": 0.9, "top_k": 7, "max_tokens": 3,
    }  # fmt: skip
    assert body["repetition_penalty"] == 1.0
    assert body["presence_penalty"] == body["frequency_penalty"] == body["min_p"] == 0.0
    assert body["stop_token_ids"] == [2]


@pytest.mark.parametrize(
    ("mode", "sampling", "told"),
    [
        ("raw", Sampling(max_tokens=8), True),
        ("raw", Sampling(top_p=0.8, max_tokens=8), True),
        ("raw", Sampling(temperature=0.7, max_tokens=8), False),
        ("processed", Sampling(temperature=0.7, max_tokens=8), True),
        ("processed", Sampling(temperature=0.7, top_p=0.8, max_tokens=8), False),
    ],
)
def test_log_probabilities_are_kept_where_they_mean_what_they_should(
    model: LanguageModel, mode: str, sampling: Sampling, told: bool
) -> None:
    with VllmServer(model, logprobs_mode=mode) as server:  # type: ignore[arg-type]
        rollouts = Served(server.url, model, logprobs_mode=mode).sample(PROMPTS, 2, sampling, seed=0)  # type: ignore[arg-type]
    found = agreement(model, rollouts, sampling.temperature)
    assert (found is not None) is told
    assert found is None or found.largest < 1e-5


def test_an_overloaded_server_is_asked_again(model: LanguageModel, server: VllmServer) -> None:
    sampler = Served(server.url, model, server=patient(server.url))
    server.faults = Faults(errors=2)
    assert len(sampler.sample(PROMPTS[:1], 2, Sampling(max_tokens=5), seed=0)) == 2


def test_a_server_that_only_fails_is_told_in_one_sentence(model: LanguageModel, server: VllmServer) -> None:
    sampler = Served(server.url, model, server=patient(server.url))
    server.faults = Faults(errors=100)
    with pytest.raises(ModelUnavailable, match=r"gave no answer in 3 attempts; the last: status 500: EngineCore") as raised:
        sampler.sample(PROMPTS, 1, Sampling(max_tokens=5), seed=0)
    assert "\n" not in str(raised.value)


def test_no_server_is_told_in_one_sentence(model: LanguageModel) -> None:
    with VllmServer(model) as server:
        address = server.url
    with pytest.raises(ModelUnavailable, match="2 attempts; the last: ConnectError"):
        Served(address, model, server=patient(address, 2)).sample(PROMPTS, 1, Sampling(max_tokens=5), seed=0)


def test_a_slow_server_is_given_up(model: LanguageModel, server: VllmServer) -> None:
    server.faults = Faults(delay_s=0.5)
    hasty = Server(f"{server.url}#{server.name}", attempts=1, timeout_s=0.1)
    with pytest.raises(ModelUnavailable, match="ReadTimeout"):
        hasty.post("/v1/completions", {"prompt": [1]})


def test_what_a_server_refuses_is_not_asked_again(model: LanguageModel, server: VllmServer) -> None:
    longer = replace(model, context=500)
    with pytest.raises(ModelRejected, match=r"maximum context length is 256 tokens.*--max-model-len"):
        Served(server.url, longer).sample(PROMPTS[:1], 1, Sampling(max_tokens=400), seed=0)
    assert len([request for request in server.requests if request.path == "/v1/completions"]) == 1


def test_keys_models_and_addresses(model: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    with VllmServer(model, name="student", key="secret") as server:
        with pytest.raises(ModelRejected, match=r"status 401: Unauthorized.*VLLM_API_KEY"):
            Served(server.url, model).sample(PROMPTS, 1, Sampling(max_tokens=2), seed=0)
        monkeypatch.setenv("VLLM_API_KEY", "secret")
        for address in (server.url, f"{server.url}#student", server.url.removesuffix("/v1") + "/"):
            assert len(Served(address, model).sample(PROMPTS, 1, Sampling(max_tokens=2), seed=0)) == 3
        with pytest.raises(UsageError, match="has no model 'teacher'; it serves student"):
            Served(f"{server.url}#teacher", model).sample(PROMPTS, 1, Sampling(max_tokens=2), seed=0)
    with pytest.raises(UsageError, match="must begin with http"):
        Served("ftp://somewhere", model)


def test_a_server_without_token_ids_is_refused(model: LanguageModel, server: VllmServer) -> None:
    server.faults = Faults(no_token_ids=True)
    with pytest.raises(ModelUnsuitable, match="sends no token ids"):
        Served(server.url, model).sample(PROMPTS, 1, Sampling(max_tokens=5), seed=0)


def test_ends_that_the_student_does_not_have_are_named(model: LanguageModel) -> None:
    with VllmServer(replace(model, eos_ids=(2, 5, 9, 14, 21))) as server, pytest.raises(
        ModelUnsuitable, match=r"ended a response after \d+ of 100 tokens with token \d+ .*it ends with 2\)"
    ):
        Served(server.url, model).sample(PROMPTS, 8, Sampling(max_tokens=100), seed=0)


def test_a_dead_temperature_shows_in_the_rollouts(model: LanguageModel, server: VllmServer) -> None:
    sampler, cold = Served(server.url, model), Sampling(temperature=0.05, max_tokens=10)
    greedy = sampler.sample(PROMPTS, 1, Sampling(temperature=0, max_tokens=10), seed=0).ids
    alive = sampler.sample(PROMPTS, 1, cold, seed=0).ids
    server.faults = Faults(temperature_ignored=True)
    dead = sampler.sample(PROMPTS, 1, cold, seed=0).ids
    assert float((alive[:, :3] == greedy[:, :3]).float().mean()) > float((dead[:, :3] == greedy[:, :3]).float().mean())


def test_new_weights_reach_the_server_and_are_attributed(
    tmp_path: Path, tiny: Callable[..., Path], model: LanguageModel, server: VllmServer
) -> None:
    sampler, sampling = Served(server.url, model), Sampling(max_tokens=10)
    assert sampler.sample(PROMPTS, 2, sampling, seed=0).weights_step == -1
    trained = open_model(tiny("other", seed=9, padded_to=64))
    before = agreement(trained, sampler.sample(PROMPTS, 2, sampling, seed=0))
    sampler.refresh(save(trained, tmp_path / "step-20"), step=20)
    rollouts = sampler.sample(PROMPTS, 2, sampling, seed=0)
    after = agreement(trained, rollouts)
    assert rollouts.weights_step == 20
    assert before is not None
    assert after is not None
    assert after.largest < 1e-5 < 0.1 < before.mean
    assert [request.path for request in server.requests][-5:-3] == ["/collective_rpc", "/reset_prefix_cache"]


def test_adapters_are_loaded_under_the_name_of_their_step(
    tmp_path: Path, tiny: Callable[..., Path], model: LanguageModel, server: VllmServer
) -> None:
    adapted = open_model(tiny("served", padded_to=64), trainable=True, lora=LoraSpec(rank=2))
    sampler, sampling = Served(server.url, model), Sampling(max_tokens=10)
    for step in (1, 2):
        with torch.no_grad():
            for name, weight in adapted.model.named_parameters():
                if "lora_B" in name:
                    weight.add_(0.2 * step)
        sampler.refresh(save(adapted, tmp_path / f"step-{step}"), step)
        rollouts = sampler.sample(PROMPTS, 2, sampling, seed=0)
        found = agreement(adapted, rollouts)
        assert rollouts.weights_step == step
        assert found is not None
        assert found.largest < 1e-5
        assert server.requests[-1].body["model"] == f"step-{step}"
        assert set(server.models) == {server.name, f"step-{step}"}


@pytest.mark.parametrize("rank", [None, 2])
def test_a_student_in_training_is_published_step_by_step(
    tmp_path: Path, tiny: Callable[..., Path], server: VllmServer, rank: int | None
) -> None:
    spec = None if rank is None else LoraSpec(rank=rank)
    student = open_model(tiny("served", padded_to=64), trainable=True, lora=spec)
    sampler = Served(server.url, student)
    for step in (1, 2, 3):
        with torch.no_grad():
            for weight in student.model.parameters():
                if weight.requires_grad:
                    weight.add_(0.01 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(step)))
        sampler.publish(tmp_path, step)
        rollouts = sampler.sample(PROMPTS, 1, Sampling(max_tokens=6), seed=0)
        found = agreement(student, rollouts)
        assert rollouts.weights_step == step
        assert found is not None
        assert found.largest < 1e-5
    assert [path.name for path in tmp_path.iterdir()] == ["step-3"]


def test_a_server_that_takes_no_weights_says_how_to_start_it(
    tmp_path: Path, tiny: Callable[..., Path], model: LanguageModel
) -> None:
    whole = save(model, tmp_path / "whole")
    adapter = save(open_model(tiny("served", padded_to=64), lora=LoraSpec(rank=2)), tmp_path / "adapter")
    with VllmServer(model, updates=False) as server:
        sampler = Served(server.url, model)
        with pytest.raises(ModelRejected, match="VLLM_SERVER_DEV_MODE=1"):
            sampler.refresh(whole, step=3)
        with pytest.raises(ModelRejected, match="--enable-lora"):
            sampler.refresh(adapter, step=3)
        assert sampler.sample(PROMPTS, 1, Sampling(max_tokens=3), seed=0).weights_step == -1
