"""One run over several processes: `torchrun --nproc-per-node 4 -m journeyman distill train ...`.

The prompts of a step are dealt out; each process samples, scores and differentiates its share. Denominators are those of
the whole batch and gradients are added up, so that the update is that of one process up to rounding. The student is
sharded by FSDP2 (`fully_shard`): its weights, gradients and optimizer state are spread over the processes, and a layer is
whole only while it is computed. Sampling does not go through that: every process keeps one whole copy of the student,
refreshed once a step by gathering the weights, so a process needs room for the whole weights besides its shards. The
teacher is whole in every process. The first process writes the log.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from journeyman.distill.model import LanguageModel
from journeyman.distill.train_spec import Autocast, Precision, TrainSpec
from journeyman.errors import UsageError

Thing = TypeVar("Thing")

_PATIENCE = timedelta(hours=24)
"""How long a process waits for another: the first evaluates and writes checkpoints while the others wait."""


@dataclass(frozen=True)
class Ranks:
    """The processes of a run, seen from one of them: number `rank` of `world`, which computes on `device`."""

    rank: int = 0
    world: int = 1
    device: str = "cpu"

    @property
    def first(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def total(self, values: Sequence[float]) -> list[float]:
        """Each value summed over the processes, in the order of their ranks, so that all get the same bits."""
        parts = self.all_of(list(values))
        return [sum(column) for column in zip(*parts, strict=True)]

    def all_of(self, thing: Thing) -> list[Thing]:
        """What every process has, by rank; plain data and tensors on the CPU only."""
        if self.world == 1:
            return [thing]
        found: list[Any] = [None] * self.world
        dist.all_gather_object(found, thing)
        return found

    def told(self, thing: Thing | None) -> Thing:
        """What the first process has."""
        found: list[Any] = [thing]
        if self.world > 1:
            dist.broadcast_object_list(found, src=0)
        made: Thing = found[0]
        return made


@contextmanager
def joined(device: str = "auto") -> Iterator[Ranks]:
    """The processes that torchrun started, or this one alone.

    Raises:
        UsageError: a GPU was asked for and there is none.
    """
    world, local = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("LOCAL_RANK", "0"))
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        kind = torch.device(device).type
    except RuntimeError as error:
        raise UsageError(f"device {device!r} is unknown; use 'auto', 'cpu', 'cuda', 'cuda:1' ...") from error
    if kind == "cuda" and not torch.cuda.is_available():
        raise UsageError(f"device is {device!r}, but torch sees no GPU; use 'cpu', or 'auto'")
    if kind == "cuda" and world > 1:
        device = f"cuda:{local}"
        torch.cuda.set_device(local)
    mine = world > 1 and not dist.is_initialized()
    if mine:
        # Objects and counts travel over gloo, gradients and weights over what suits the device.
        dist.init_process_group("cpu:gloo,cuda:nccl" if kind == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield Ranks(dist.get_rank(), dist.get_world_size(), device) if world > 1 else Ranks(device=device)
    finally:
        if mine:
            dist.destroy_process_group()


def autocast(ranks: Ranks, spec: TrainSpec) -> Any:
    """A context in which matrix products have the number format that the spec says."""
    kind = torch.device(ranks.device).type
    return torch.autocast(kind, torch.bfloat16, enabled=computes_in(spec.autocast, kind) == "bfloat16")


def computes_in(wanted: Autocast, device: str) -> Precision:
    """The number format of matrix products on a device, "auto" decided."""
    if wanted == "auto":
        return "float32" if device == "cpu" else "bfloat16"
    return wanted


def shard(module: torch.nn.Module, student: LanguageModel, ranks: Ranks) -> None:
    """Spread the student's weights over the processes, layer by layer; `module` is what is called (see `Step`)."""
    if ranks.world == 1:
        return
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(torch.device(ranks.device).type, (ranks.world,))
    for layer in layers_of(student):
        fully_shard(layer, mesh=mesh)
    fully_shard(module, mesh=mesh)


def layers_of(student: LanguageModel) -> list[torch.nn.Module]:
    """The decoder's layers: the longest list of modules that it has."""
    lists = [list(part) for part in student.base.modules() if isinstance(part, torch.nn.ModuleList)]
    return max(lists, key=len, default=[])
