"""Under which template do student and teacher agree most, on the same questions?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from journeyman.distill.data.prompt import Prompt
from journeyman.distill.data.templates import render, template_of
from journeyman.distill.model import LanguageModel
from journeyman.distill.recipes.alignment import TOLD, PromptFigures, measure_prompts
from journeyman.distill.recipes.evaluate import Progress
from journeyman.distill.recipes.spread import (
    above,
    below,
    cell,
    differences_of,
    ends,
    means_of,
    plain_intervals,
    shifted,
)
from journeyman.distill.rollout.sampling import Sampler, Sampling
from journeyman.distill.teacher.signal import Teacher
from journeyman.errors import DataInvalid, UsageError
from journeyman.stats.interval import Interval

if TYPE_CHECKING:
    from journeyman.report.table import Table


@dataclass(frozen=True)
class TemplateComparison:
    """Attributes:
    means: for each template, each metric's mean over prompts with its 95 % t interval.
    differences: for each template but the first, its difference to the first, paired by prompt, with 95 % t interval.
    best: the template to use: the one with most overlap of those surely above the first, or else the first.
    decided: whether the data tell `best` from every other template.
    sentence: that in words. prompts: how many were asked; dropped: too long in one of the templates.
    """

    means: dict[str, dict[str, Interval]]
    differences: dict[str, dict[str, Interval]]
    best: str
    decided: bool
    sentence: str
    prompts: int
    dropped: int

    def table(self) -> Table:
        """A row for each template: mean and half width of the 95 % interval of each figure."""
        from journeyman.report.table import Table

        names = [name for name in TOLD if all(name in means for means in self.means.values())]
        rows = [(template, *(cell(means[name]) for name in names)) for template, means in self.means.items()]
        first = next(iter(self.means))
        rows += [
            (f"{template} - {first}", *(cell(differences[name], signed=True) for name in names))
            for template, differences in self.differences.items()
        ]
        return Table(("template", *names), rows, "Templates", frozenset(names), self.sentence)

    def plain(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "what": "template comparison", "best": self.best, "decided": self.decided, "sentence": self.sentence,
            "prompts": self.prompts, "dropped": self.dropped,
            "means": {t: plain_intervals(means) for t, means in self.means.items()},
            "differences": {t: plain_intervals(differences) for t, differences in self.differences.items()},
        }  # fmt: skip


def compare_templates(
    student: LanguageModel,
    teacher: Teacher | LanguageModel,
    prompts: Sequence[Prompt],
    templates: Sequence[str] = ("dapo", "boxed"),
    *,
    sampler: Sampler | None = None,
    sampling: Sampling | None = None,
    n: int = 1,
    seed: int = 0,
    k_metric: int = 16,
    enable_thinking: bool | None = None,
    max_tokens: int | None = None,
    on_progress: Progress | None = None,
) -> TemplateComparison:
    """Under which template do student and teacher agree most, on the same questions?

    The first template is the one in use: another is preferred only if its overlap is higher and its divergence not, both
    with 95 % confidence. Prompts longer than `max_tokens` in any template are left out of all.

    Raises UsageError: fewer than two different templates; DataInvalid: no prompt fits; and as `measure_prompts`.
    """
    if len(set(templates)) < 2 or len(set(templates)) != len(templates):
        raise UsageError(f"templates {', '.join(templates) or 'none'}: a comparison needs at least two different ones")
    made = [template_of(name) for name in templates]
    rendered = [[render(p, student, template, enable_thinking=enable_thinking) for p in prompts] for template in made]
    room = student.context - 1 if max_tokens is None else min(max_tokens, student.context - 1)
    fits = [i for i in range(len(prompts)) if all(0 < len(ids[i]) <= room for ids in rendered)]
    if not fits:
        raise DataInvalid(f"none of {len(prompts)} prompts fits into {room} tokens in every template")
    asked = [prompts[i] for i in fits]
    figures: dict[str, list[PromptFigures]] = {}
    for at, (template, ids) in enumerate(zip(made, rendered, strict=True)):
        figures[template.name] = measure_prompts(
            student, teacher, asked, [ids[i] for i in fits], sampler=sampler, sampling=sampling, n=n, seed=seed,
            k_metric=k_metric, on_progress=shifted(on_progress, at * len(asked), len(made) * len(asked)),
        )  # fmt: skip
    first = templates[0]
    means = {name: means_of(found) for name, found in figures.items()}
    differences = {name: differences_of(figures[first], found) for name, found in figures.items() if name != first}
    best, decided, sentence = judged(first, means, differences)
    return TemplateComparison(means, differences, best, decided, sentence, len(asked), len(prompts) - len(asked))


def judged(
    first: str, means: dict[str, dict[str, Interval]], differences: dict[str, dict[str, Interval]]
) -> tuple[str, bool, str]:
    """The template to use, whether that is sure, and why, from means and from paired differences to the first."""
    if "overlap/ratio" not in means[first]:
        return first, False, "The teacher tells no distributions, so the overlap is not known; nothing is decided."
    better = [
        name for name, found in differences.items()
        if above(found["overlap/ratio"]) and not above(found["divergence/full"])
    ]  # fmt: skip
    if better:
        best = max(better, key=lambda name: means[name]["overlap/ratio"].mean)
        gained = differences[best]["overlap/ratio"]
        said = (
            f"Under '{best}' the two share {means[best]['overlap/ratio'].mean:.3f} of their likeliest tokens, under "
            f"'{first}' {means[first]['overlap/ratio'].mean:.3f}: {gained.mean:+.3f} ({ends(gained)} with 95 % confidence)."
        )
        return best, True, said
    worse = all(below(found["overlap/ratio"]) for found in differences.values())
    if worse:
        return first, True, f"'{first}' has the highest overlap, with 95 % confidence: stay with it."
    asked = means[first]["overlap/ratio"].n
    return first, False, f"No template is surely better than '{first}' on {asked} prompts: stay with it, or measure more."
