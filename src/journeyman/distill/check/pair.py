"""The figures of a pair, measured on the student's own rollouts without training anything.

    figures = measure(student, teacher, prompts, grader=grader("math"), templates=("boxed", "dapo"))

What it costs: sampling n responses a prompt from the student (and from the teacher, where scores are wanted), one pass of
both models over the student's, one backward pass for the gradient's norm; each further template costs the first two again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from journeyman.distill.check.bench import weights_of
from journeyman.distill.check.figures import PairFigures
from journeyman.distill.data.grade import Grader
from journeyman.distill.data.prompt import Prompt
from journeyman.distill.data.templates import Rendered
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.model import LanguageModel
from journeyman.distill.rollout.rollouts import Batch, Rollouts
from journeyman.distill.rollout.sampling import Sampler, Sampling
from journeyman.distill.teacher.signal import HiddenSignal, ServedSignal, Teacher
from journeyman.errors import UsageError

Progress = Callable[[str], None]
SMALL_VOCABULARY = 256
NARROW = 0.05
NAMES = {
    "overlap": "overlap/ratio", "overlap_corrected": "overlap/chance_corrected", "mass_student": "overlap/mass_student",
    "mass_teacher": "overlap/mass_teacher", "divergence": "divergence/full", "entropy_student": "entropy/student",
    "entropy_teacher": "entropy/teacher", "entropy_gap": "entropy/gap", "truncated": "response/truncated",
}  # fmt: skip


@dataclass(frozen=True)
class Observed:
    """What one pass of both models over rollouts shows.

    `metrics`: by flat name, as a training step logs them. `s_e`: standard errors over responses, by the same names.
    """

    metrics: dict[str, float]
    s_e: dict[str, float]
    gradient_norm: float | None


@dataclass(frozen=True)
class Setting:
    """How a pair is measured: what `measure` was asked for, with its defaults filled in."""

    student: LanguageModel
    teacher: Teacher
    sampler: Sampler
    sampling: Sampling
    n: int
    spec: LossSpec
    enable_thinking: bool | None
    k_metric: int
    batch: int
    seed: int
    say: Progress


def measure(
    student: LanguageModel,
    teacher: Teacher,
    prompts: Sequence[Prompt],
    *,
    sampler: Sampler | None = None,
    sampling: Sampling | None = None,
    n: int = 4,
    spec: LossSpec | None = None,
    template: str = "chat",
    templates: Sequence[str] = (),
    enable_thinking: bool | None = None,
    grader: Grader | None = None,
    teacher_sampler: Sampler | None = None,
    depths: Sequence[int] = (),
    second: LanguageModel | None = None,
    gradient: bool = True,
    k_metric: int | None = None,
    batch: int = 8,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> PairFigures:
    """Figures for `judge`.

    Args:
        sampler: of the student; None takes the fastest that can run it.
        sampling: as training would sample; default temperature 1, at most 1,024 tokens.
        n: responses to each prompt.
        spec: the loss whose gradient is measured; its temperatures are used throughout.
        template, templates: the one in use, and others to compare it with.
        grader: with it, and prompts that have answers, both models are scored on the same prompts.
        teacher_sampler: of a teacher that is served; one in this process needs none.
        depths: tokens into a response at which the teacher takes over, for its useful depth; needs a grader.
        second: a student that differs by its seed only, for the floor of overlap and divergence.
        gradient: measure its norm; needs memory for a gradient of the whole student.
        k_metric: size of the top lists; default 16, or 4 for a vocabulary below 256 tokens.
        batch: responses of one pass.

    Raises:
        UsageError: no prompts, n below 1, or depths without a grader; and as `render`, the sampler and the teacher.
    """
    from journeyman.distill.data.templates import render_all
    from journeyman.distill.rollout.engines import sampler_for

    if not prompts or n < 1:
        raise UsageError(f"{len(prompts)} prompts and {n} responses to each; at least 1 of both is needed")
    if depths and grader is None:
        raise UsageError("depths need a grader: the useful depth is where the teacher still makes answers right")
    setting = Setting(
        student, teacher, sampler or sampler_for(student), sampling or Sampling(), n, spec or LossSpec(), enable_thinking,
        k_metric or top_size(student), batch, seed, on_progress or (lambda _: None),
    )  # fmt: skip
    rendered = render_all(prompts, student, template, enable_thinking=enable_thinking)
    setting.say(f"sampling {n} responses to each of {len(rendered.prompts)} prompts")
    rollouts = setting.sampler.sample(rendered.ids, n, setting.sampling, seed)
    setting.say("scoring them with both models")
    seen = _observe(setting, rollouts, gradient)
    figures = replace(figures_of(seen, rollouts, setting.k_metric), template=template)
    if templates:
        figures = _with_templates(figures, setting, prompts, templates, seen)
    if grader is not None:
        figures = _with_scores(figures, setting, rendered, rollouts, grader, teacher_sampler)
    if depths and grader is not None:
        figures = _with_depths(figures, setting, rendered.prompts, rollouts, depths, grader)
    return figures if second is None else _with_floor(figures, setting, rollouts, second)


def top_size(model: LanguageModel) -> int:
    """How many likeliest tokens overlap is taken of: 16, and 4 where 16 would be a large part of the vocabulary."""
    return 16 if model.head().size >= SMALL_VOCABULARY else 4


def observe(
    student: LanguageModel,
    teacher: Teacher,
    rollouts: Rollouts,
    spec: LossSpec,
    *,
    k_metric: int = 16,
    batch: int = 8,
    gradient: bool = False,
    seed: int = 0,
) -> Observed:
    """One pass of both models over `rollouts`, `batch` responses at a time. Nothing of the student is changed."""
    import torch

    from journeyman.distill.losses.weights import token_weights
    from journeyman.distill.model import evaluating
    from journeyman.distill.rollout.rollouts import pack

    whole, loss = pack(rollouts, student.pad_id), 0.0
    observer: Any = None
    with evaluating(student.model), _gradients(student, gradient) as norm, torch.set_grad_enabled(gradient):
        for first in range(0, len(rollouts), batch):
            rows = list(range(first, min(first + batch, len(rollouts))))
            part = pack(rollouts, student.pad_id, rows=rows)
            signal = teacher.signal(part)
            observer = observer or _observer(signal, whole, rollouts, k_metric, seed, spec)
            weights = token_weights(part.lengths, "token-mean", tokens=int(whole.lengths.sum()))
            hidden = student.hidden(part.ids, part.mask)[part.rows, part.columns]
            found = _divergence(hidden, student, signal, part.tokens, weights, spec, _view(observer, rows, signal))
            loss += float(found.loss.detach())
            if gradient:
                found.loss.backward()
        gradient_norm = norm() if gradient else None
    metrics = observer.metrics() | {"loss": loss}
    if gradient_norm is not None:
        metrics["gradient/norm"] = gradient_norm
    return Observed(metrics, _errors(observer.per_token(), whole.lengths), gradient_norm)


def _observer(
    signal: HiddenSignal | ServedSignal, whole: Batch, rollouts: Rollouts, k_metric: int, seed: int, spec: LossSpec
) -> Any:
    from journeyman.distill.diagnostics.in_pass import Observer
    from journeyman.distill.diagnostics.served import ServedObserver

    given = (whole.tokens, whole.lengths, whole.positions, k_metric)
    if isinstance(signal, HiddenSignal):
        return Observer(*given, seed=seed, finished=rollouts.finished, spec=spec)
    return ServedObserver(*given, seed=seed, finished=rollouts.finished)


def _view(observer: Any, rows: Sequence[int], signal: HiddenSignal | ServedSignal) -> Any:
    return observer.part(rows) if isinstance(signal, HiddenSignal) else observer.part(rows, signal)


def _observe(setting: Setting, rollouts: Rollouts, gradient: bool = False, teacher: Teacher | None = None) -> Observed:
    return observe(
        setting.student, teacher or setting.teacher, rollouts, setting.spec,
        k_metric=setting.k_metric, batch=setting.batch, gradient=gradient, seed=setting.seed,
    )  # fmt: skip


def figures_of(seen: Observed, rollouts: Rollouts, k_metric: int) -> PairFigures:
    """What one pass gives, under the names that verdicts use."""
    import torch

    values: dict[str, Any] = {ours: _value(seen.metrics, name) for ours, name in NAMES.items()}
    if values["divergence"] is None:
        values["divergence"] = seen.metrics.get("divergence/sampled")
    horizon = int(torch.quantile(rollouts.lengths.double(), 0.95).round())
    s_e = {ours: seen.s_e[name] for ours, name in NAMES.items() if name in seen.s_e}
    return PairFigures(**values, gradient_norm=seen.gradient_norm, horizon=horizon, k_metric=k_metric, s_e=s_e)


def _value(metrics: dict[str, float], name: str) -> float | None:
    """A metric; the middle of its bounds where they are narrow; None where nobody knows it well enough."""
    if name in metrics:
        return metrics[name]
    low, high = metrics.get(f"{name}_low"), metrics.get(f"{name}_high")
    if low is None or high is None or high - low > NARROW:
        return None
    return (low + high) / 2


def _divergence(
    hidden: Any,
    student: LanguageModel,
    signal: HiddenSignal | ServedSignal,
    tokens: Any,
    weights: Any,
    spec: LossSpec,
    seen: Any,
) -> Any:
    from journeyman.distill.losses.divergence import divergence

    if isinstance(signal, HiddenSignal):
        return divergence(hidden, student.head(), signal.hidden, signal.head, tokens, weights, spec, observe=seen)
    from journeyman.distill.losses.served import divergence_served

    sampled = LossSpec(form="sampled", temperature=spec.temperature, teacher_temperature=spec.teacher_temperature)
    return divergence_served(hidden, student.head(), signal, tokens, weights, sampled, observe=seen)


@contextmanager
def _gradients(student: LanguageModel, wanted: bool) -> Iterator[Callable[[], float]]:
    """The student's parameters with gradients for a while; afterwards all is as it was. Yields a function for the norm."""
    parameters = list(student.model.parameters())
    before = [(parameter.requires_grad, parameter.grad) for parameter in parameters]
    trained = any(flag for flag, _ in before)
    if wanted:
        for parameter in parameters:
            parameter.requires_grad_(parameter.requires_grad if trained else True)
            parameter.grad = None
    try:
        yield lambda: math.sqrt(sum(float(p.grad.double().square().sum()) for p in parameters if p.grad is not None))
    finally:
        if wanted:
            for parameter, (flag, gradient) in zip(parameters, before, strict=True):
                parameter.requires_grad_(flag)
                parameter.grad = gradient


