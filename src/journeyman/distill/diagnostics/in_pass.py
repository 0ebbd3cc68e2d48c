"""Metrics of a pair from the loss's own pass: the observer is shown each chunk's log-probabilities and keeps what they say.

    observer = Observer(batch.tokens, batch.lengths, batch.positions, finished=rollouts.finished)
    divergence(..., observe=observer)
    observer.metrics()["overlap/ratio"]

The values depend on the two models and the rollouts, never on the loss form, the chunk size or the order of chunks.
Names, formulas, ranges and how to read them: docs/distill-metrics.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import torch

from journeyman.distill.diagnostics import kept
from journeyman.distill.diagnostics.kept import Kept, indices_of, mean, median
from journeyman.distill.diagnostics.position import Row
from journeyman.distill.diagnostics.sequence import auroc
from journeyman.distill.diagnostics.values import token_values
from journeyman.distill.losses.spec import LossSpec
from journeyman.errors import UsageError

# Kept of each token. Those of the first line become metrics of the same name: their mean.
PLAIN = (
    "overlap/ratio", "overlap/mass_student", "overlap/mass_teacher", "overlap/mass_weighted", "overlap/advantage",
    "extreme/difference", "extreme/difference_shared", "entropy/student", "entropy/teacher", "divergence/full",
)  # fmt: skip
COLUMNS = (*PLAIN, "mass/on_set", "overlap/advantage_logged", "log_ratio", "teacher/rank")

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
        ngram: how long a repeated passage must be.
        spec: the loss in use; adds "mass/on_set", the student's mass on its token set: the one value that depends on it.

    Raises UsageError for values out of range. Not for several threads at a time.
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
        ngram: int = 8,
        spec: LossSpec | None = None,
    ) -> None:
        if k_metric < 1:
            raise UsageError(f"k_metric is {k_metric}; a top list has at least 1 token")
        self.k_metric = k_metric
        self.finished, self.correct = finished, correct
        self.spec = spec
        self._kept = Kept(COLUMNS, tokens, lengths, positions, share=share, seed=seed, ngram=ngram)
        self._vocabulary = 0

    @property
    def lengths(self) -> Any:
        """[B] int64 on the CPU: the rollouts' lengths."""
        return self._kept.lengths

    # --- being shown ------------------------------------------------------------------------------------------------

    def wants(self, chunk: slice) -> bool:
        """Whether any token of `chunk` would be looked at."""
        return self._kept.wants(chunk)

    def see(self, chunk: slice, logp: Any, logq: Any) -> None:
        """Look at the student's and the teacher's log-probabilities [n, V] of the tokens of `chunk`.

        Raises UsageError for shapes that do not fit, or `logq` None: a served teacher needs a ServedObserver.
        """
        self._see(chunk, logp, logq)

    def part(self, rollouts: Sequence[int]) -> Part:
        """What to pass to a divergence that gets only these rollouts, in this order: a micro-batch."""
        return Part(self, indices_of(self._kept.lengths, torch.as_tensor(rollouts, dtype=torch.int64)))

    def _see(self, where: slice | Any, logp: Any, logq: Any) -> None:
        if logq is None:
            raise UsageError("this teacher tells no distribution: use ServedObserver, which gives bounds")
        tokens = self._kept.tokens[where].to(logp.device)
        if logp.shape != logq.shape or len(tokens) != len(logp):
            raise UsageError(f"{len(tokens)} tokens have log-probabilities {tuple(logp.shape)} and {tuple(logq.shape)}")
        self._vocabulary = int(logp.shape[1])
        with torch.no_grad():
            for run in self._kept.runs(where):
                p, q = (v[run] if v.dtype == torch.float64 else v[run].float() for v in (logp, logq))
                self._kept.put(where, run, token_values(p, q, tokens[run], self.k_metric, self.spec))

    # --- telling ----------------------------------------------------------------------------------------------------

    def metrics(self) -> dict[str, float]:
        """Every metric of what was shown, by name; one without a value (nothing shared, no grader) is left out."""
        found = {"observed/tokens": float(self._kept.count)} | of_responses(self._kept.lengths, self.finished, self.correct)
        if not self._kept.count:
            return found
        value = self._kept.seen()
        parts = {name: mean(value[name]) for name in (*PLAIN, "mass/on_set")}
        parts |= self._of_overlap(value) | self._of_rank(value["teacher/rank"])
        parts["entropy/gap"] = mean((value["entropy/teacher"] - value["entropy/student"]).abs())
        parts["entropy/gap_of_means"] = abs(float(value["entropy/teacher"].mean() - value["entropy/student"].mean()))
        again = self._kept.seen_repeated
        parts["repetition/divergence"] = mean(value["divergence/full"][again])
        parts["repetition/divergence_other"] = mean(value["divergence/full"][~again])
        parts |= of_log_ratios(self._kept, self.correct)
        return found | {name: v for name, v in parts.items() if v is not None}

    def by_position(self, bins: int = 32, horizon: int | None = None) -> dict[str, Row]:
        """Means in `bins` equal bins of the places 0 .. `horizon` - 1 (default: the longest response); None: no token there.

        One row of a position x step heat map for each name.
        """
        value = self._kept.seen()
        gap = (value["entropy/teacher"] - value["entropy/student"]).abs()
        return self._kept.by_position({name: value[name] for name in SHOWN} | {"entropy/gap": gap}, bins, horizon)

    def per_token(self) -> dict[str, Any]:
        """[N] float32 by name, for colouring text; NaN where a token was not looked at."""
        return self._kept.per_token(SHOWN)

    def rewards(self) -> tuple[Any, Any]:
        """Rollouts of which every token was seen [R] int64, and the mean reward of each [R] float64, nats a token."""
        return self._kept.rewards()

    def _of_overlap(self, value: dict[str, Any]) -> dict[str, float | None]:
        k, ratio = min(self.k_metric, self._vocabulary), value["overlap/ratio"]
        chance, pairs = k / self._vocabulary, float((ratio * k).sum())
        return {
            "overlap/chance_corrected": (float(ratio.mean()) - chance) / (1 - chance) if chance < 1 else None,
            "overlap/advantage_logged": float(value["overlap/advantage_logged"].sum()) / pairs if pairs else None,
            "overlap/mass_student_nonempty": mean(value["overlap/mass_student"][ratio > 0]),
            "overlap/mass_teacher_nonempty": mean(value["overlap/mass_teacher"][ratio > 0]),
        }

    def _of_rank(self, rank: Any) -> dict[str, float | None]:
        return {
            "teacher/rank_mean": mean(rank),
            "teacher/rank_median": median(rank),
            "teacher/in_top_k": float((rank <= self.k_metric).double().mean()),
        }


