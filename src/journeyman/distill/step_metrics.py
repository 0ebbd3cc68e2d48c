"""What a step shows: the observer's metrics of the loss pass and the few numbers that only the trainer knows.

Beside the observer's (docs/distill-metrics.md):

    loss, gradient/norm                         as optimised; the norm before clipping
    lr, update/skipped                          rate of this update; 1 where its norm was not finite and it was left out
    score/rollouts                              share of right responses among those with a known answer
    sampler/gap                                 mean |log p(token) of the sampler - of this pass|, in nats
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import torch

from journeyman.distill.diagnostics import alone, in_pass
from journeyman.distill.diagnostics.served import ServedObserver
from journeyman.distill.events import SampledResponse
from journeyman.distill.grpo import Outcome
from journeyman.distill.losses.observes import Observes
from journeyman.distill.model import LanguageModel
from journeyman.distill.rollout.rollouts import Rollouts
from journeyman.distill.teacher.signal import ServedSignal
from journeyman.distill.train_spec import TrainSpec, seed_of


class View:
    """What one process sees of a step. `correct`: of each rollout, None where nobody knows.

    Attributes:
        observer: made for the kind of signal when the first one is there: an `Observer`, a `ServedObserver`, an `Alone`.
        graded: how many responses were right, and how many were graded.
        gaps: sum of the sampler's differences, and of how many tokens.
    """

    def __init__(self, spec: TrainSpec, step: int, rollouts: Rollouts, correct: Sequence[bool | None]) -> None:
        known = [value for value in correct if value is not None]
        self.observer: Any = None
        self.graded = (sum(known), len(known))
        self.gaps = [0.0, 0.0]
        self._of = (spec, step, rollouts, known if len(known) == len(correct) else None)

    def part(self, rows: range, signal: Any) -> Observes:
        """What to pass to the loss for these rows, which are trained by `signal`."""
        spec, step, rollouts, correct = self._of
        if self.observer is None:
            self.observer = _observer(spec, step, rollouts, correct, signal)
        served = isinstance(signal, ServedSignal)
        inner = self.observer.part(rows, signal) if served else self.observer.part(rows)
        if rollouts.logp is None:
            return inner  # type: ignore[no-any-return]
        some = slice(rows.start, rows.stop)
        mask = rollouts.mask[some]
        return _Compares(inner, rollouts.ids[some][mask], rollouts.logp[some][mask], self.gaps)

    def to_send(self) -> View:
        """The same without what only this process needs, on the CPU."""
        sent = copy(self)
        sent._of = None  # type: ignore[assignment]
        sent.observer = _joined([self.observer])
        return sent


def together(views: Sequence[View]) -> View:
    """The views of all processes as one."""
    if len(views) == 1:
        return views[0]
    made = copy(views[0])
    made.observer = _joined([view.observer for view in views])
    made.graded = (sum(view.graded[0] for view in views), sum(view.graded[1] for view in views))
    made.gaps = [sum(view.gaps[0] for view in views), sum(view.gaps[1] for view in views)]
    return made


def _joined(observers: Sequence[Any]) -> Any:
    return alone.joined(observers) if isinstance(observers[0], alone.Alone) else in_pass.joined(observers)


def _observer(spec: TrainSpec, step: int, rollouts: Rollouts, correct: Sequence[bool] | None, signal: Any) -> Any:
    mask = rollouts.mask
    positions = torch.arange(mask.shape[1], device=mask.device).expand_as(mask)[mask]
    if isinstance(signal, Outcome):
        return alone.Alone(rollouts.lengths, positions, rollouts.finished, correct)
    tokens = (rollouts.ids[mask], rollouts.lengths, positions)
    drawn = (spec.k_metric, spec.metric_share, seed_of(spec.seed, "metrics", step))
    graded: dict[str, Any] = {"finished": rollouts.finished, "correct": correct}
    if isinstance(signal, ServedSignal):
        return ServedObserver(*tokens, *drawn, **graded)
    return in_pass.Observer(*tokens, *drawn, **graded, spec=spec.loss)


@dataclass(frozen=True)
class _Compares:
    """Shows chunks to `inner`, and compares the sampler's numbers with them on the way."""

    inner: Any
    tokens: Any
    sampled: Any
    gaps: list[float]

    def wants(self, chunk: slice) -> bool:
        return bool(self.inner.wants(chunk))

    def see(self, chunk: slice, logp: Any, logq: Any) -> None:
        scored = logp.gather(-1, self.tokens[chunk, None]).squeeze(-1)
        self.gaps[0] += float((scored - self.sampled[chunk]).abs().sum())
        self.gaps[1] += len(scored)
        self.inner.see(chunk, logp, logq)


def metrics_of(seen: View, own: dict[str, float]) -> dict[str, float]:
    """Every metric of a step that has a finite value. `own`: what the update itself knows."""
    found = {**seen.observer.metrics(), **own}
    if seen.graded[1]:
        found["score/rollouts"] = seen.graded[0] / seen.graded[1]
    if seen.gaps[1]:
        found["sampler/gap"] = seen.gaps[0] / seen.gaps[1]
    return {name: float(value) for name, value in found.items() if math.isfinite(value)}


SHOWN = {
    "divergence/full": "divergence",
    "entropy/student": "entropy/student",
    "entropy/teacher": "entropy/teacher",
    "overlap/ratio": "overlap/ratio",
}
"""Which of the observer's values colour a logged response, and their names there."""


def shown_rows(rollouts: Rollouts, count: int) -> list[int]:
    """Rows to log token by token: the longest response to each of the first prompts."""
    asked = rollouts.prompt_of.tolist()
    return [asked.index(prompt) for prompt in range(min(count, len(rollouts.prompts)))]


def sampled_responses(
    student: LanguageModel, rollouts: Rollouts, rows: Sequence[int], seen: View, correct: Sequence[bool | None]
) -> list[SampledResponse]:
    """These rows token by token."""
    values = {name: seen.observer.per_token().get(key) for key, name in SHOWN.items()}
    ends = rollouts.lengths.cumsum(0).tolist()
    decode = student.tokenizer.decode
    found = []
    for row in rows:
        ids = rollouts.response(row)
        some = slice(ends[row] - len(ids), ends[row])
        found.append(
            SampledResponse(
                prompt=decode(list(rollouts.prompts[int(rollouts.prompt_of[row])])),
                text=decode(ids, skip_special_tokens=True),
                tokens=[decode([token]) for token in ids],
                values={name: _rounded(of[some]) for name, of in values.items() if of is not None},
                finished=bool(rollouts.finished[row]),
                correct=correct[row],
            )
        )
    return found


def _rounded(values: Any) -> list[float | None]:
    # Six digits: for colours, and so that a log stays small.
    return [round(value, 6) if math.isfinite(value) else None for value in values.tolist()]
