"""Where the seconds of a step go."""

from __future__ import annotations

import contextlib
import resource
import time
from collections.abc import Iterator

import torch

from journeyman.distill.events import StepCost


class Clock:
    """Seconds of a step, in all and by phase; phases may come again."""

    def __init__(self, device: str) -> None:
        self.on_gpu = torch.device(device).type == "cuda"
        self.began = time.perf_counter()
        self.phases: dict[str, float] = {}

    @contextlib.contextmanager
    def __call__(self, phase: str) -> Iterator[None]:
        """Count what happens inside to `phase`."""
        before = self._now()
        yield
        self.phases[phase] = self.phases.get(phase, 0.0) + self._now() - before

    def cost(self) -> StepCost:
        """With the peak of memory so far: the GPU's, else the process's, in MB."""
        process = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        memory = torch.cuda.max_memory_allocated() if self.on_gpu else process
        return StepCost(self._now() - self.began, self.phases, memory / 1e6)

    def _now(self) -> float:
        if self.on_gpu:
            torch.cuda.synchronize()
        return time.perf_counter()
