"""Metrics of a pair from the loss's own pass: the observer is shown each chunk's log-probabilities and keeps what they say.

    observer = Observer(batch.tokens, batch.lengths, batch.positions, finished=rollouts.finished)
    divergence(..., observe=observer)
    observer.metrics()["overlap/ratio"]

The values depend on the two models and the rollouts, never on the loss form, the chunk size or the order of chunks.
Names, formulas, ranges and how to read them: docs/distill-metrics.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from journeyman.distill.diagnostics.position import Row, bin_means
from journeyman.distill.diagnostics.repetition import repeated
from journeyman.distill.diagnostics.sequence import auroc, sequence_reward
from journeyman.distill.diagnostics.values import token_values
from journeyman.distill.losses.spec import LossSpec
from journeyman.errors import UsageError

# What is kept of each token, 4 bytes each, in this order.
COLUMNS = (
    "overlap/ratio", "overlap/mass_student", "overlap/mass_teacher", "overlap/mass_weighted", "overlap/advantage",
    "overlap/advantage_logged", "extreme/difference", "extreme/difference_shared", "entropy/student", "entropy/teacher",
    "divergence/full", "log_ratio", "teacher/rank", "mass/on_set",
)  # fmt: skip

# What colours tokens and fills position bins.
SHOWN = (
    "overlap/ratio", "overlap/mass_student", "entropy/student", "entropy/teacher", "divergence/full", "log_ratio",
    "teacher/rank",
)  # fmt: skip


class Observer:
    """Collects metrics of N response tokens of B rollouts; pass it as `observe` to a divergence.

    Args:
        tokens, positions: [N] int64, the response tokens in the order (rollout, position) and their places.
        lengths: [B] int64; N is their sum.
        k_metric: size of the top lists, whatever the loss uses; the whole vocabulary where that is smaller.
        share: part of the tokens to look at, in (0, 1]. Whole rollouts are drawn by `seed` until it is reached, so that
            every place of a response and every sum over one stays known; `metrics()["observed/tokens"]` says how many.
        finished: [B] bool, ended by an end-of-sequence token; gives the truncation rate.
        correct: [B] bool from a grader; gives the score and the AUROC.
        spec: the loss in use; gives the student's mass on its token set.
        ngram: how long a repeated passage must be.

    A token that is shown twice counts once. Not for several threads at a time.
    """

    def __init__(
        self,
        tokens: Any,
        lengths: Any,
        positions: Any,
        k_metric: int = 16,
        share: float = 1.0,
        seed: int = 0,
        *,
        finished: Any = None,
        correct: Sequence[bool] | Any = None,
        spec: LossSpec | None = None,
        ngram: int = 8,
    ) -> None:
        if not 0 < share <= 1:
            raise UsageError(f"share is {share}; it is the part of tokens that metrics are computed on, above 0 and up to 1")
        if k_metric < 1:
            raise UsageError(f"k_metric is {k_metric}; a top list has at least 1 token")
        self.k_metric = k_metric
        self.spec = spec
        self.tokens = tokens
        self.lengths = lengths.to("cpu", torch.int64)
        if int(self.lengths.sum()) != len(tokens):
            raise UsageError(f"{len(tokens)} tokens, but the lengths add up to {int(self.lengths.sum())}")
        self.finished = None if finished is None else torch.as_tensor(finished).cpu().bool()
        self.correct = None if correct is None else torch.as_tensor(correct).cpu().bool()
        self.vocabulary = 0
        self.rollouts = _drawn(self.lengths, share, seed)
        index = indices_of(self.lengths, self.rollouts)
        self._slot = torch.full((len(tokens),), -1, dtype=torch.int64)
        self._slot[index] = torch.arange(len(index))
        self._index = index
        self._seen = torch.zeros(len(index), dtype=torch.bool)
        self._values = torch.full((len(COLUMNS), len(index)), torch.nan, device=tokens.device)
        self._positions = positions.cpu()[index]
        self._repeated = repeated(tokens.cpu()[index], self.lengths[self.rollouts], ngram)

    # --- being shown ------------------------------------------------------------------------------------------------

    def wants(self, chunk: slice) -> bool:
        """Whether any token of `chunk` would be looked at."""
        return self._wants(self._slot[chunk])

    def see(self, chunk: slice, logp: Any, logq: Any) -> None:
        """Look at the student's and the teacher's log-probabilities [n, V] of the tokens of `chunk`."""
        self._see(chunk, self._slot[chunk], logp, logq)

    def part(self, rollouts: Sequence[int]) -> Part:
        """What to pass to a divergence that gets only these rollouts, in this order: a micro-batch."""
        return Part(self, indices_of(self.lengths, torch.as_tensor(rollouts, dtype=torch.int64)))

    def _wants(self, slots: Any) -> bool:
        return bool((slots >= 0).any()) and not bool(self._seen[slots[slots >= 0]].all())

    def _see(self, where: Any, slots: Any, logp: Any, logq: Any) -> None:
        if logq is None:
            raise UsageError("this teacher tells no distribution: use ServedObserver, which gives bounds")
        if logp.shape != logq.shape or len(slots) != len(logp):
            raise UsageError(f"{len(slots)} tokens have log-probabilities {tuple(logp.shape)} and {tuple(logq.shape)}")
        new = slots >= 0
        new[new.clone()] = ~self._seen[slots[new]]
        self.vocabulary = int(logp.shape[1])
        tokens = self.tokens[where]
        with torch.no_grad():
            for start, stop in _runs(new):
                rows = slice(start, stop)
                p, q = (v[rows] if v.dtype == torch.float64 else v[rows].float() for v in (logp, logq))
                values = token_values(p, q, tokens[rows], self.k_metric, self.spec)
                absent = torch.full((stop - start,), torch.nan, device=p.device)
                found = torch.stack([values.get(name, absent).to(self._values) for name in COLUMNS])
                self._values[:, slots[rows]] = found
                self._seen[slots[rows]] = True

    # --- telling ----------------------------------------------------------------------------------------------------

    def metrics(self) -> dict[str, float]:
        """Every metric of what was shown, by name; one without a value (nothing shared, no grader) is left out."""
        found = {"observed/tokens": float(self._seen.sum())}
        if len(self.lengths):
            found["response/length"] = float(self.lengths.double().mean())
            if self.finished is not None:
                found["response/truncated"] = float((~self.finished).double().mean())
            if self.correct is not None:
                found["score/rollouts"] = float(self.correct.double().mean())
        if not bool(self._seen.any()):
            return found
        value = self._seen_values()
        for name in COLUMNS:
            if name not in ("overlap/advantage_logged", "log_ratio", "teacher/rank"):
                _put(found, name, value[name])
        self._put_overlap(found, value)
        gap = (value["entropy/teacher"] - value["entropy/student"]).abs()
        _put(found, "entropy/gap", gap)
        found["entropy/gap_of_means"] = abs(found["entropy/teacher"] - found["entropy/student"])
        _put(found, "divergence/sampled", -value["log_ratio"])
        rank = value["teacher/rank"]
        _put(found, "teacher/rank_mean", rank)
        found["teacher/rank_median"] = _median(rank)
        _put(found, "teacher/in_top_k", (rank <= self.k_metric).double())
        self._put_repetition(found, value)
        self._put_sequences(found)
        return found

    def by_position(self, bins: int = 32, horizon: int | None = None) -> dict[str, Row]:
        """Means in `bins` equal bins of the places 0 .. `horizon` - 1 (default: the longest response); None: no token there.

        One row of a position x step heat map for each name.
        """
        top = int(self.lengths.max()) if len(self.lengths) else 1
        value, places = self._seen_values(), self._positions[self._seen]
        shown = {name: value[name] for name in SHOWN}
        shown["entropy/gap"] = (value["entropy/teacher"] - value["entropy/student"]).abs()
        return {name: bin_means(values, places, bins, horizon or max(top, 1)) for name, values in shown.items()}

    def per_token(self) -> dict[str, Any]:
        """[N] float32 by name, for colouring text; NaN where a token was not looked at."""
        found = {}
        kept = self._values.cpu()
        for name in SHOWN:
            values = torch.full((len(self._slot),), torch.nan)
            values[self._index] = kept[COLUMNS.index(name)]
            found[name] = values
        return found

    def rewards(self) -> tuple[Any, Any]:
        """Rollouts of which every token was seen [R] int64, and the mean reward of each [R] float64."""
        lengths = self.lengths[self.rollouts]
        row = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
        whole = torch.bincount(row[self._seen], minlength=len(lengths)) == lengths
        whole &= lengths > 0
        ratio = self._values[COLUMNS.index("log_ratio")].cpu()[whole[row]]
        return self.rollouts[whole], sequence_reward(ratio, lengths[whole])

    def _seen_values(self) -> dict[str, Any]:
        kept = self._values.cpu()[:, self._seen].double()
        return dict(zip(COLUMNS, kept, strict=True))

    def _put_overlap(self, found: dict[str, float], value: dict[str, Any]) -> None:
        k, vocabulary = min(self.k_metric, self.vocabulary), self.vocabulary
        if k < vocabulary:
            found["overlap/chance_corrected"] = (found["overlap/ratio"] - k / vocabulary) / (1 - k / vocabulary)
        shares = value["overlap/ratio"] > 0
        pairs = float((value["overlap/ratio"] * k).sum())
        if pairs:
            found["overlap/advantage_logged"] = float(value["overlap/advantage_logged"].sum()) / pairs
        for side in ("student", "teacher"):
            _put(found, f"overlap/mass_{side}_nonempty", value[f"overlap/mass_{side}"][shares])

    def _put_repetition(self, found: dict[str, float], value: dict[str, Any]) -> None:
        again = self._repeated[self._seen]
        found["repetition/share"] = float(again.double().mean())
        for suffix, where in (("", again), ("_other", ~again)):
            _put(found, f"repetition/divergence{suffix}", value["divergence/full"][where])
            _put(found, f"repetition/log_ratio{suffix}", value["log_ratio"][where])

    def _put_sequences(self, found: dict[str, float]) -> None:
        rows, rewards = self.rewards()
        _put(found, "sequence/reward", rewards)
        if self.correct is not None and len(rows):
            ranked = auroc(rewards, self.correct[rows])
            if ranked is not None:
                found["sequence/auroc"] = ranked


@dataclass(frozen=True)
class Part:
    """An observer's view of some of its tokens: `index` [n] are their places among all N."""

    observer: Observer
    index: Any

    def wants(self, chunk: slice) -> bool:
        """Whether any token of `chunk` would be looked at."""
        return self.observer._wants(self.observer._slot[self.index[chunk]])

    def see(self, chunk: slice, logp: Any, logq: Any) -> None:
        """Look at the log-probabilities [n, V] of the tokens of `chunk`."""
        where = self.index[chunk]
        self.observer._see(where, self.observer._slot[where], logp, logq)


