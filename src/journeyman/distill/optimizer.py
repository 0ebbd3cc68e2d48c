"""AdamW, its learning rate, the norm of the gradient, and its state as plain tensors.

Works alike on whole tensors and on FSDP2's sharded ones, whose norm is that of the whole gradient.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch

from journeyman.distill.train_spec import TrainSpec
from journeyman.errors import RunError, UsageError


def adamw(module: torch.nn.Module, spec: TrainSpec) -> torch.optim.AdamW:
    """AdamW over what is trainable in `module`, weight decay on all of it, as the released code has it.

    Raises:
        UsageError: nothing is trainable.
    """
    weights = trainable(module)
    if not weights:
        raise UsageError("the student has no weights to train; open it with trainable=True")
    return torch.optim.AdamW(
        weights.values(), lr=spec.lr, betas=spec.betas, eps=spec.eps, weight_decay=spec.weight_decay, foreach=True
    )


def trainable(module: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    """Its trainable parameters by name, those that are shared once."""
    return {name: weight for name, weight in module.named_parameters() if weight.requires_grad}


def rate_at(step: int, steps: int, spec: TrainSpec) -> float:
    """Learning rate of update `step` in 1 .. steps: a linear rise, then constant, or half a cosine that ends above 0."""
    rising = round(spec.warmup * steps)
    if step <= rising:
        return spec.lr * step / rising
    if spec.schedule == "constant":
        return spec.lr
    return spec.lr * 0.5 * (1 + math.cos(math.pi * (step - 1 - rising) / (steps - rising)))


def clip(weights: Iterable[torch.nn.Parameter], limit: float) -> float:
    """Scale the gradient to a global norm of at most `limit`; its norm before that, which need not be finite."""
    norm = torch.nn.utils.clip_grad_norm_(weights, limit)
    return float(whole(norm))


def whole(tensor: Any) -> torch.Tensor:
    """All of a tensor that may be sharded over processes. Every process must ask."""
    full: torch.Tensor = tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
    return full


def state_of(optimizer: torch.optim.Optimizer, module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The optimizer's state by "what.parameter", whole and on the CPU. Every process must ask."""
    found = {}
    for name, weight in trainable(module).items():
        for what, value in optimizer.state[weight].items():
            found[f"{what}.{name}"] = whole(value).detach().cpu().clone()
    return found


def load_state(optimizer: torch.optim.Optimizer, module: torch.nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Put back what `state_of` gave.

    Raises:
        RunError: the state is of another model.
    """
    for name, weight in trainable(module).items():
        for what in ("step", "exp_avg", "exp_avg_sq"):
            value = state.get(f"{what}.{name}")
            if value is None or (what != "step" and value.shape != weight.shape):
                raise RunError(f"the checkpoint's optimizer has no fitting '{what}' for the weights '{name}'")
            # `step` is a number on the CPU; the moments lie where and as the weights do.
            optimizer.state[weight][what] = value.clone() if what == "step" else _like(value, weight)


def _like(value: torch.Tensor, weight: Any) -> torch.Tensor:
    placed = value.to(weight.device)
    if not hasattr(weight, "full_tensor"):
        return placed
    from torch.distributed.tensor import distribute_tensor

    # Every process has all of it, so each keeps its own part and nothing is sent.
    return distribute_tensor(placed, weight.device_mesh, weight.placements, src_data_rank=None)
