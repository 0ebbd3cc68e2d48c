"""Models: heads that give the model's own logits, vocabularies, adapters, folders on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from families import FAMILIES, SMALL, family
from transformers import LlamaConfig, LlamaForCausalLM

from journeyman.distill.lora import lora
from journeyman.distill.losses.heads import Head
from journeyman.distill.model import (
    LanguageModel,
    digest,
    evaluating,
    open_model,
    same_vocabulary,
    save,
    wrap,
)
from journeyman.distill.rollout.rollouts import Rollouts, pack
from journeyman.distill.train_spec import LoraSpec
from journeyman.errors import ModelNotFound, ModelUnsuitable, UsageError

IDS = torch.tensor([[1, 5, 6, 7, 8], [1, 9, 10, 11, 12]])
MASK = torch.ones_like(IDS)


@pytest.fixture
def tokenizer(tiny: Callable[..., Path]) -> Any:
    """A real one of some forty words."""
    return open_model(tiny("a")).tokenizer


@pytest.mark.parametrize("name", FAMILIES)
def test_the_head_gives_the_logits_of_each_family(name: str, tokenizer: Any) -> None:
    model = wrap(name, family(name), tokenizer)
    with torch.no_grad():
        theirs = model.model(input_ids=IDS, attention_mask=MASK).logits
        ours = model.head().logits(model.hidden(IDS, MASK))
    assert ours.shape[-1] == len(model.tokenizer) < theirs.shape[-1]
    torch.testing.assert_close(ours, theirs[..., : ours.shape[-1]], atol=1e-5, rtol=1e-5)


def test_caps_and_scales_are_in_the_head(tokenizer: Any) -> None:
    assert wrap("g", family("Gemma2"), tokenizer).head().cap == 3.0
    assert wrap("c", family("Cohere"), tokenizer).head().scale == 0.25
    assert wrap("g", family("Granite"), tokenizer).head().scale == pytest.approx(0.2)


class Scaled(LlamaForCausalLM):  # type: ignore[misc]
    """An architecture that scales its logits in a way nobody here knows."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Three times the logits."""
        out = super().forward(*args, **kwargs)
        out.logits = out.logits * 3.0
        return out


def test_an_unknown_architecture_whose_logits_are_other_ones_is_refused(tokenizer: Any) -> None:
    with pytest.raises(ModelUnsuitable, match="logits of Scaled are not its hidden states times its head"):
        wrap("scaled", Scaled(LlamaConfig(**SMALL)).eval(), tokenizer)


def test_all_end_tokens_count_and_the_tokenizers_own_comes_first(tiny: Callable[..., Path]) -> None:
    opened = open_model(tiny("ends"))
    opened.model.generation_config.eos_token_id = [7, 2]
    assert wrap("m", opened.model, opened.tokenizer).eos_ids == (2, 7)


def test_a_model_that_cannot_end_is_refused(tiny: Callable[..., Path]) -> None:
    opened = open_model(tiny("ends"))
    opened.model.generation_config.eos_token_id = None
    opened.tokenizer.eos_token = None
    with pytest.raises(ModelUnsuitable, match=r"set tokenizer\.eos_token"):
        wrap("m", opened.model, opened.tokenizer)


def test_without_a_pad_token_the_end_of_a_response_is_still_scored(tiny: Callable[..., Path]) -> None:
    opened = open_model(tiny("ends"))
    opened.tokenizer.pad_token = None
    bare = wrap("m", opened.model, opened.tokenizer)
    assert bare.pad_id in bare.eos_ids
    rollouts = Rollouts(
        [[1, 5]], torch.tensor([0, 0]), torch.tensor([[8, 2, 2, 2], [8, 9, 10, 2]]), torch.tensor([2, 4]),
        torch.tensor([True, True]),
    )  # fmt: skip
    batch = pack(rollouts, bare.pad_id)
    assert batch.tokens.tolist() == [8, 2, 8, 9, 10, 2]
    assert batch.mask.sum(dim=1).tolist() == [4, 6]


def test_equal_vocabularies_pass_whatever_the_padding_of_the_heads(tiny: Callable[..., Path]) -> None:
    student, teacher = open_model(tiny("a")), open_model(tiny("b", padded_to=64, hidden=48))
    assert student.head().weight.shape[0] != teacher.head().weight.shape[0]
    same_vocabulary(student, teacher)


def test_differing_vocabularies_are_refused_with_their_first_differing_tokens(tiny: Callable[..., Path]) -> None:
    student, teacher = open_model(tiny("a")), open_model(tiny("b"))
    vocabulary = teacher.tokenizer.get_vocab()
    vocabulary["so"], vocabulary["thus"] = vocabulary["thus"], vocabulary["so"]
    del vocabulary["!"]

    class Other:
        def get_vocab(self) -> dict[str, int]:
            return vocabulary

    first = r"differ in 3 tokens, first 'so' \(22 / 23\), 'thus' \(23 / 22\), '!' \(.* / absent\)"
    with pytest.raises(ModelUnsuitable, match=first):
        same_vocabulary(student, replace(teacher, tokenizer=Other()))


def test_evaluation_mode_is_for_a_while_and_for_each_part(tiny: Callable[..., Path]) -> None:
    model = open_model(tiny("a"), trainable=True).model
    model.model.layers[0].eval()
    with evaluating(model):
        assert not any(part.training for part in model.modules())
    assert model.training
    assert not model.model.layers[0].training
    assert model.model.layers[1].training