def _errors(per_token: dict[str, Any], lengths: Any) -> dict[str, float]:
    """Standard error of each token mean, responses being what is drawn."""
    import torch

    rows = torch.repeat_interleave(torch.arange(len(lengths)), lengths.cpu())
    found = {}
    for name, values in per_token.items():
        known = ~torch.isnan(values)
        kept = values[known].double()
        if len(lengths) < 2 or not len(kept):
            continue
        sums = torch.zeros(len(lengths), dtype=torch.float64).index_add_(0, rows[known], kept - kept.mean())
        found[name] = float(sums.square().sum().sqrt()) / len(kept)
    return found


def _with_floor(figures: PairFigures, setting: Setting, rollouts: Rollouts, second: LanguageModel) -> PairFigures:
    from journeyman.distill.teacher.in_process import InProcess

    setting.say("the same with a student of another seed in the teacher's place")
    floor = _observe(setting, rollouts, teacher=InProcess(second)).metrics
    return replace(
        figures, overlap_floor=floor.get("overlap/chance_corrected"), divergence_floor=floor.get("divergence/full")
    )


def _with_templates(
    figures: PairFigures, setting: Setting, prompts: Sequence[Prompt], others: Sequence[str], here: Observed
) -> PairFigures:
    from journeyman.distill.data.templates import render_all

    seen = {figures.template: here}
    for name in others:
        if name not in seen:
            setting.say(f"the same under template '{name}'")
            ids = render_all(prompts, setting.student, name, enable_thinking=setting.enable_thinking).ids
            seen[name] = _observe(setting, setting.sampler.sample(ids, setting.n, setting.sampling, setting.seed))
    return replace(
        figures,
        overlap_by_template={name: each.metrics["overlap/ratio"] for name, each in seen.items()},
        divergence_by_template={name: each.metrics["divergence/full"] for name, each in seen.items()},
    )


