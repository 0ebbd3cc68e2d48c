"""What is known of a pair of student and teacher when it is judged. None: not measured, never a stand-in value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

VerdictName = Literal[
    "ready",
    "pattern_mismatch",
    "no_new_capability",
    "prompts_not_the_teachers",
    "entropy_unstable",
    "beyond_useful_depth",
    "mass_leak",
    "stale_rollouts",
    "undecided",
]


@dataclass(frozen=True)
class PairFigures:
    """Measured on the student's own rollouts, before or during training. Names as in docs/distill-metrics.md; nats.

    Attributes:
        student_score, teacher_score: shares of right answers on the same prompts.
        score_s_e: standard error of their difference.
        overlap, overlap_corrected: plain and chance-corrected overlap of the top-k sets.
        overlap_floor: chance-corrected overlap of two students that differ by their seed only.
        mass_student, mass_teacher: probability that each puts on shared tokens.
        divergence: mean reverse KL per token. entropy_student, entropy_teacher, entropy_gap: token means.
        gradient_norm: of the loss on these rollouts, before clipping.
        truncated: share of rollouts that hit the limit.
        gain_by_depth: (depth in tokens, accuracy gained when the teacher takes over there), shallow to deep.
        overlap_by_template, divergence_by_template: for each template that was tried, by name.
        template: the one in use.
        course: metric name -> its values at the steps so far, for a pair that is being trained.
        divergence_floor: divergence of two students that differ by their seed only.
        horizon: tokens into a response that training reaches: the 95th percentile of the rollouts' lengths.
        k_metric: how many likeliest tokens overlap and masses are taken of.
        s_e: standard errors of the means above, by field name, over rollouts.
    """

    student_score: float | None = None
    teacher_score: float | None = None
    score_s_e: float | None = None
    overlap: float | None = None
    overlap_corrected: float | None = None
    overlap_floor: float | None = None
    mass_student: float | None = None
    mass_teacher: float | None = None
    divergence: float | None = None
    entropy_student: float | None = None
    entropy_teacher: float | None = None
    entropy_gap: float | None = None
    gradient_norm: float | None = None
    truncated: float | None = None
    gain_by_depth: tuple[tuple[int, float], ...] = ()
    overlap_by_template: dict[str, float] = field(default_factory=dict)
    divergence_by_template: dict[str, float] = field(default_factory=dict)
    template: str = ""
    course: dict[str, tuple[float, ...]] = field(default_factory=dict)
    divergence_floor: float | None = None
    horizon: int | None = None
    k_metric: int = 16
    s_e: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """Attributes:
    name: what is the matter with the pair, or "ready", or "undecided"; "mass_leak" and "stale_rollouts" are seen during
        a run only.
    sentence: it in words, with the figure it rests on.
    figures: the values that decided, by name.
    remedy: the command that repairs, complete; "" where nothing needs repair or nobody knows how.
    """

    name: VerdictName
    sentence: str
    figures: dict[str, float]
    remedy: str = ""