def joined(observers: Sequence[Any]) -> Any:
    """What several processes saw of their shares of a step, as one observer on the CPU that tells metrics of all."""
    made = copy(observers[0])
    made._kept = kept.joined([observer._kept for observer in observers])
    made._vocabulary = max(observer._vocabulary for observer in observers)
    for name in ("finished", "correct"):
        known = [getattr(observer, name) for observer in observers]
        all_known = not any(part is None for part in known)
        setattr(made, name, torch.cat([torch.as_tensor(part).cpu() for part in known]) if all_known else None)
    return made


@dataclass(frozen=True)
class Part:
    """An observer's view of some of its tokens: `index` [n] are their places among all N."""

    observer: Any
    index: Any

    def wants(self, chunk: slice) -> bool:
        """Whether any token of `chunk` would be looked at."""
        return bool(self.observer._kept.wants(self.index[chunk]))

    def see(self, chunk: slice, logp: Any, logq: Any) -> None:
        """Look at the log-probabilities [n, V] of the tokens of `chunk`."""
        self.observer._see(self.index[chunk], logp, logq)


def of_responses(lengths: Any, finished: Any, correct: Any) -> dict[str, float]:
    """Length, truncation and score of all rollouts, as far as they are known."""
    if not len(lengths):
        return {}
    found = {"response/length": float(lengths.double().mean())}
    if finished is not None:
        found["response/truncated"] = 1.0 - float(torch.as_tensor(finished).double().mean())
    if correct is not None:
        found["score/rollouts"] = float(torch.as_tensor(correct).double().mean())
    return found


def of_log_ratios(held: Kept, correct: Any) -> dict[str, float | None]:
    """What the log-ratios of sampled tokens tell: a served teacher gives these exactly, too."""
    ratio, again = held.seen()["log_ratio"], held.seen_repeated
    rows, rewards = held.rewards()
    ranked = None if correct is None else auroc(rewards, torch.as_tensor(correct).cpu().bool()[rows])
    return {
        "divergence/sampled": 0.0 - float(ratio.mean()),
        "repetition/share": float(again.double().mean()),
        "repetition/log_ratio": mean(ratio[again]),
        "repetition/log_ratio_other": mean(ratio[~again]),
        "sequence/reward": mean(rewards),
        "sequence/auroc": ranked,
    }
