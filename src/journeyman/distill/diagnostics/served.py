"""Metrics where the teacher is served and tells little: exact where that is enough, else an interval that holds.

    observer = ServedObserver(batch.tokens, batch.lengths, batch.positions, signal=signal)
    divergence_served(..., observe=observer)
    observer.measured()["divergence/full"]        # Measured(kind="bounded", low=.031, high=inf, why="the server tells ...")
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from journeyman.distill.diagnostics.availability import Kind, availability
from journeyman.distill.diagnostics.bounds import distance, served_values
from journeyman.distill.diagnostics.in_pass import of_log_ratios, of_responses
from journeyman.distill.diagnostics.kept import Kept, indices_of, mean, median
from journeyman.distill.diagnostics.position import Row
from journeyman.distill.teacher.signal import ServedSignal
from journeyman.errors import UsageError

# Per token: name.low and name.high.
INTERVALS = ("entropy/teacher", "entropy/gap", "divergence/full", "teacher/rank", "overlap/ratio", "overlap/mass_student",
             "overlap/mass_teacher", "extreme/difference")  # fmt: skip
PLAIN = ("entropy/student", "log_ratio", "overlap/advantage", "overlap/advantage_logged", "overlap/mass_weighted",
         "extreme/difference_shared")  # fmt: skip
COLUMNS = (*PLAIN, *(f"{name}.{end}" for name in INTERVALS for end in ("low", "high")))


@dataclass(frozen=True)
class Measured:
    """A metric with a served teacher.

    Attributes:
        kind: "exact", "bounded", or "unavailable".
        low, high: the interval in which the metric lies, equal where it is exact, infinite where nothing bounds it; None
            where it is unavailable, or has no value here (such as a score without a grader).
        why: what is missing, where it is not exact.
    """

    kind: Kind
    low: float | None
    high: float | None
    why: str = ""


class ServedObserver:
    """As `Observer`, for what a served teacher tells of the same N tokens. The arguments mean the same.

    The signal is given whole, as `signal`, or with each `part`. Raises UsageError where its shapes do not fit the tokens.
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
        signal: ServedSignal | None = None,
        finished: Any = None,
        correct: Sequence[bool] | Any = None,
        ngram: int = 8,
    ) -> None:
        if k_metric < 1:
            raise UsageError(f"k_metric is {k_metric}; a top list has at least 1 token")
        self.k_metric = k_metric
        self.finished, self.correct = finished, correct
        self._told: int | None = None
        self._kept = Kept(COLUMNS, tokens, lengths, positions, share=share, seed=seed, ngram=ngram)
        self._vocabulary = 0
        self._whole = None if signal is None else self.part(range(len(lengths)), signal)

    @property
    def top(self) -> int:
        """How many of its likeliest tokens the teacher told: the fewest, where parts differ."""
        return self._told or 0

    @property
    def lengths(self) -> Any:
        """[B] int64 on the CPU: the rollouts' lengths."""
        return self._kept.lengths

    def wants(self, chunk: slice) -> bool:
        """Whether any token of `chunk` would be looked at."""
        return self._kept.wants(chunk)

    def see(self, chunk: slice, logp: Any, logq: Any = None) -> None:
        """Look at the student's log-probabilities [n, V] of the tokens of `chunk`; `logq` is not looked at."""
        if self._whole is None:
            raise UsageError("no signal of the served teacher: pass signal, or see through part(rollouts, signal)")
        self._whole.see(chunk, logp, logq)

    def part(self, rollouts: Sequence[int], signal: ServedSignal) -> ServedPart:
        """What to pass to a divergence that gets only these rollouts, in this order, with what the teacher told of them."""
        index = indices_of(self._kept.lengths, torch.as_tensor(rollouts, dtype=torch.int64))
        if len(signal.logq_token) != len(index):
            raise UsageError(f"the teacher scored {len(signal.logq_token)} tokens, and the rollouts have {len(index)}")
        told = 0 if signal.ids is None else int(signal.ids.shape[1])
        self._told = told if self._told is None else min(self._told, told)
        return ServedPart(self, index, signal)

    def _see(self, where: Any, signal: ServedSignal, chunk: slice, logp: Any) -> None:
        tokens = self._kept.tokens[where]
        if len(tokens) != len(logp):
            raise UsageError(f"{len(tokens)} tokens have log-probabilities {tuple(logp.shape)}")
        self._vocabulary = int(logp.shape[1])
        y, logq_token = (values.to(logp.device) for values in (tokens, signal.logq_token[chunk]))
        told = None
        if signal.ids is not None and signal.ids.shape[1]:
            told = tuple(values[chunk].to(logp.device) for values in (signal.ids, signal.logq))
        with torch.no_grad():
            for run in self._kept.runs(where):
                p = logp[run] if logp.dtype == torch.float64 else logp[run].float()
                some = None if told is None else (told[0][run], told[1][run])
                self._kept.put(where, run, served_values(p, y[run], logq_token[run], some, self.k_metric))

    def measured(self) -> dict[str, Measured]:
        """Every metric by name, with its interval, or why there is none."""
        ends = self._ends()
        found = {}
        for name, said in availability(self.top, self._k).items():
            low, high = ends.get(name, (None, None)) if said.kind != "unavailable" else (None, None)
            found[name] = Measured(said.kind, low, high, said.why)
        return found

    def metrics(self) -> dict[str, float]:
        """The exact ones by name; of the bounded ones the finite ends, as "name_low" and "name_high"."""
        found = {}
        for name, measured in self.measured().items():
            if measured.kind == "exact" and measured.low is not None:
                found[name] = measured.low
            elif measured.kind == "bounded":
                for end in ("low", "high"):
                    value = getattr(measured, end)
                    if value is not None and abs(value) < float("inf"):
                        found[f"{name}_{end}"] = value
        return found

    def by_position(self, bins: int = 32, horizon: int | None = None) -> dict[str, Row]:
        """As `Observer.by_position`, of what is exact."""
        value, names = self._kept.seen(), self.per_token_names()
        return self._kept.by_position({name: value[column] for name, column in names.items()}, bins, horizon)

    def per_token(self) -> dict[str, Any]:
        """[N] float32 by name, of what is exact; NaN where a token was not looked at."""
        names = self.per_token_names()
        values = self._kept.per_token(tuple(names.values()))
        return {name: values[column] for name, column in names.items()}

    def rewards(self) -> tuple[Any, Any]:
        """As `Observer.rewards`: exact, since the sampled tokens' probabilities are."""
        return self._kept.rewards()

    def per_token_names(self) -> dict[str, str]:
        """Which per-token values are exact, and the column that holds each."""
        names = {"entropy/student": "entropy/student", "log_ratio": "log_ratio"}
        if self.top >= self._k:
            names |= {name: f"{name}.low" for name in ("overlap/ratio", "overlap/mass_student")}
        return names

    @property
    def _k(self) -> int:
        return min(self.k_metric, self._vocabulary) if self._vocabulary else self.k_metric

    def _ends(self) -> dict[str, tuple[float | None, float | None]]:
        plain: dict[str, float | None] = {"observed/tokens": float(self._kept.count)}
        plain |= of_responses(self._kept.lengths, self.finished, self.correct)
        if not self._kept.count:
            return {name: (v, v) for name, v in plain.items()}
        value = self._kept.seen()
        plain |= of_log_ratios(self._kept, self.correct) | {name: mean(value[name]) for name in PLAIN if name != "log_ratio"}
        ends: dict[str, tuple[float | None, float | None]] = {}
        for name in INTERVALS:
            ends[name] = mean(value[f"{name}.low"]), mean(value[f"{name}.high"])
        ends |= self._of_rank(value) | self._of_entropies(value)
        again = self._kept.seen_repeated
        for suffix, where in (("", again), ("_other", ~again)):
            both = (mean(value[f"divergence/full.{end}"][where]) for end in ("low", "high"))
            ends[f"repetition/divergence{suffix}"] = (next(both), next(both))
        ends |= self._of_overlap(value, plain)
        return ends | {name: (v, v) for name, v in plain.items()}

    def _of_rank(self, value: dict[str, Any]) -> dict[str, tuple[float | None, float | None]]:
        low, high = value["teacher/rank.low"], value["teacher/rank.high"]
        surely, possibly = ((rank <= self._k).double().mean() for rank in (high, low))
        return {
            "teacher/rank_mean": (mean(low), mean(high)),
            "teacher/rank_median": (median(low), median(high)),
            "teacher/in_top_k": (float(surely), float(possibly)),
        }

    def _of_entropies(self, value: dict[str, Any]) -> dict[str, tuple[float | None, float | None]]:
        student = value["entropy/student"].mean()
        low, high = value["entropy/teacher.low"].mean(), value["entropy/teacher.high"].mean()
        gaps = distance(student, low, high)
        return {"entropy/gap_of_means": (float(gaps[0]), float(gaps[1]))}

    def _of_overlap(
        self, value: dict[str, Any], plain: dict[str, float | None]
    ) -> dict[str, tuple[float | None, float | None]]:
        if not self.top:
            return {}
        chance = self._k / self._vocabulary
        ends: dict[str, tuple[float | None, float | None]] = {}
        if chance < 1:
            low, high = (float(value[f"overlap/ratio.{end}"].mean()) for end in ("low", "high"))
            ends["overlap/chance_corrected"] = (low - chance) / (1 - chance), (high - chance) / (1 - chance)
        if self.top < self._k:
            return ends
        ratio = value["overlap/ratio.low"]
        pairs = float((ratio * self._k).sum())
        plain["overlap/advantage_logged"] = float(value["overlap/advantage_logged"].sum()) / pairs if pairs else None
        for side in ("student", "teacher"):
            plain[f"overlap/mass_{side}_nonempty"] = mean(value[f"overlap/mass_{side}.low"][ratio > 0])
        return ends


@dataclass(frozen=True)
class ServedPart:
    """A served observer's view of some of its tokens: `index` [n] are their places among all N, `signal` is of these n."""

    observer: ServedObserver
    index: Any
    signal: ServedSignal

    def wants(self, chunk: slice) -> bool:
        """Whether any token of `chunk` would be looked at."""
        return self.observer._kept.wants(self.index[chunk])

    def see(self, chunk: slice, logp: Any, logq: Any = None) -> None:
        """Look at the student's log-probabilities [n, V] of the tokens of `chunk`; `logq` is not looked at."""
        self.observer._see(self.index[chunk], self.signal, chunk, logp)
