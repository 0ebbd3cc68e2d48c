"""Which prompts a step has, which of them a process samples, and which responses go through a model together.

All of it is a function of the step's number, so that a run can go on anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from journeyman.distill.rollout.rollouts import Rollouts
from journeyman.distill.train_spec import TrainSpec, seed_of
from journeyman.errors import UsageError

Item = TypeVar("Item")


def steps_in(spec: TrainSpec, count: int) -> int:
    """How many updates a run over `count` prompts makes; the incomplete batch at the end is left out."""
    return spec.steps if spec.steps is not None else max(1, spec.epochs * count // spec.prompts_per_step)


def prompts_of(step: int, spec: TrainSpec, count: int) -> list[int]:
    """The places, in 0 .. count - 1, of the prompts of a step (from 1). After the last prompt comes the first again."""
    first = (step - 1) * spec.prompts_per_step
    chosen = []
    orders: dict[int, list[int]] = {}
    for at in range(first, first + spec.prompts_per_step):
        epoch, place = divmod(at, count)
        if epoch not in orders:
            orders[epoch] = _order(spec, epoch, count)
        chosen.append(orders[epoch][place])
    return chosen


def _order(spec: TrainSpec, epoch: int, count: int) -> list[int]:
    if not spec.shuffle:
        return list(range(count))
    import torch

    generator = torch.Generator().manual_seed(seed_of(spec.seed, "order", epoch))
    order: list[int] = torch.randperm(count, generator=generator).tolist()
    return order


def calls_of(chosen: Sequence[Item], spec: TrainSpec, rank: int, world: int) -> list[tuple[int, list[Item]]]:
    """A process's share of a step's prompts as calls of the sampler: (number of the call in the step, its prompts).

    With `prompts_at_once` set, the calls of a step are the same however many processes share them.

    Raises:
        UsageError: the prompts cannot be dealt out evenly.
    """
    each, left = divmod(len(chosen), world)
    if left:
        raise UsageError(f"{len(chosen)} prompts a step cannot be shared by {world} processes; use a multiple of {world}")
    size = spec.prompts_at_once or each
    if each % size and world > 1:
        raise UsageError(f"prompts_at_once is {size}, which does not divide the {each} prompts of each of {world} processes")
    start = rank * each
    return [(at // size, list(chosen[at : min(at + size, start + each)])) for at in range(start, start + each, size)]


def joined(parts: Sequence[Rollouts]) -> Rollouts:
    """The rollouts of several calls as one."""
    import torch

    if len(parts) == 1:
        return parts[0]
    width = max(int(part.ids.shape[1]) for part in parts)

    def wide(tensor: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.pad(tensor, (0, width - tensor.shape[1]))

    before = [0]
    for part in parts:
        before.append(before[-1] + len(part.prompts))
    return Rollouts(
        prompts=[prompt for part in parts for prompt in part.prompts],
        prompt_of=torch.cat([part.prompt_of + first for part, first in zip(parts, before, strict=False)]),
        ids=torch.cat([wide(part.ids) for part in parts]),
        lengths=torch.cat([part.lengths for part in parts]),
        finished=torch.cat([part.finished for part in parts]),
        logp=None if any(part.logp is None for part in parts) else torch.cat([wide(part.logp) for part in parts]),
        weights_step=parts[0].weights_step,
    )


def moved(rollouts: Rollouts, device: str) -> Rollouts:
    """The same on another device."""
    tensors = {name: getattr(rollouts, name).to(device) for name in ("prompt_of", "ids", "lengths", "finished")}
    return replace(rollouts, **tensors, logp=None if rollouts.logp is None else rollouts.logp.to(device))


def by_length(rollouts: Rollouts) -> Rollouts:
    """The same responses, the longest sequences first: rows of one pass are then alike."""
    total = sequence_lengths(rollouts)
    order = sorted(range(len(total)), key=lambda row: -total[row])
    logp = None if rollouts.logp is None else rollouts.logp[order]
    return replace(
        rollouts, prompt_of=rollouts.prompt_of[order], ids=rollouts.ids[order], lengths=rollouts.lengths[order],
        finished=rollouts.finished[order], logp=logp,
    )  # fmt: skip


def sequence_lengths(rollouts: Rollouts) -> list[int]:
    """Tokens of each row, prompt and response."""
    lengths: list[int] = rollouts.lengths.tolist()
    return [len(rollouts.prompts[int(p)]) + n for p, n in zip(rollouts.prompt_of, lengths, strict=True)]


def passes(lengths: Sequence[int], budget: int, at_least: int = 1) -> list[range]:
    """Cut rows, which are ordered by falling length, into passes of at most `budget` padded tokens.

    A row that is longer makes a pass of its own. Ranks whose collectives must meet need equally many passes: `at_least`
    says how many, up to one a row.
    """
    cut: list[range] = []
    start = 0
    while start < len(lengths):
        rows = min(max(1, budget // lengths[start]), len(lengths) - start)
        cut.append(range(start, start + rows))
        start += rows
    while len(cut) < min(at_least, len(lengths)):
        at = max(range(len(cut)), key=lambda i: len(cut[i]))
        rows_of = cut[at]
        middle = rows_of.start + len(rows_of) // 2
        cut[at : at + 1] = [range(rows_of.start, middle), range(middle, rows_of.stop)]
    return cut
