"""Low-rank adapters through peft: the weights stay, small matrices beside them are trained."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from journeyman.distill.train_spec import LoraSpec
from journeyman.errors import MissingExtra, ModelUnsuitable

if TYPE_CHECKING:
    from journeyman.distill.model import LanguageModel

_EXTRA = "pip install 'journeyman[distill]'"


def lora(model: LanguageModel, spec: LoraSpec, *, seed: int = 0) -> LanguageModel:
    """`model` with fresh adapters, which alone are trainable; they start as no change at all.

    Hidden states and samplers go through the adapters. The head and the embeddings cannot have one: losses read the
    head's weight itself, and would pass over an adapter on it (or on embeddings tied to it) without a word.

    Args:
        seed: of the adapters' random half; the global generator is not touched.

    Raises:
        MissingExtra: peft is not installed.
        ModelUnsuitable: a target is the head or the embeddings, or names no linear layer of this model.
    """
    import torch

    try:
        import peft
    except ImportError as error:
        raise MissingExtra(f"adapters need peft ({error}): {_EXTRA}") from error
    if hasattr(model.model, "peft_config"):
        raise ModelUnsuitable(f"'{model.name}' has adapters already; merge them first (save with merged=True, open that)")
    targets: Any = list(spec.targets)
    if spec.targets == ("all-linear",):
        targets = "all-linear"
    else:
        _refuse_outer_layers(model, spec.targets)
    wanted = peft.LoraConfig(
        task_type="CAUSAL_LM", r=spec.rank, lora_alpha=spec.alpha, lora_dropout=spec.dropout, target_modules=targets
    )
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by an older name
        torch.manual_seed(seed)
        try:
            wrapped = peft.get_peft_model(model.model, wanted)
        except ValueError as error:
            named = ", ".join(spec.targets)
            said = str(error).split("\n", 1)[0]
            raise ModelUnsuitable(f"no adapters for '{model.name}' with targets {named}: {said}") from error
    return replace(model, model=wrapped)


def _refuse_outer_layers(model: LanguageModel, targets: tuple[str, ...]) -> None:
    """peft matches the end of a layer's name: refuse what would match the head or the embeddings."""
    outer = {id(model.base.get_output_embeddings()), id(model.base.get_input_embeddings())}
    for name, part in model.base.named_modules():
        for target in targets:
            if id(part) in outer and (name == target or name.endswith("." + target)):
                raise ModelUnsuitable(
                    f"'{target}' cannot have an adapter: losses read the head's weight itself and would pass over it; "
                    "use 'all-linear', or name layers of the blocks (q_proj, v_proj, ...)"
                )
