"""The student as it acts: what samples, is evaluated and is saved, with whole weights of a known step.

In one process that is the student itself, on whose live weights the sampler works. Under FSDP2 it is a copy with whole
weights in every process, refreshed by gathering the shards, one weight after the other. A served engine has weights of its
own: they are published to it in a folder, by the first process, which then samples for all.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from journeyman.distill import batches
from journeyman.distill.optimizer import whole
from journeyman.distill.parallel import autocast
from journeyman.distill.prepare import Kit
from journeyman.distill.rollout.engines import sampler_for
from journeyman.distill.rollout.rollouts import Rollouts
from journeyman.distill.rollout.sampling import Sampler
from journeyman.distill.rollout.served import Served
from journeyman.distill.train_spec import seed_of

SERVED = "served"
"""Folder of a run in which weights are published."""


class Acting:
    """Made before the student is sharded. `folder` is the run's.

    Attributes:
        model: the student with whole weights; without gradients where it is a copy.
        sampler: samples from it.
    """

    def __init__(self, kit: Kit, folder: Path) -> None:
        self.kit, self.folder = kit, folder
        self.model = kit.student
        if kit.ranks.world > 1:
            module = copy.deepcopy(kit.student.model).requires_grad_(False).eval()
            self.model = replace(kit.student, model=module)
        self.sampler: Sampler = sampler_for(self.model, kit.spec.engine)
        self._step = -1

    def after(self, step: int) -> Acting:
        """Itself, up to date with `step` updates. Every process must ask."""
        if step != self._step:
            if self.model is not self.kit.student:
                with torch.no_grad():
                    shards = self.kit.student.model.parameters()
                    for mine, theirs in zip(self.model.model.parameters(), shards, strict=True):
                        mine.copy_(whole(theirs))
            if isinstance(self.sampler, Served) and self.kit.ranks.first:
                self.sampler.publish(self.folder / SERVED, step)
            self._step = step
        return self

    def rollouts(self, number: int) -> tuple[Rollouts, list[int]]:
        """This process's responses of step `number`, longest first, and which prompt of the file each answers."""
        spec, ranks = self.kit.spec, self.kit.ranks
        chosen = batches.prompts_of(number, spec, len(self.kit.ids))
        if ranks.world > 1 and isinstance(self.sampler, Served):
            shares = [batches.calls_of(chosen, spec, rank, ranks.world) for rank in range(ranks.world)]
            mine = [batches.moved(self._sample(number, calls), "cpu") for calls in shares] if ranks.first else None
            calls, rollouts = shares[ranks.rank], batches.moved(ranks.told(mine)[ranks.rank], ranks.device)
        else:
            calls = batches.calls_of(chosen, spec, ranks.rank, ranks.world)
            rollouts = self._sample(number, calls)
        places = [at for _, asked in calls for at in asked]
        ordered = batches.by_length(rollouts)
        return ordered, [places[int(prompt)] for prompt in ordered.prompt_of]

    def _sample(self, number: int, calls: Sequence[tuple[int, list[int]]]) -> Rollouts:
        spec, parts = self.kit.spec, []
        with autocast(self.kit.ranks, spec):
            for call, mine in calls:
                prompts = [self.kit.ids[at] for at in mine]
                seed = seed_of(spec.seed, "rollout", number, call)
                parts.append(self.sampler.sample(prompts, spec.rollouts_per_prompt, spec.sampling, seed))
        return batches.joined(parts)
