"""Our own sampler: batched decoding with a cache, for the models that `decoder` knows.

What it does about time: a prompt is computed once and its cache copied to its n samples; the cache is preallocated and
grows by doubling; rows that have finished are dropped as soon as they are an eighth of the batch. What it leaves out:
rows do not join a batch that runs (a served engine does that), nothing is compiled, no pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from journeyman.distill.model import LanguageModel, evaluating
from journeyman.distill.rollout.decoder import Cache, Decoder, cannot_decode, read
from journeyman.distill.rollout.draw import Dice, choose
from journeyman.distill.rollout.lengths import cut, rooms
from journeyman.distill.rollout.rollouts import Rollouts
from journeyman.distill.rollout.sampling import Sampling
from journeyman.errors import UsageError

_FIRST_COLUMNS = 256
_PREFILL_TOKENS = 8192
_DROP_SHARE = 8


class Own:
    """A `Sampler` on the live weights of a Llama, Qwen2 or Qwen3 model.

    Args:
        model: whose weights of now are used; they may be trained between calls.
        dtype: of the matrix products, "bfloat16" say; None: that of an autocast around the call, else the weights' own.
        memory: bytes that the cache may take; None: half of what is free on a GPU, 2 GiB elsewhere. More responses than
            fit are sampled in groups.

    Raises:
        UsageError: a model that this decoder does not know; engine "generate" does.
    """

    def __init__(self, model: LanguageModel, *, dtype: str | None = None, memory: int | None = None) -> None:
        why = cannot_decode(model)
        if why:
            raise UsageError(f"the own sampler cannot decode '{model.name}': {why}; use the engine 'generate'")
        self.model = model
        self.dtype = None if dtype is None else getattr(torch, dtype)
        self.memory = memory

    def sample(self, prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, seed: int) -> Rollouts:
        """See `Sampler.sample`."""
        room = rooms(prompts, n, sampling, self.model)
        device = self.model.device
        kind = device.type
        dtype = self.dtype or (torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else None)
        ids = torch.full((len(prompts) * n, max(room)), self.model.pad_id, dtype=torch.int64, device=device)
        logp = torch.zeros(ids.shape, device=device)
        with torch.no_grad(), torch.autocast(kind, enabled=False), evaluating(self.model.model):
            decoder = read(self.model, dtype)
            for rows in self._groups(decoder, prompts, n, room):
                at = torch.tensor(rows, device=device)
                asked = [prompts[row // n] for row in rows]
                tokens, values = respond(
                    decoder, asked, [room[row // n] for row in rows], sampling, Dice(seed, rows, device), self.model
                )
                ids[at, : tokens.shape[1]] = tokens
                logp[at, : values.shape[1]] = values
        return cut(prompts, n, ids, logp, room, self.model)

    def _groups(
        self, decoder: Decoder, prompts: Sequence[Sequence[int]], n: int, room: Sequence[int]
    ) -> Iterator[list[int]]:
        """Rows that fit into memory together, prompts of similar length side by side, a prompt's samples in one group."""
        budget = self.memory
        if budget is None and decoder.device.type == "cuda":
            budget = torch.cuda.mem_get_info(decoder.device)[0] // 2
        tokens = (budget or 2 * 2**30) // decoder.cache_bytes
        group: list[int] = []
        longest = 0
        for prompt in sorted(range(len(prompts)), key=lambda p: len(prompts[p])):
            for row in range(prompt * n, prompt * n + n):
                longest_then = max(longest, len(prompts[prompt]) + room[prompt])
                if group and (len(group) + 1) * longest_then > tokens:
                    yield group
                    group, longest_then = [], len(prompts[prompt]) + room[prompt]
                group.append(row)
                longest = longest_then
        yield group


