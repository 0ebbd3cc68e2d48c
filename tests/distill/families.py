"""Random models of the families that we claim to know, small enough for a test."""

from __future__ import annotations

from typing import Any

import torch
import transformers

SMALL: dict[str, Any] = {
    "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "head_dim": 16, "max_position_embeddings": 128, "pad_token_id": 0, "bos_token_id": 1,
    "eos_token_id": 2,
}  # fmt: skip

FAMILIES: dict[str, dict[str, Any]] = {
    "Llama": {"attention_bias": True, "mlp_bias": True},
    "Qwen2": {"tie_word_embeddings": True},
    "Qwen3": {"tie_word_embeddings": False},
    "Gemma2": {"final_logit_softcapping": 3.0, "attn_logit_softcapping": 5.0, "query_pre_attn_scalar": 16},
    "Gemma3": {"final_logit_softcapping": 2.0, "query_pre_attn_scalar": 16},
    "Mistral": {},
    "Cohere": {"logit_scale": 0.25},
    "Granite": {"logits_scaling": 5.0, "embedding_multiplier": 2.0},
    "Olmo2": {},
}


def family(name: str, **options: Any) -> Any:
    """A random model of a family; its head is made large, so that caps and scales show."""
    config_class = getattr(transformers, f"{name}TextConfig" if name == "Gemma3" else f"{name}Config")
    config = config_class(**{**SMALL, **FAMILIES[name], **options})
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = getattr(transformers, f"{name}ForCausalLM")(config)
        model.get_output_embeddings().weight.data.mul_(20.0)
    return model.eval()
