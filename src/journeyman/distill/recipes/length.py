"""How long responses should be: as deep as the teacher can still help, found by letting it finish the student's own.

    found = useful_depth(student, teacher, prompts, depths=[128, 256, 512, 1024], n=4, grader=grader("math"))
    found.cap          # 512
    found.sentence     # "The teacher still helps 512 tokens in (gain +0.120 ± 0.040), not for certain at 1,024 ..."

A response longer than that trains on states where the teacher's next-token distribution leads nowhere; in arXiv 2604.13016
caps of 3K and 7K tokens did best, 10K and more broke down late in training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from journeyman.distill.data.grade import Grader
from journeyman.distill.data.prompt import Prompt
from journeyman.distill.data.templates import render_all
from journeyman.distill.diagnostics.probes.continuation import DepthGain, continuation_gain
from journeyman.distill.diagnostics.probes.cost import Cost
from journeyman.distill.model import LanguageModel
from journeyman.distill.rollout.rollouts import Rollouts
from journeyman.distill.rollout.sampling import Sampler, Sampling
from journeyman.errors import DataInvalid, UsageError

Progress = Callable[[int, int], None]
"""on_progress(tokens generated so far, the most it can be)."""


@dataclass(frozen=True)
class Depth:
    """Attributes:
    table: what was measured at each depth that rollouts reach, shallow to deep.
    cap: the deepest depth at which the teacher's gain is above its error; None where it is at none, or nothing was known.
    sentence: what that means and rests on.
    errors: how many standard errors count as the error.
    unreached: depths that too few rollouts reach to say anything (none, or less than `least_prompts` prompts).
    mean_length, truncated: of the student's own responses.
    cost: counted.
    """

    table: tuple[DepthGain, ...]
    cap: int | None
    sentence: str
    errors: float
    unreached: tuple[int, ...] = ()
    mean_length: float = 0.0
    truncated: float = 0.0
    cost: Cost = field(default_factory=Cost)


def useful_depth(
    student: LanguageModel,
    teacher: LanguageModel | None,
    prompts: Sequence[Prompt],
    *,
    depths: Sequence[int],
    n: int = 4,
    grader: Grader,
    sampling: Sampling | None = None,
    template: str = "chat",
    enable_thinking: bool | None = None,
    seed: int = 0,
    errors: float = 2.0,
    least_prompts: int = 8,
    student_sampler: Sampler | None = None,
    teacher_sampler: Sampler | None = None,
    batch: int = 32,
    on_progress: Progress | None = None,
) -> Depth:
    """Sample one response of the student to each prompt with a known answer, cut it at `depths`, let both models end it.

    Args:
        teacher: None for one that is only served, through `teacher_sampler`.
        n: endings for each prefix and model.
        sampling: of responses and endings; default temperature 1 and twice the deepest depth as limit.
        errors: a gain counts where it is above so many standard errors.
        least_prompts: depths reached on fewer prompts are not judged.
        batch: prompts or prefixes sampled at a time.

    Raises:
        UsageError: as `continuation_gain`. DataInvalid: no prompt has an answer, or none fits into the context.
    """
    if not depths:
        raise UsageError("no depth to cut at; name at least one, in tokens")
    known = [prompt for prompt in prompts if prompt.answer is not None]
    if not known:
        raise DataInvalid(f"none of {len(prompts)} prompts has an answer to grade with; name the answer field 'answer'")
    from journeyman.distill.rollout.engines import sampler_for

    sampling = sampling or Sampling(max_tokens=2 * max(depths))
    rendered = render_all(known, student, template, enable_thinking=enable_thinking)
    student_sampler = student_sampler or sampler_for(student)
    rollouts, spent = _responses(student_sampler, rendered.ids, sampling, seed, batch)
    answers = [rendered.prompts[int(at)].answer for at in rollouts.prompt_of]
    found = continuation_gain(
        student, teacher, rollouts, depths, grader, answers, n=n, sampling=sampling, seed=seed,
        student_sampler=student_sampler, teacher_sampler=teacher_sampler, batch=batch, on_progress=on_progress,
    )  # fmt: skip
    judged = judge(found.gains, errors=errors, least_prompts=least_prompts, unreached=found.unreached)
    return replace(
        judged,
        mean_length=float(rollouts.lengths.double().mean()),
        truncated=1.0 - float(rollouts.finished.double().mean()),
        cost=Cost(generated=spent + found.cost.generated),
    )


def judge(
    table: Sequence[DepthGain], *, errors: float = 2.0, least_prompts: int = 8, unreached: Sequence[int] = ()
) -> Depth:
    """The cap that gains by depth give, and the sentence that says what it rests on."""
    enough = [row for row in table if row.prompts >= least_prompts and row.standard_error is not None]
    few = sorted({*unreached, *(row.depth for row in table if row not in enough)})
    helps = [row for row in enough if row.gain > errors * (row.standard_error or 0.0)]
    cap = max((row.depth for row in helps), default=None)
    return Depth(tuple(table), cap, _sentence(enough, helps, few, errors, least_prompts), errors, tuple(few))


def _sentence(
    enough: Sequence[DepthGain], helps: Sequence[DepthGain], few: Sequence[int], errors: float, least: int
) -> str:
    if not enough:
        return f"Too few responses are that long: no depth was reached on {least} prompts; use more prompts or less depth."
    if not helps:
        shallow = enough[0]
        return (
            f"At no depth does the teacher end the student's responses better than the student, not even {shallow.depth:,} "
            f"tokens in ({_figures(shallow, errors)}): no cap can be derived, and a shorter response is no remedy here."
        )
    deepest = helps[-1]
    beyond = next((row for row in enough if row.depth > deepest.depth), None)
    said = f"The teacher still helps {deepest.depth:,} tokens in ({_figures(deepest, errors)})"
    if beyond is not None:
        said += f", not for certain at {beyond.depth:,} ({_figures(beyond, errors)}): end responses at {deepest.depth:,}."
    elif few:
        said += f", the deepest that enough responses reach; how it is at {few[-1]:,} is not known."
    else:
        said += ", the deepest tried: responses may be at least so long, and where its help ends is not known."
    doubtful = [row.depth for row in enough if row.depth < deepest.depth and row not in helps]
    if doubtful:
        said += f" At {', '.join(f'{depth:,}' for depth in doubtful)} the gain was within its error, too."
    return said


def _figures(row: DepthGain, errors: float) -> str:
    return f"gain {row.gain:+.3f} ± {errors * (row.standard_error or 0.0):.3f}"


def _responses(
    sampler: Sampler, prompts: Sequence[Sequence[int]], sampling: Sampling, seed: int, batch: int
) -> tuple[Rollouts, int]:
    """One response to each prompt, and how many tokens that took."""
    import torch

    parts = [sampler.sample(prompts[at : at + batch], 1, sampling, seed + at) for at in range(0, len(prompts), batch)]
    width = max(part.ids.shape[1] for part in parts)
    ids = torch.cat([torch.nn.functional.pad(part.ids, (0, width - part.ids.shape[1])) for part in parts])
    lengths = torch.cat([part.lengths for part in parts])
    finished = torch.cat([part.finished for part in parts])
    prompt_of = torch.arange(len(prompts), device=ids.device)
    return Rollouts(prompts, prompt_of, ids, lengths, finished), int(lengths.sum())