def respond(
    decoder: Decoder,
    prompts: Sequence[Sequence[int]],
    room: Sequence[int],
    sampling: Sampling,
    dice: Dice,
    model: LanguageModel,
) -> tuple[torch.Tensor, torch.Tensor]:
    """One response to each of B prompts, raw: (tokens [B, T], log-probabilities [B, T]); what follows an end is void.

    Prompts that are equal and stand side by side are computed once.
    """
    device = decoder.device
    limits = torch.tensor(room, device=device)
    ends = torch.tensor(model.eos_ids, device=device)
    limit = max(room)
    logits, cache, cos, sin = _start(decoder, prompts, limit)
    ids = torch.full((len(prompts), limit), model.pad_id, dtype=torch.int64, device=device)
    logp = torch.zeros((len(prompts), limit), device=device)
    rows = torch.arange(len(prompts), device=device)
    alive = torch.ones(len(prompts), dtype=torch.bool, device=device)
    greedy = sampling.temperature == 0
    every = 1 if device.type == "cpu" else 8
    whole = True
    for step in range(limit):
        tokens, values = choose(logits, sampling, None if greedy else dice.roll())
        if whole:
            ids[:, step], logp[:, step] = tokens, values
        else:
            ids[rows, step], logp[rows, step] = tokens, values
        alive &= ~torch.isin(tokens, ends) & (limits > step + 1)
        if (step + 1) % every == 0:
            left = int(alive.sum())
            if left == 0:
                return ids[:, : step + 1], logp[:, : step + 1]
            if (len(rows) - left) * _DROP_SHARE >= len(rows):
                which = alive.nonzero().squeeze(1)
                cache.keep(which, cache.start + step)
                dice.keep(which)
                rows, limits, tokens, alive = rows[which], limits[which], tokens[which], alive[which]
                whole = False
        if step + 1 == limit:
            break
        at = cache.start + step
        if at >= cache.capacity:
            cache.grow(min(2 * cache.capacity, cache.start + limit), at)
        position = at - cache.pad
        logits = decoder.logits(decoder.step(tokens, cos[position], sin[position], cache, at))
    return ids, logp


def _start(
    decoder: Decoder, prompts: Sequence[Sequence[int]], limit: int
) -> tuple[torch.Tensor, Cache, torch.Tensor, torch.Tensor]:
    """Logits of the first response token [B, V], and a cache with all prompts in it."""
    lengths = [len(prompt) for prompt in prompts]
    start = max(lengths)
    cos, sin = decoder.rotations(start + limit)
    cache = Cache(decoder, lengths, start + min(limit, _FIRST_COLUMNS))
    last = torch.empty((len(prompts), decoder.embedding.shape[1]), dtype=decoder.embedding.dtype, device=decoder.device)
    for runs in _chunks(prompts):
        asked = [prompts[first] for first, _ in runs]
        width = max(len(prompt) for prompt in asked)
        ids = torch.zeros((len(asked), width), dtype=torch.int64)
        for at, prompt in enumerate(asked):
            ids[at, : len(prompt)] = torch.tensor(prompt)
        states, kept = decoder.prefill(ids.to(decoder.device), cos, sin)
        for at, (first, end) in enumerate(runs):
            length = lengths[first]
            last[first:end] = states[at, length - 1]
            for keys, values, kv in zip(cache.keys, cache.values, kept, strict=True):
                keys[first:end, :, start - length : start] = kv[0, at, :, :length]
                values[first:end, :, start - length : start] = kv[1, at, :, :length]
    return decoder.logits(last), cache, cos, sin


def _chunks(prompts: Sequence[Sequence[int]]) -> Iterator[list[tuple[int, int]]]:
    """Runs (first, end) of equal prompts, so many at a time that one forward pass stays small."""
    runs: list[tuple[int, int]] = []
    longest = 0
    first = 0
    while first < len(prompts):
        end = first + 1
        while end < len(prompts) and prompts[end] is prompts[first]:
            end += 1
        longest = max(longest, len(prompts[first]))
        if runs and (len(runs) + 1) * longest > _PREFILL_TOKENS:
            yield runs
            runs, longest = [], len(prompts[first])
        runs.append((first, end))
        first = end
    yield runs
