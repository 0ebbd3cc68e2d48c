"""What an observer keeps: some numbers for each response token it looks at, whatever order the tokens come in."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import torch

from journeyman.distill.diagnostics.position import Row, bin_means
from journeyman.distill.diagnostics.repetition import repeated
from journeyman.distill.diagnostics.sequence import sequence_reward
from journeyman.errors import UsageError


class Kept:
    """`columns` named values, 4 bytes each, of the tokens of drawn rollouts. A token that comes twice counts once.

    Attributes:
        tokens: [N] int64, as given.
        lengths: [B] int64 on the CPU.
        rollouts: [R] int64: those that are looked at, in their order.
    """

    def __init__(
        self, columns: Sequence[str], tokens: Any, lengths: Any, positions: Any, *, share: float, seed: int, ngram: int
    ) -> None:
        if not 0 < share <= 1:
            raise UsageError(f"share is {share}; it is the part of tokens that metrics are computed on, above 0 and up to 1")
        if ngram < 1:
            raise UsageError(f"ngram is {ngram}; a repeated passage has at least 1 token")
        self.columns = tuple(columns)
        self.tokens = tokens
        self.lengths = lengths.to("cpu", torch.int64)
        if int(self.lengths.sum()) != len(tokens) or len(positions) != len(tokens):
            raise UsageError(
                f"{len(tokens)} tokens have {len(positions)} positions, and lengths that add up to {int(self.lengths.sum())}"
            )
        self.rollouts = _drawn(self.lengths, share, seed)
        self._index = indices_of(self.lengths, self.rollouts)
        self._slot = torch.full((len(tokens),), -1, dtype=torch.int64)
        self._slot[self._index] = torch.arange(len(self._index))
        self._seen = torch.zeros(len(self._index), dtype=torch.bool)
        self._values = torch.full((len(self.columns), len(self._index)), torch.nan, device=tokens.device)
        self._positions = positions.cpu()[self._index]
        self._repeated = repeated(tokens.cpu()[self._index], self.lengths[self.rollouts], ngram)

    def wants(self, where: slice | Any) -> bool:
        """Whether any of these tokens is drawn and not seen yet."""
        slots = self._slot[where]
        return not bool(self._seen[slots[slots >= 0]].all())

    def runs(self, where: slice | Any) -> list[slice]:
        """Stretches of `where`, from its own start, that are drawn and not seen yet: rows are views, not copies."""
        slots = self._slot[where]
        wanted = torch.zeros(len(slots) + 2, dtype=torch.int8)
        drawn = slots >= 0
        wanted[1:-1][drawn] = (~self._seen[slots[drawn]]).to(torch.int8)
        steps = wanted.diff()
        starts, stops = (steps == 1).nonzero().flatten(), (steps == -1).nonzero().flatten()
        return [slice(a, b) for a, b in zip(starts.tolist(), stops.tolist(), strict=True)]

    def put(self, where: slice | Any, run: slice, values: dict[str, Any]) -> None:
        """Keep `values`, each [n], of one of the runs; a column without values stays NaN."""
        slots = self._slot[where][run]
        absent = torch.full((len(slots),), torch.nan, device=self._values.device)
        self._values[:, slots] = torch.stack([values.get(name, absent).to(self._values) for name in self.columns])
        self._seen[slots] = True

    @property
    def count(self) -> int:
        """How many tokens were seen."""
        return int(self._seen.sum())

    def seen(self) -> dict[str, Any]:
        """The values of the tokens seen, float64 by column."""
        return dict(zip(self.columns, self._values.cpu()[:, self._seen].double(), strict=True))

    @property
    def seen_repeated(self) -> Any:
        """Which of the tokens seen complete a repeated passage."""
        return self._repeated[self._seen]

    def by_position(self, values: dict[str, Any], bins: int, horizon: int | None) -> dict[str, Row]:
        """Means of values of the tokens seen in bins of places; the horizon is the longest response unless told."""
        places = self._positions[self._seen]
        longest = int(self.lengths.max()) if len(self.lengths) else 1
        return {name: bin_means(v, places, bins, horizon or max(longest, 1)) for name, v in values.items()}

    def per_token(self, names: Sequence[str]) -> dict[str, Any]:
        """[N] float32 by column; NaN where a token was not seen."""
        kept, found = self._values.cpu(), {}
        for name in names:
            found[name] = torch.full((len(self._slot),), torch.nan)
            found[name][self._index] = kept[self.columns.index(name)]
        return found

    def rewards(self) -> tuple[Any, Any]:
        """Rollouts of which every token was seen [R] int64, and the mean of column "log_ratio" over each [R] float64."""
        lengths = self.lengths[self.rollouts]
        row = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
        whole = (torch.bincount(row[self._seen], minlength=len(lengths)) == lengths) & (lengths > 0)
        ratio = self._values[self.columns.index("log_ratio")].cpu()[whole[row]]
        return self.rollouts[whole], sequence_reward(ratio, lengths[whole])


def joined(parts: Sequence[Kept]) -> Kept:
    """What several processes kept of their rollouts, one behind the other, on the CPU."""
    made = copy(parts[0])
    rows = torch.tensor([0, *(len(part.lengths) for part in parts)]).cumsum(0).tolist()
    made.tokens = torch.cat([part.tokens.cpu() for part in parts])
    made.lengths = torch.cat([part.lengths for part in parts])
    made.rollouts = torch.cat([part.rollouts + start for part, start in zip(parts, rows, strict=False)])
    made._index = indices_of(made.lengths, made.rollouts)
    made._slot = torch.full((len(made.tokens),), -1, dtype=torch.int64)
    made._slot[made._index] = torch.arange(len(made._index))
    made._seen = torch.cat([part._seen for part in parts])
    made._values = torch.cat([part._values.cpu() for part in parts], dim=1)
    made._positions = torch.cat([part._positions for part in parts])
    made._repeated = torch.cat([part._repeated for part in parts])
    return made


def indices_of(lengths: Any, rollouts: Any) -> Any:
    """Places, among all tokens, of the tokens of `rollouts` in this order."""
    starts = lengths.cumsum(0) - lengths
    pieces = [torch.arange(int(starts[r]), int(starts[r] + lengths[r])) for r in rollouts]
    return torch.cat(pieces) if pieces else torch.zeros(0, dtype=torch.int64)


def mean(values: Any) -> float | None:
    """Of those that exist; None where none does."""
    values = values[~torch.isnan(values)]
    return float(values.mean()) if len(values) else None


def median(values: Any) -> float:
    """The middle one, or the mean of the two in the middle."""
    ordered = values.sort().values
    return float(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def _drawn(lengths: Any, share: float, seed: int) -> Any:
    """Rollouts, in their order, that hold at least `share` of the tokens, and none that is not needed for that."""
    if share == 1:
        return torch.arange(len(lengths))
    order = torch.randperm(len(lengths), generator=torch.Generator().manual_seed(seed))
    before = lengths[order].cumsum(0) - lengths[order]
    return order[before < share * float(lengths.sum())].sort().values
