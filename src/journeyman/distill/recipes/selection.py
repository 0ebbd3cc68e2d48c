"""Which prompts suit the teacher best, and what keeping those alone costs in entropy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from journeyman.distill.data.grade import Grader
from journeyman.distill.data.prompt import Prompt
from journeyman.distill.data.templates import render_all
from journeyman.distill.model import LanguageModel
from journeyman.distill.recipes.alignment import TOLD, PromptFigures, measure_prompts
from journeyman.distill.recipes.evaluate import Progress, evaluate
from journeyman.distill.recipes.spread import cell, means_of, percent, plain_intervals
from journeyman.distill.rollout.sampling import Sampler, Sampling
from journeyman.distill.teacher.signal import Teacher
from journeyman.errors import UsageError
from journeyman.stats.interval import Interval

if TYPE_CHECKING:
    from journeyman.report.table import Table

Score = Literal["mass", "log_ratio", "accuracy"]
SCORES = {
    "mass": "the student's probability on tokens that both models have among their likeliest",
    "log_ratio": "how much likelier the teacher finds the student's tokens than the student does, nats a token: its mean "
    "under the student, -KL(p||q), where the teacher tells its distributions, else over the sampled tokens alone",
    "accuracy": "the share of the teacher's own responses that are right",
}


@dataclass(frozen=True)
class Selection:
    """Attributes:
    prompts: those kept, in their order. kept: their places. scores: one a prompt that was measured, by place.
    score: by what. threshold: the least score that was kept.
    before, after: means over all prompts and over the kept ones, with 95 % t interval, by metric.
    entropy_cost: part of the student's entropy that the choice costs, (before - after) / before.
    sentence: that in words. dropped: prompts that were too long to measure.
    """

    prompts: list[Prompt] = field(repr=False)
    kept: tuple[int, ...]
    scores: dict[int, float]
    score: str
    threshold: float
    before: dict[str, Interval]
    after: dict[str, Interval]
    entropy_cost: float
    sentence: str
    dropped: int

    def table(self) -> Table:
        """Two rows, all prompts and the kept ones; one column a figure."""
        from journeyman.report.table import Table

        names = [name for name in (*TOLD, "score/rollouts") if name in self.before and name in self.after]
        rows = [
            (said, str(count), *(cell(means[name]) for name in names))
            for said, count, means in (("all", len(self.scores), self.before), ("kept", len(self.kept), self.after))
        ]
        return Table(("prompts", "count", *names), rows, "Selection", frozenset(("count", *names)), self.sentence)

    def plain(self) -> dict[str, Any]:
        """All but the prompts as plain data; scores by the place of a prompt in what was given."""
        return {
            "what": "selection", "score": self.score, "threshold": self.threshold, "kept": list(self.kept),
            "scores": {str(i): value for i, value in self.scores.items()}, "entropy_cost": self.entropy_cost,
            "sentence": self.sentence, "dropped": self.dropped,
            "before": plain_intervals(self.before), "after": plain_intervals(self.after),
        }  # fmt: skip


def select_prompts(
    student: LanguageModel,
    teacher: Teacher | LanguageModel,
    prompts: Sequence[Prompt],
    *,
    score: Score = "mass",
    keep: float = 0.5,
    template: str = "chat",
    grader: Grader | None = None,
    sampler: Sampler | None = None,
    teacher_sampler: Sampler | None = None,
    sampling: Sampling | None = None,
    n: int = 1,
    seed: int = 0,
    k_metric: int = 16,
    enable_thinking: bool | None = None,
    on_progress: Progress | None = None,
) -> Selection:
    """Keep the share `keep` of the prompts on which the teacher suits best, and say what that costs in entropy.

    `score` is one of `SCORES`. On the paper's two sets of prompts (section 5.2) the mass tells the useful from the useless
    one, .85 against .3 to .8, while the overlap ratio is slightly higher on the useless. "accuracy" needs a grader, answers,
    and a teacher that can be sampled: a model in this process, or `teacher_sampler` with the teacher as a model.

    Scores of few responses are noisy, the log-ratio of sampled tokens most of all: what is chosen by a noisy score looks
    better than it is, by regression to the mean. A choice by agreement favours what the student does well already.

    Raises UsageError: keep outside (0, 1], an unknown score, one that cannot be had; DataInvalid: no prompt fits.
    """
    if score not in SCORES:
        raise UsageError(f"score '{score}' is unknown; use {', '.join(SCORES)}")
    if not 0 < keep <= 1:
        raise UsageError(f"keep is {keep}; it is the share of prompts to keep, above 0 and up to 1")
    if score == "accuracy" and (grader is None or not isinstance(teacher, LanguageModel)):
        raise UsageError("score 'accuracy' needs a grader and a teacher in this process, whose responses can be sampled")
    rendered = render_all(prompts, student, template, enable_thinking=enable_thinking)
    asked, places = rendered.prompts, rendered.places
    if score == "accuracy" and any(prompt.answer is None for prompt in asked):
        raise UsageError("score 'accuracy' needs an answer for every prompt; leave out those without one")
    figures = measure_prompts(
        student, teacher, asked, rendered.ids, sampler=sampler, sampling=sampling, n=n, seed=seed, k_metric=k_metric,
        grader=grader, on_progress=on_progress,
    )  # fmt: skip
    if score == "accuracy":
        assert grader is not None
        assert isinstance(teacher, LanguageModel)
        found = evaluate(
            teacher, asked, grader=grader, sampler=teacher_sampler, sampling=sampling or Sampling(), n=n, seed=seed,
            template=template, enable_thinking=enable_thinking, keep_texts=0,
        )  # fmt: skip
        if found.prompts != len(asked):
            raise UsageError(f"{len(asked) - found.prompts} prompts are too long for the teacher; leave them out")
        values = [row.share for row in found.rows]
    else:
        values = [_score(found.values, score) for found in figures]
    return _selected(prompts, places, values, figures, score, keep)


def _score(values: dict[str, float], score: Score) -> float:
    if score == "mass":
        if "overlap/mass_student" not in values:
            raise UsageError("this teacher tells no distributions, so score 'mass' is not known; use 'log_ratio'")
        return values["overlap/mass_student"]
    return -values["divergence/full"] if "divergence/full" in values else values["log_ratio"]


def _selected(
    prompts: Sequence[Prompt], places: Sequence[int], values: Sequence[float], figures: Sequence[PromptFigures],
    score: Score, keep: float,
) -> Selection:  # fmt: skip
    count = max(1, round(keep * len(places)))
    order = sorted(range(len(places)), key=lambda i: (-values[i], i))[:count]
    chosen = sorted(order)
    before, after = means_of(figures), means_of([figures[i] for i in chosen])
    old, new = before["entropy/student"].mean, after["entropy/student"].mean
    cost = (old - new) / old if old > 0 else 0.0
    threshold = min(values[i] for i in chosen)
    sentence = (
        f"{len(chosen)} of {len(places)} prompts kept, with {score} {threshold:.3f} or more; on them the student's entropy "
        f"is {new:.3f} nats a token, on all {old:.3f}: {percent(-cost)}."
    )
    tied = sum(value == threshold for value in values) - sum(values[i] == threshold for i in chosen)
    if tied:
        sentence += f" {tied} others score no less than the last of them; the first in the file were taken."
    return Selection(
        [prompts[places[i]] for i in chosen], tuple(places[i] for i in chosen), dict(zip(places, values, strict=True)),
        score, threshold, before, after, cost, sentence, len(prompts) - len(places),
    )  # fmt: skip