def _with_scores(
    figures: PairFigures,
    setting: Setting,
    rendered: Rendered,
    rollouts: Rollouts,
    grader: Grader,
    teacher_sampler: Sampler | None,
) -> PairFigures:
    """Both scores, and the standard error of their difference over prompts: each prompt's two scores are a pair."""
    from journeyman.distill.rollout.engines import sampler_for

    known = [at for at, prompt in enumerate(rendered.prompts) if prompt.answer is not None]
    own = weights_of(setting.teacher)
    engine = teacher_sampler or (None if own is None else sampler_for(own))
    if not known or engine is None:
        return figures
    setting.say(f"letting the teacher answer {len(known)} prompts")
    n = setting.n
    theirs = engine.sample([rendered.ids[at] for at in known], n, setting.sampling, setting.seed)
    gaps, ours, taught = [], [], []
    for place, at in enumerate(known):
        answer = rendered.prompts[at].answer or ""
        ours.append(_share(setting.student, rollouts, range(at * n, at * n + n), answer, grader))
        taught.append(_share(setting.student, theirs, range(place * n, place * n + n), answer, grader))
        gaps.append(taught[-1] - ours[-1])
    mean = sum(gaps) / len(gaps)
    spread = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / max(1, len(gaps) - 1))
    return replace(
        figures,
        student_score=sum(ours) / len(ours),
        teacher_score=sum(taught) / len(taught),
        score_s_e=max(spread / math.sqrt(len(gaps)), 1 / (2 * len(gaps))),
    )


def _share(model: LanguageModel, rollouts: Rollouts, rows: Sequence[int], answer: str, grader: Grader) -> float:
    texts = [model.tokenizer.decode(rollouts.response(row), skip_special_tokens=True) for row in rows]
    return sum(grader(text, answer) for text in texts) / len(texts)


def _with_depths(
    figures: PairFigures,
    setting: Setting,
    prompts: Sequence[Prompt],
    rollouts: Rollouts,
    depths: Sequence[int],
    grader: Grader,
) -> PairFigures:
    from journeyman.distill.diagnostics.probes.continuation import continuation_gain

    own = weights_of(setting.teacher)
    if own is None:
        return figures
    setting.say(f"letting the teacher finish responses from {', '.join(map(str, depths))} tokens on")
    answers = [prompts[int(p)].answer for p in rollouts.prompt_of]
    found = continuation_gain(
        setting.student, own, rollouts, depths, grader, answers, sampling=setting.sampling, seed=setting.seed
    )
    return replace(figures, gain_by_depth=found.by_depth)
