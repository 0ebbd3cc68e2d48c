"""A student or a teacher: a causal language model of transformers with its tokenizer, and the few things we ask of both.

    student = open_model("Qwen/Qwen3-1.7B-Base", trainable=True)
    hidden = student.hidden(batch.ids, batch.mask)          # [B, L, H]
    logits = student.head().logits(hidden)                  # padded rows cut off, scales and caps applied
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journeyman.distill.losses.heads import Head
from journeyman.errors import MissingExtra, ModelNotFound, ModelUnsuitable

EXTRA = "pip install 'journeyman[distill]'"


@dataclass(frozen=True)
class LanguageModel:
    """A model in memory.

    Attributes:
        name: the path or hub name it came from.
        model: transformers' module, possibly wrapped by peft.
        tokenizer: its tokenizer.
        eos_ids: tokens that end a response, the tokenizer's own first.
        pad_id: what rows are padded with; never scored.
        context: how many tokens fit, prompt and response together.
    """

    name: str
    model: Any
    tokenizer: Any
    eos_ids: tuple[int, ...]
    pad_id: int
    context: int

    @property
    def device(self) -> Any:
        """Where its weights are."""
        return next(self.model.parameters()).device

    @property
    def base(self) -> Any:
        """The causal model under whatever wraps it (peft's layers stay inside of it)."""
        return self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model

    def hidden(self, ids: Any, mask: Any) -> Any:
        """Last hidden states [B, L, H] of `ids` [B, L] (padded on the right), without the head."""
        inner = getattr(self.base, self.base.base_model_prefix)
        return inner(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state

    def head(self) -> Head:
        """The head as data. Raises ModelUnsuitable for one that is no plain linear layer."""
        return head_of(self.base, len(self.tokenizer))


@contextmanager
def evaluating(module: Any) -> Iterator[None]:
    """In evaluation mode (no dropout, no checkpointing) for a while; each part that was training goes back to it."""
    training = [part for part in module.modules() if part.training]
    module.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True


def open_model(path: str | Path, *, dtype: str = "float32", device: str = "cpu", trainable: bool = False) -> LanguageModel:
    """Load a decoder-only model from a folder or, where the machine has it, by its hub name.

    Raises:
        MissingExtra: torch or transformers is not installed.
        ModelNotFound: nothing there that these versions can load.
        ModelUnsuitable: no decoder with a plain head, or no end-of-sequence token.
    """
    try:
        import torch
        import transformers
    except ImportError as error:
        raise MissingExtra(f"distill needs torch and transformers ({error}): {EXTRA}") from error
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(path))
        model: Any = transformers.AutoModelForCausalLM.from_pretrained(str(path), dtype=getattr(torch, dtype))
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        said = str(error).strip().split("\n", 1)[0]
        raise ModelNotFound(f"'{path}' cannot be loaded as a language model: {said}") from error
    model = model.to(device).train(trainable).requires_grad_(trainable)
    return wrap(str(path), model, tokenizer)


def wrap(name: str, model: Any, tokenizer: Any) -> LanguageModel:
    """A model that is in memory already. Raises ModelUnsuitable as `open_model`."""
    ends = model.generation_config.eos_token_id if model.generation_config is not None else None
    listed = [] if ends is None else [ends] if isinstance(ends, int) else list(ends)
    eos_ids = tuple(dict.fromkeys(i for i in (tokenizer.eos_token_id, *listed) if i is not None))
    if not eos_ids:
        raise ModelUnsuitable(f"'{name}' has no end-of-sequence token: set tokenizer.eos_token and save it again")
    pad_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else eos_ids[0]
    context = int(getattr(model.config, "max_position_embeddings", 0) or 1_000_000)
    found = LanguageModel(name, model, tokenizer, eos_ids, int(pad_id), context)
    found.head()
    return found


def head_of(model: Any, vocab: int) -> Head:
    """The head of a causal model of transformers, with its scale and cap. `vocab`: tokens that the tokenizer knows.

    Raises ModelUnsuitable where the head is no plain linear layer (an adapter on it would be passed over silently).
    """
    import torch

    layer = model.get_output_embeddings()
    if not isinstance(layer, torch.nn.Linear):
        raise ModelUnsuitable(
            f"the head of {type(model).__name__} is {type(layer).__name__}, not a linear layer; "
            "leave 'lm_head' out of the adapter's target modules, or merge the adapter first"
        )
    config = model.config
    scale = float(getattr(config, "logit_scale", None) or 1.0) / float(getattr(config, "logits_scaling", None) or 1.0)
    cap = getattr(config, "final_logit_softcapping", None)
    rows = int(layer.weight.shape[0])
    return Head(layer.weight, layer.bias, scale, None if cap is None else float(cap), min(vocab, rows))
