"""A student or a teacher: a causal language model of transformers with its tokenizer, and the few things we ask of both.

    student = open_model("Qwen/Qwen3-1.7B-Base", trainable=True)
    hidden = student.hidden(batch.ids, batch.mask)          # [B, L, H]
    logits = student.head().logits(hidden)                  # padded rows cut off, scales and caps applied
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeyman.distill.losses.heads import Head
from journeyman.distill.model_names import look_for, one_sentence
from journeyman.distill.saving import digest, quiet, save
from journeyman.errors import MissingExtra, ModelNotFound, ModelUnsuitable, UsageError

if TYPE_CHECKING:
    from journeyman.distill.train_spec import LoraSpec

__all__ = ["LanguageModel", "digest", "evaluating", "head_of", "open_model", "same_vocabulary", "save", "wrap"]

EXTRA = "pip install 'journeyman[distill]'"
DTYPES = ("float32", "bfloat16", "float16", "float64")

# The head of these is read from weights and configuration; what is not listed is held against its own logits first.
_KNOWN = (
    "LlamaForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM", "Gemma2ForCausalLM", "Gemma3ForCausalLM",
    "MistralForCausalLM", "CohereForCausalLM", "Cohere2ForCausalLM", "GraniteForCausalLM",
)  # fmt: skip


@dataclass(frozen=True)
class LanguageModel:
    """A model in memory.

    Attributes:
        name: the path or hub name it came from.
        model: transformers' module, possibly wrapped by peft.
        tokenizer: its tokenizer.
        eos_ids: tokens that end a response, the tokenizer's own first.
        pad_id: what rows are padded with. Where the tokenizer has no pad token it is an end-of-sequence token; nothing
            here infers from an id whether a position is padding, so neither is ever scored by mistake or left out.
        context: how many tokens fit, prompt and response together.
        vocab: one more than the largest id that the tokenizer knows; 0: its length.
    """

    name: str
    model: Any
    tokenizer: Any
    eos_ids: tuple[int, ...]
    pad_id: int
    context: int
    vocab: int = 0

    @property
    def device(self) -> Any:
        """Where its weights are."""
        return next(self.model.parameters()).device

    @property
    def base(self) -> Any:
        """The causal model under whatever wraps it (peft's layers stay inside of it)."""
        return self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model

    def hidden(self, ids: Any, mask: Any = None) -> Any:
        """Last hidden states [B, L, H] of `ids` [B, L], without the head; what stands at places of padding means nothing.

        Where padding is on the right, as everywhere here, no token sees it: attention needs no mask and takes its fast
        causal way.
        """
        inner = getattr(self.base, self.base.base_model_prefix)
        needed = mask is not None and not bool((mask[:, 1:] <= mask[:, :-1]).all())
        return inner(input_ids=ids, attention_mask=mask if needed else None, use_cache=False).last_hidden_state

    def head(self) -> Head:
        """The head as data. Raises ModelUnsuitable for one that is no plain linear layer."""
        return head_of(self.base, self.vocab or len(self.tokenizer))


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


def open_model(
    path: str | Path,
    *,
    dtype: str = "float32",
    device: str = "cpu",
    trainable: bool = False,
    lora: LoraSpec | None = None,
) -> LanguageModel:
    """Load a decoder-only model from a folder (an adapter's, too) or, where the machine has it, by its hub name.

    Args:
        dtype: of the weights: float32, bfloat16, float16 or float64.
        device: "cpu", "cuda", "cuda:1" ...; "auto" is a GPU if there is one.
        trainable: weights get gradients; of a model with adapters only the adapters do.
        lora: put fresh adapters on it, which alone are trained.

    Raises:
        MissingExtra: torch, transformers or peft is not installed.
        ModelNotFound: nothing there that these versions can load.
        ModelUnsuitable: no decoder with a plain head, or no end-of-sequence token.
        UsageError: no such dtype or device.
    """
    try:
        import torch
        import transformers
    except ImportError as error:
        raise MissingExtra(f"distill needs torch and transformers ({error}): {EXTRA}") from error
    if dtype not in DTYPES:
        raise UsageError(f"dtype '{dtype}' is unknown; use one of {', '.join(DTYPES)}")
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    look_for(str(path))
    adapter = Path(path) / "adapter_config.json"
    source = _under(adapter) if adapter.is_file() else str(path)
    try:
        with quiet():
            tokenizer = transformers.AutoTokenizer.from_pretrained(str(path))
            model: Any = transformers.AutoModelForCausalLM.from_pretrained(source, dtype=getattr(torch, dtype))
            if adapter.is_file():
                model = _with_adapter(model, path, trainable)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        said = one_sentence(error)
        raise ModelNotFound(f"'{path}' cannot be loaded as a language model: {said}") from error
    if not adapter.is_file():
        model.requires_grad_(trainable)
    try:
        model = model.to(device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"device '{device}' cannot be used: {str(error).splitlines()[0]}") from error
    opened = wrap(str(path), model.train(trainable), tokenizer)
    if lora is None:
        return opened
    from journeyman.distill.lora import lora as with_adapters

    found = with_adapters(opened, lora)
    found.model.train(trainable)
    return found


def _under(adapter: Path) -> str:
    """The model that an adapter folder is for. A relative path is taken from the folder if it leads somewhere there."""
    try:
        named = str(json.loads(adapter.read_text("utf-8"))["base_model_name_or_path"])
    except (OSError, ValueError, KeyError) as error:
        raise ModelNotFound(f"{adapter} does not name the model that the adapter is for") from error
    beside = adapter.parent / named
    return str(beside) if beside.is_dir() else named


def _with_adapter(model: Any, path: str | Path, trainable: bool) -> Any:
    try:
        import peft
    except ImportError as error:
        raise MissingExtra(f"'{path}' is an adapter, which needs peft ({error}): {EXTRA}") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by an older name
        return peft.PeftModel.from_pretrained(model, str(path), is_trainable=trainable)


def wrap(name: str, model: Any, tokenizer: Any) -> LanguageModel:
    """A model that is in memory already. Raises ModelUnsuitable as `open_model`."""
    generation = getattr(model, "generation_config", None)
    ends = generation.eos_token_id if generation is not None else None
    listed = [] if ends is None else [ends] if isinstance(ends, int) else list(ends)
    eos_ids = tuple(dict.fromkeys(i for i in (tokenizer.eos_token_id, *listed) if i is not None))
    if not eos_ids:
        raise ModelUnsuitable(f"'{name}' has no end-of-sequence token: set tokenizer.eos_token and save it again")
    pad_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else eos_ids[0]
    config = model.config.get_text_config()
    context = int(getattr(config, "max_position_embeddings", 0) or 1_000_000)
    vocab = max(tokenizer.get_vocab().values()) + 1
    found = LanguageModel(name, model, tokenizer, eos_ids, int(pad_id), context, vocab)
    head = found.head()
    if type(found.base).__name__ not in _KNOWN:
        _compare_with_own_logits(found, head)
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
    config = model.config.get_text_config()
    scale = float(getattr(config, "logit_scale", None) or 1.0) / float(getattr(config, "logits_scaling", None) or 1.0)
    cap = getattr(config, "final_logit_softcapping", None)
    rows = int(layer.weight.shape[0])
    return Head(layer.weight, layer.bias, scale, None if cap is None else float(cap), min(vocab, rows))


def _compare_with_own_logits(model: LanguageModel, head: Head) -> None:
    """An architecture that was not looked at may scale its logits in a way of its own: then say so, and stop."""
    import torch

    ids = torch.arange(1, 5, device=model.device).clamp(max=head.size - 1)[None]
    with torch.no_grad(), evaluating(model.model):
        theirs = model.model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[..., : head.size].float()
        ours = head.logits(model.hidden(ids, torch.ones_like(ids))).float()
    apart = float((ours - theirs).abs().max() / theirs.abs().max().clamp(min=1e-6))
    if not apart < 0.02:
        raise ModelUnsuitable(
            f"the logits of {type(model.base).__name__} are not its hidden states times its head "
            f"(they differ by {apart:.0%} of the largest): losses here would train on other numbers than it computes"
        )


def same_vocabulary(student: LanguageModel, teacher: LanguageModel) -> None:
    """Nothing, where every token has the same id in both. Heads may be padded to different sizes.

    Raises:
        ModelUnsuitable: naming the first tokens that differ.
    """
    ours, theirs = student.tokenizer.get_vocab(), teacher.tokenizer.get_vocab()
    if ours == theirs:
        return
    differing = sorted(
        (token for token in ours.keys() | theirs.keys() if ours.get(token) != theirs.get(token)),
        key=lambda token: (min(i for i in (ours.get(token), theirs.get(token)) if i is not None), token),
    )
    shown = ", ".join(f"{token!r} ({_id(ours, token)} / {_id(theirs, token)})" for token in differing[:3])
    raise ModelUnsuitable(
        f"the vocabularies of '{student.name}' and '{teacher.name}' differ in {len(differing):,} tokens, first {shown}: "
        "the teacher would score other words than the student wrote; use two models with one tokenizer"
    )


def _id(vocabulary: dict[str, int], token: str) -> str:
    found = vocabulary.get(token)
    return "absent" if found is None else str(found)
