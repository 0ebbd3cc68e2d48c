"""How long a response may be, and where it ends: the same for every engine."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from journeyman.distill.model import LanguageModel
from journeyman.distill.rollout.rollouts import Rollouts
from journeyman.distill.rollout.sampling import Sampling
from journeyman.errors import UsageError


def rooms(prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, model: LanguageModel) -> list[int]:
    """For each prompt, how many tokens a response may have: `max_tokens`, or what the context leaves.

    Raises UsageError for no prompts, an empty one, one that fills the context, an id that the model does not have, n < 1.
    """
    if n < 1:
        raise UsageError(f"n is {n}; sample at least 1 response a prompt")
    if not prompts:
        raise UsageError("there are no prompts to sample from")
    rows = model.base.get_input_embeddings().weight.shape[0]
    for at, prompt in enumerate(prompts):
        if len(prompt) == 0:
            raise UsageError(f"prompt {at} has no tokens; give it at least a begin-of-sequence token")
        if len(prompt) >= model.context:
            raise UsageError(
                f"prompt {at} has {len(prompt)} tokens and the context of '{model.name}' holds {model.context}: "
                "no room for a response; drop the prompt or shorten it"
            )
        if not 0 <= min(prompt) <= max(prompt) < rows:
            wrong = next(i for i in prompt if not 0 <= i < rows)
            raise UsageError(f"prompt {at} has token {wrong}, and '{model.name}' has tokens 0 to {rows - 1}")
    return [min(sampling.max_tokens, model.context - len(prompt)) for prompt in prompts]


def cut(
    prompts: Sequence[Sequence[int]],
    n: int,
    ids: torch.Tensor,
    logp: torch.Tensor | None,
    room: Sequence[int],
    model: LanguageModel,
) -> Rollouts:
    """Rollouts from raw tokens `ids` [P * n, T]: each ends with its first end-of-sequence token or with its room.

    Args:
        logp: [P * n, T] of those tokens, or None.
        room: tokens that a response to each of the P prompts may have, none above T.
    """
    device = ids.device
    limit = torch.tensor(room, device=device).repeat_interleave(n)
    places = torch.arange(ids.shape[1], device=device)
    ends = torch.isin(ids, torch.tensor(model.eos_ids, device=device)) & (places < limit[:, None])
    finished = ends.any(dim=1)
    first = ends.int().argmax(dim=1)
    lengths = torch.where(finished, first + 1, limit)
    longest = int(lengths.max())
    outside = places[:longest] >= lengths[:, None]
    ids = ids[:, :longest].masked_fill(outside, model.pad_id)
    if logp is not None:
        logp = logp[:, :longest].float().masked_fill(outside, 0.0)
    prompt_of = torch.arange(len(prompts), device=device).repeat_interleave(n)
    return Rollouts(prompts, prompt_of, ids, lengths, finished, logp)
