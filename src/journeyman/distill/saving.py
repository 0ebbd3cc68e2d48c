"""Models on disk: plain Hugging Face folders that every other tool reads, written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from journeyman.distill.model import LanguageModel


def save(model: LanguageModel, folder: str | Path, *, merged: bool = False) -> Path:
    """Write weights, configuration and tokenizer to `folder`, which is replaced if it exists.

    A model with adapters gives an adapter folder (peft's format, which `open_model` and vLLM read), or with `merged` an
    ordinary model whose weights contain them. The model in memory is not changed by it, not even by a rounding error.

    Raises OSError where the disk does not let it; a folder that was there stays then.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.with_name(f".{folder.name}.part-{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    adapters = hasattr(model.model, "peft_config")
    try:
        with quiet():
            if adapters and merged:
                model.base.save_pretrained(part, state_dict=merged_weights(model))
            else:
                model.model.save_pretrained(part)
            model.tokenizer.save_pretrained(part)
        _replace(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def merged_weights(model: LanguageModel) -> dict[str, Any]:
    """The weights of the model under the adapters with the adapters added, by their ordinary names."""
    from peft.tuners.lora import LoraLayer

    layers = {name: part for name, part in model.base.named_modules() if isinstance(part, LoraLayer)}
    weights = {}
    for name, tensor in model.base.state_dict().items():
        owner, inside, rest = name.rpartition(".base_layer.")
        if not inside:
            if not any(name.startswith(layer + ".") for layer in layers):
                weights[name] = tensor.detach()
            continue
        if rest == "weight":
            layer = layers[owner]
            tensor = tensor + sum(layer.get_delta_weight(active).to(tensor.dtype) for active in layer.active_adapters)
        weights[f"{owner}.{rest}"] = tensor.detach()
    return weights


def digest(model: LanguageModel) -> str:
    """SHA-256 over names, types, shapes and bytes of all weights, adapters included: equal means equal models.

    Tied weights count once. It reads every weight: about a second a gigabyte.
    """
    import torch

    found = hashlib.sha256()
    for name, tensor in sorted(model.model.named_parameters(), key=lambda pair: str(pair[0])):
        whole = tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
        found.update(f"{name} {whole.dtype} {tuple(whole.shape)}\n".encode())
        flat = whole.detach().cpu().contiguous().reshape(-1)
        found.update(flat.view(torch.uint8).numpy().data)
    return found.hexdigest()


@contextmanager
def quiet() -> Iterator[None]:
    """transformers' progress bars are off for a while."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _replace(part: Path, folder: Path) -> None:
    """Put `part` in the place of `folder`. A crash in between leaves one of them, whole, under one of three names."""
    if not folder.exists():
        part.rename(folder)
        return
    old = folder.with_name(f".{folder.name}.old-{os.getpid()}")
    shutil.rmtree(old, ignore_errors=True)
    folder.rename(old)
    part.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
