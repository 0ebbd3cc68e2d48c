"""Responses as tensors, and the flat view of their tokens that losses and metrics work on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Rollouts:
    """B responses to P prompts.

    Attributes:
        prompts: P lists of token ids, as the model saw them (template applied).
        prompt_of: [B] int64, which prompt each response answers.
        ids: [B, T] int64, response tokens, padded on the right with anything.
        lengths: [B] int64 in 1..T: response tokens up to and including the first end-of-sequence token.
        finished: [B] bool: it ended by an end-of-sequence token, not by the limit.
        logp: [B, T] float32 or None: log-probability of each token under the model as sampled from: after temperature,
            before top_p and top_k cut anything off (0 where padded).
        weights_step: the training step after which the weights were taken that these were sampled with. None: the
            model's own at the time of the call. -1: what a server was started with.
    """

    prompts: Sequence[Sequence[int]]
    prompt_of: Any
    ids: Any
    lengths: Any
    finished: Any
    logp: Any = None
    weights_step: int | None = None

    def __len__(self) -> int:
        return int(self.ids.shape[0])

    @property
    def mask(self) -> Any:
        """[B, T] bool: tokens of the response, its end-of-sequence token included."""
        import torch

        return torch.arange(self.ids.shape[1], device=self.ids.device) < self.lengths[:, None]

    def response(self, row: int) -> list[int]:
        """The token ids of one response."""
        length = int(self.lengths[row])
        return list(self.ids[row, :length].tolist())


@dataclass(frozen=True)
class Batch:
    """Rollouts laid out for one forward pass, with the N response tokens flattened.

    Attributes:
        ids: [B, L] int64: prompt, response, padding on the right.
        mask: [B, L] int64, 1 where there is a token.
        rows, columns: [N] int64: `hidden[rows, columns]` are the states that predict the response tokens.
        tokens: [N] int64: the response tokens.
        positions: [N] int64: 0-based place of each token in its response.
        lengths: [B] int64 response lengths; N is their sum.
    """

    ids: Any
    mask: Any
    rows: Any
    columns: Any
    tokens: Any
    positions: Any
    lengths: Any

    def on(self, device: Any) -> Batch:
        """The same on another device; itself where it is there already."""
        if self.ids.device == device:
            return self
        return Batch(*(getattr(self, field.name).to(device) for field in fields(self)))

    def select(self, rows: Sequence[int]) -> Batch:
        """Some of the rows, in the order given, with their tokens."""
        import torch

        chosen = torch.tensor(list(rows), dtype=torch.int64, device=self.ids.device)
        ends = self.lengths.cumsum(0)
        spans = [torch.arange(int(ends[row] - self.lengths[row]), int(ends[row])) for row in rows]
        at = torch.cat(spans).to(self.ids.device)
        lengths = self.lengths[chosen]
        new_rows = torch.repeat_interleave(torch.arange(len(chosen), device=self.ids.device), lengths)
        width = int(self.mask[chosen].sum(dim=1).max())
        return Batch(
            self.ids[chosen, :width], self.mask[chosen, :width], new_rows, self.columns[at], self.tokens[at],
            self.positions[at], lengths,
        )  # fmt: skip


def pack(rollouts: Rollouts, pad_id: int, rows: Sequence[int] | None = None) -> Batch:
    """Lay out `rollouts`, or only some of their rows, for a forward pass. The tokens keep the order (row, position)."""
    import torch

    chosen = list(range(len(rollouts))) if rows is None else list(rows)
    sequences = [list(rollouts.prompts[int(rollouts.prompt_of[row])]) + rollouts.response(row) for row in chosen]
    device = rollouts.ids.device
    length = max(len(sequence) for sequence in sequences)
    ids = torch.full((len(chosen), length), pad_id, dtype=torch.int64)
    mask = torch.zeros((len(chosen), length), dtype=torch.int64)
    for at, sequence in enumerate(sequences):
        ids[at, : len(sequence)] = torch.tensor(sequence, dtype=torch.int64)
        mask[at, : len(sequence)] = 1
    lengths = rollouts.lengths[chosen].cpu()
    prompt_lengths = torch.tensor([len(sequence) for sequence in sequences]) - lengths
    at = torch.repeat_interleave(torch.arange(len(chosen)), lengths)
    positions = torch.cat([torch.arange(int(n)) for n in lengths])
    columns = prompt_lengths[at] - 1 + positions
    tokens = ids[at, columns + 1]
    moved = (tensor.to(device) for tensor in (ids, mask, at, columns, tokens, positions, lengths))
    return Batch(*moved)
