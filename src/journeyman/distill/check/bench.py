"""What the wiring checks look at: a pair, a few prompts, and a few of the student's own responses, made once for all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from journeyman.distill.check.thresholds import THRESHOLDS, Thresholds
from journeyman.distill.data.prompt import Prompt
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.model import LanguageModel
from journeyman.distill.rollout.rollouts import Batch, Rollouts
from journeyman.distill.rollout.sampling import Sampler, Sampling
from journeyman.distill.teacher.signal import HiddenSignal, ServedSignal, Teacher

CHUNK = 128


@dataclass(frozen=True)
class Bench:
    """Attributes:
    student, teacher: the pair as training would use it.
    teacher_model: the teacher's weights and tokenizer, where they are on this machine.
    prompts, ids: questions, and what the student is shown for each.
    template, enable_thinking, system: how they were rendered.
    sampler, sampling, spec, seed: as training would use them.
    rollouts, batch: the student's own responses, and their layout.
    hidden, signal: the student's states [N, H], and what the teacher says, in the order of `batch.tokens`.
    limits: thresholds.
    """

    student: LanguageModel
    teacher: Teacher
    teacher_model: LanguageModel | None
    prompts: Sequence[Prompt]
    ids: Sequence[Sequence[int]]
    template: str
    enable_thinking: bool | None
    sampler: Sampler
    sampling: Sampling
    spec: LossSpec
    seed: int
    rollouts: Rollouts
    batch: Batch
    hidden: Any
    signal: HiddenSignal | ServedSignal
    limits: Thresholds
    system: str | None = None

    @property
    def rounding(self) -> float:
        """What a log-probability may differ by for its dtype."""
        half = self.student.head().weight.dtype.itemsize < 4
        return self.limits.identity_half if half else self.limits.identity


def prepare(
    student: LanguageModel,
    teacher: Teacher,
    prompts: Sequence[Prompt],
    *,
    sampler: Sampler,
    sampling: Sampling,
    spec: LossSpec,
    template: str = "chat",
    enable_thinking: bool | None = None,
    system: str | None = None,
    rows: int = 8,
    tokens: int = 64,
    seed: int = 0,
    limits: Thresholds = THRESHOLDS,
) -> Bench:
    """Sample `rows` responses of up to `tokens` tokens and let both models score them.

    Raises as `render`, as the sampler and as the teacher.
    """
    from journeyman.distill.data.templates import render_all
    from journeyman.distill.rollout.rollouts import pack
    from journeyman.distill.rollout.score import states_of

    rendered = render_all(prompts[: 4 * rows], student, template, enable_thinking=enable_thinking, system=system)
    ids, kept = list(rendered.ids)[:rows], list(rendered.prompts)[:rows]
    each = -(-rows // len(ids))
    short = replace(sampling, max_tokens=min(tokens, sampling.max_tokens))
    rollouts = sampler.sample(ids, each, short, seed)
    batch = pack(rollouts, student.pad_id)
    return Bench(
        student, teacher, weights_of(teacher), kept, ids, template, enable_thinking, sampler, sampling, spec, seed,
        rollouts, batch, states_of(student, batch), teacher.signal(batch), limits, system,
    )  # fmt: skip


def weights_of(teacher: Teacher) -> LanguageModel | None:
    """The teacher's model, where it is in this process."""
    found = getattr(teacher, "model", None)
    return found if isinstance(found, LanguageModel) else None


def teacher_logq(signal: HiddenSignal | ServedSignal, tokens: Any, temperature: float = 1.0) -> Any:
    """The teacher's log-probability [N] of `tokens` [N], without gradient; of the tokens it was asked for, if served."""
    if isinstance(signal, ServedSignal):
        return signal.logq_token
    return logp_of(signal.hidden, signal.head, tokens, temperature)


def logp_of(hidden: Any, head: Any, tokens: Any, temperature: float = 1.0) -> Any:
    """Log-probability [N] float32 of `tokens` [N] from states [N, H], a chunk of the vocabulary's rows at a time."""
    import torch

    parts = []
    with torch.no_grad():
        for states, wanted in zip(hidden.split(CHUNK), tokens.split(CHUNK), strict=True):
            logp = torch.log_softmax(head.logits(states).float() / temperature, -1)
            parts.append(logp.gather(1, wanted[:, None]).squeeze(1))
    return torch.cat(parts)


def surprise(hidden: Any, head: Any, batch: Batch, temperature: float = 1.0) -> tuple[float, float]:
    """Mean of -log p(token) - entropy in nats a token, and its standard error if the tokens were sampled from p.

    Zero in expectation where they were: below, they came from something sharper; above, from something else. Each token's
    excess has mean zero given those before it, so the variances of p's own -log p add up over all tokens.
    """
    import torch

    excess, variance = 0.0, 0.0
    with torch.no_grad():
        for states, tokens in zip(hidden.split(CHUNK), batch.tokens.split(CHUNK), strict=True):
            logp = torch.log_softmax(head.logits(states).float() / temperature, -1)
            p = logp.exp()
            entropy = -(p * logp).sum(-1)
            excess += float((-logp.gather(1, tokens[:, None]).squeeze(1) - entropy).sum())
            variance += float(((p * logp.square()).sum(-1) - entropy.square()).clamp_min(0).sum())
    count = len(batch.tokens)
    return excess / count, math.sqrt(variance) / count
