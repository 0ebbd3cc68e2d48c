"""Sampling with transformers' own `generate`: every architecture it knows, at its speed.

The forward passes, masks and cache are transformers'; the draw is ours, put in as a logits processor. So top-p means what
it means in the other engines, each row has its own random numbers, the global generator is not touched, and the
log-probability of each token is noted when it is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from journeyman.distill.model import LanguageModel, evaluating
from journeyman.distill.rollout.draw import Dice, choose
from journeyman.distill.rollout.lengths import cut, rooms
from journeyman.distill.rollout.rollouts import Rollouts
from journeyman.distill.rollout.sampling import Sampling


class Generate:
    """A `Sampler` around transformers' generate.

    The cache is on even where gradient checkpointing is: sampling runs in evaluation mode, in which nothing is
    checkpointed, and the training mode of each module is restored. What the model's generation_config says (penalties,
    its own temperature) does not act. Finished rows are computed on until the longest one ends.

    Args:
        model: whose weights of now are used.
        rows: responses in one call of generate at most.
    """

    def __init__(self, model: LanguageModel, *, rows: int = 256) -> None:
        self.model = model
        self.rows = rows

    def sample(self, prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, seed: int) -> Rollouts:
        """See `Sampler.sample`."""
        room = rooms(prompts, n, sampling, self.model)
        device = self.model.device
        ids = torch.full((len(prompts) * n, max(room)), self.model.pad_id, dtype=torch.int64, device=device)
        logp = torch.zeros(ids.shape, device=device)
        order = sorted(range(len(prompts) * n), key=lambda row: len(prompts[row // n]))
        with torch.no_grad(), evaluating(self.model.model):
            for chosen in self._groups(order, [room[row // n] for row in order]):
                asked = [prompts[row // n] for row in chosen]
                drawn = self._some(asked, room[chosen[0] // n], chosen, sampling, seed)
                at = torch.tensor(chosen, device=device)
                width = drawn[0].shape[1]
                ids[at, :width], logp[at, :width] = drawn
        return cut(prompts, n, ids, logp, room, self.model)

    def _groups(self, order: Sequence[int], room: Sequence[int]) -> Iterator[Sequence[int]]:
        """Rows for one call each, all with the same room, so that none runs past its context."""
        first = 0
        for end in range(1, len(order) + 1):
            if end == len(order) or room[end] != room[first] or end - first == self.rows:
                yield order[first:end]
                first = end

    def _some(
        self, prompts: Sequence[Sequence[int]], limit: int, rows: Sequence[int], sampling: Sampling, seed: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        from transformers import GenerationConfig, LogitsProcessorList

        model = self.model
        width = max(len(prompt) for prompt in prompts)
        ids = torch.full((len(prompts), width), model.pad_id, dtype=torch.int64)
        mask = torch.zeros_like(ids)
        for at, prompt in enumerate(prompts):
            ids[at, width - len(prompt) :] = torch.tensor(prompt)
            mask[at, width - len(prompt) :] = 1
        draw = _Draw(sampling, None if sampling.temperature == 0 else Dice(seed, rows, model.device), model.head().size)
        plain = GenerationConfig(
            max_new_tokens=limit, do_sample=False, num_beams=1, use_cache=True,
            eos_token_id=list(model.eos_ids), pad_token_id=model.pad_id,
        )  # fmt: skip
        before = model.base.generation_config
        model.base.generation_config = GenerationConfig()
        try:
            out = model.base.generate(
                input_ids=ids.to(model.device),
                attention_mask=mask.to(model.device),
                generation_config=plain,
                logits_processor=LogitsProcessorList([draw]),
            )
        finally:
            model.base.generation_config = before
        return out[:, width:], torch.stack(draw.logp, dim=1)


class _Draw:
    """A logits processor that draws the token itself and leaves generate's argmax no other choice."""

    def __init__(self, sampling: Sampling, dice: Dice | None, size: int) -> None:
        self.sampling, self.dice, self.size = sampling, dice, size
        self.logp: list[torch.Tensor] = []

    def __call__(self, input_ids: Any, scores: torch.Tensor) -> torch.Tensor:
        tokens, logp = choose(scores[:, : self.size], self.sampling, self.dice.roll() if self.dice else None)
        self.logp.append(logp)
        return torch.full_like(scores, -torch.inf).scatter_(1, tokens[:, None], 0.0)