def indices_of(lengths: Any, rollouts: Any) -> Any:
    """Places, among all tokens, of the tokens of `rollouts` in this order."""
    starts = lengths.cumsum(0) - lengths
    pieces = [torch.arange(int(starts[r]), int(starts[r] + lengths[r])) for r in rollouts]
    return torch.cat(pieces) if pieces else torch.zeros(0, dtype=torch.int64)


def _drawn(lengths: Any, share: float, seed: int) -> Any:
    """Rollouts, in their order, that hold at least `share` of the tokens and no rollout more than needed for that."""
    if share == 1:
        return torch.arange(len(lengths))
    order = torch.randperm(len(lengths), generator=torch.Generator().manual_seed(seed))
    before = lengths[order].cumsum(0) - lengths[order]
    return order[before < share * float(lengths.sum())].sort().values


def _runs(wanted: Any) -> list[tuple[int, int]]:
    """Stretches [start, stop) of True in `wanted` [n], so that rows are views and never copies."""
    flags = torch.cat([wanted.new_zeros(1), wanted, wanted.new_zeros(1)]).to(torch.int8)
    steps = flags.diff()
    starts, stops = (steps == 1).nonzero().flatten(), (steps == -1).nonzero().flatten()
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def _put(found: dict[str, float], name: str, values: Any) -> None:
    """The mean of the values that exist, if any does."""
    values = values[~torch.isnan(values)]
    if len(values):
        found[name] = float(values.mean())


def _median(values: Any) -> float:
    ordered = values.sort().values
    return float(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
