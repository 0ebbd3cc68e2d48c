"""Real language models small enough for a test: a byte-level tokenizer with a chat template, and a Llama of one layer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

SPECIAL = ["<|im_start|>", "<|im_end|>"]
THINKING = ["<think>", "</think>"]

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking %}<think>{% endif %}{% endif %}"
)


def save_tiny(
    folder: Path,
    *,
    successors: Mapping[str, str] | None = None,
    template: str | None = CHATML,
    context: int = 256,
    generation: Mapping[str, Any] | None = None,
) -> Path:
    """A model folder. `successors`: token -> the token that follows it for certain; None: random weights."""
    import torch
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = Tokenizer(models.BPE(vocab={sign: i for i, sign in enumerate(alphabet)}, merges=[]))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    words.add_special_tokens(SPECIAL)
    words.add_tokens([AddedToken(sign, special=False, normalized=False) for sign in THINKING])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<|im_end|>")
    if template is not None:
        tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)

    vocabulary = words.get_vocab_size()
    with torch.random.fork_rng():
        torch.manual_seed(5)
        if successors is None:
            config = LlamaConfig(
                vocab_size=vocabulary, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
                num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=context,
            )  # fmt: skip
            model = LlamaForCausalLM(config)
            # Random weights are nearly indifferent; scaled up, they have opinions.
            model.lm_head.weight.data *= 30.0
        else:
            width = -(-vocabulary // 4) * 4
            config = LlamaConfig(
                vocab_size=vocabulary, hidden_size=width, intermediate_size=8, num_hidden_layers=1,
                num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=context,
            )  # fmt: skip
            model = LlamaForCausalLM(config)
            # Attention and MLP add nothing, so the last token alone decides.
            for layer in model.model.layers:
                layer.self_attn.o_proj.weight.data.zero_()
                layer.mlp.down_proj.weight.data.zero_()
            model.model.embed_tokens.weight.data = torch.eye(vocabulary, width)
            model.lm_head.weight.data.zero_()
            for token, following in successors.items():
                here, there = (
                    tokenizer.encode(sign, add_special_tokens=False) for sign in (token, following)
                )
                model.lm_head.weight.data[there[0], here[0]] = 10.0
    model.generation_config = GenerationConfig(
        **{"eos_token_id": tokenizer.eos_token_id, **(generation or {})}
    )
    model.save_pretrained(folder)
    return folder
