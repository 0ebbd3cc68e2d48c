"""One thread for every computation, so that results are equal everywhere, and two real models small enough for a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


WORDS = [*"0123456789+-*=[].?", "so", "thus", "then", "hence", "we", "get", "answer", "user", "assistant", "system", "!"]

TEMPLATE = (
    "{% for message in messages %}<s> {{ message['role'] }} {{ message['content'] }} </s> {% endfor %}"
    "{% if add_generation_prompt %}<s> assistant {% endif %}"
)


def tiny_tokenizer() -> Any:
    """Word level, with pad, begin, end and a chat template; 40 ids or so."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: i for i, word in enumerate(["<pad>", "<s>", "</s>", "<unk>", *WORDS])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def save_tiny_qwen(
    folder: Path, *, seed: int = 0, hidden: int = 32, layers: int = 2, padded_to: int = 0, sharp: float = 8.0
) -> Path:
    """A Qwen3-shaped model with random weights and its tokenizer. `sharp` scales the head, so that it has opinions."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    tokenizer = tiny_tokenizer()
    config = Qwen3Config(
        vocab_size=max(padded_to, len(tokenizer)), hidden_size=hidden, intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=2, num_key_value_heads=1, head_dim=16, max_position_embeddings=256, tie_word_embeddings=False,
        pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Qwen3ForCausalLM(config)
        model.lm_head.weight.data *= sharp
    model.generation_config.eos_token_id = 2
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """`tiny("name", seed=1, hidden=48, ...)`: the folder of a model, made once a session for equal arguments."""
    made: dict[tuple[Any, ...], Path] = {}
    root = tmp_path_factory.mktemp("tiny")

    def make(name: str, **options: Any) -> Path:
        key = (name, *sorted(options.items()))
        if key not in made:
            made[key] = save_tiny_qwen(root / f"{name}-{len(made)}", **options)
        return made[key]

    return make