@pytest.mark.parametrize(
    ("options", "said"),
    [({"dtype": "int3"}, "use one of float32"), ({"device": "toaster"}, "device 'toaster' cannot be used")],
)
def test_settings_that_do_not_exist_are_named(tiny: Callable[..., Path], options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        open_model(tiny("a"), **options)


def with_adapters(folder: Path, **options: Any) -> LanguageModel:
    """Adapters that do something."""
    model = open_model(folder, trainable=True, lora=LoraSpec(**{"rank": 4, "alpha": 8.0, **options}))
    draw = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, weight in model.model.named_parameters():
            if "lora_B" in name:
                weight.copy_(torch.randn(weight.shape, generator=draw) * 0.3)
    return model


def logits(model: LanguageModel) -> torch.Tensor:
    """All logits of two short rows, in evaluation mode."""
    with torch.no_grad(), evaluating(model.model):
        found = model.head().logits(model.hidden(IDS, MASK))
        assert isinstance(found, torch.Tensor)
        return found


def test_fresh_adapters_change_nothing_and_alone_are_trained(tiny: Callable[..., Path]) -> None:
    plain = open_model(tiny("a"))
    before = torch.random.get_rng_state()
    adapted = open_model(tiny("a"), trainable=True, lora=LoraSpec(rank=4, targets=("q_proj", "v_proj")))
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.testing.assert_close(logits(adapted), logits(plain))
    trained = [name for name, weight in adapted.model.named_parameters() if weight.requires_grad]
    assert trained
    assert all("lora_" in name and ("q_proj" in name or "v_proj" in name) for name in trained)


def test_gradients_reach_adapters_through_hidden_states(tiny: Callable[..., Path]) -> None:
    model = with_adapters(tiny("a"))
    model.head().logits(model.hidden(IDS, MASK)).logsumexp(-1).sum().backward()
    grads = [weight.grad for weight in model.model.parameters() if weight.requires_grad]
    assert all(grad is not None and float(grad.abs().sum()) > 0 for grad in grads)


@pytest.mark.parametrize("target", ["embed_tokens", "model.embed_tokens"])
def test_adapters_on_head_and_embeddings_are_refused(tiny: Callable[..., Path], target: str) -> None:
    with pytest.raises(ModelUnsuitable, match="losses read the head's weight itself"):
        lora(open_model(tiny("a")), LoraSpec(targets=("q_proj", target)))


def test_adapters_for_layers_that_are_not_there_are_refused(tiny: Callable[..., Path]) -> None:
    with pytest.raises(ModelUnsuitable, match=r"no adapters for .* with targets nothing_proj"):
        lora(open_model(tiny("a")), LoraSpec(targets=("nothing_proj",)))
    with pytest.raises(ModelUnsuitable, match="has adapters already"):
        lora(with_adapters(tiny("a")), LoraSpec())


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("merged", [False, True])
def test_adapters_come_back_from_disk(
    tmp_path: Path, tiny: Callable[..., Path], tokenizer: Any, merged: bool, tied: bool
) -> None:
    base = tiny("a")
    if tied:
        base = save(wrap("tied", family("Qwen2"), tokenizer), tmp_path / "tied")
    model = with_adapters(base)
    before = {name: weight.clone() for name, weight in model.model.named_parameters()}
    folder = save(model, tmp_path / "out", merged=merged)
    assert all(torch.equal(weight, before[name]) for name, weight in model.model.named_parameters())
    assert (folder / "adapter_config.json").exists() is not merged
    torch.testing.assert_close(logits(open_model(folder)), logits(model), atol=2e-5, rtol=1e-4)


def test_an_adapter_without_its_model_says_so(tmp_path: Path, tiny: Callable[..., Path]) -> None:
    folder = save(with_adapters(tiny("a")), tmp_path / "adapter")
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelNotFound, match="does not name the model"):
        open_model(folder)


def test_a_digest_is_that_of_the_weights(tmp_path: Path, tiny: Callable[..., Path]) -> None:
    model = open_model(tiny("a"))
    found = digest(model)
    again = open_model(save(model, tmp_path / "copy"))
    assert digest(again) == found
    with torch.no_grad():
        again.model.model.norm.weight[0] += 1e-3
    assert digest(again) != found
    assert digest(open_model(tiny("a"), dtype="bfloat16")) != found


def test_saving_replaces_a_folder_whole_or_not_at_all(tmp_path: Path, tiny: Callable[..., Path]) -> None:
    model = open_model(tiny("a"))
    folder = save(model, tmp_path / "out")
    (folder / "note.txt").write_text("old")
    found = digest(open_model(folder))

    class Full:
        def save_pretrained(self, part: Path) -> None:
            raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"):
        save(replace(model, tokenizer=Full()), folder)
    assert digest(open_model(folder)) == found
    assert (folder / "note.txt").exists()
    save(model, folder)
    assert not (folder / "note.txt").exists()
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_half_precision_opens_as_asked(tiny: Callable[..., Path]) -> None:
    head: Head = open_model(tiny("a"), dtype="bfloat16").head()
    assert head.weight.dtype is torch.bfloat16
