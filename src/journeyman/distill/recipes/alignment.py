"""How a student and its teacher agree, prompt by prompt: measured on the student's own responses, nothing is trained.

Cost: one sampling of n responses a prompt, one forward pass of each model over them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from journeyman.distill.data.grade import Grader
from journeyman.distill.data.prompt import Prompt
from journeyman.distill.model import LanguageModel
from journeyman.distill.recipes.evaluate import Progress, batch_seed, response_text, responses_of
from journeyman.distill.rollout.rollouts import Batch, Rollouts, pack
from journeyman.distill.rollout.sampling import Sampler, Sampling
from journeyman.distill.teacher.signal import HiddenSignal, ServedSignal, Teacher
from journeyman.errors import ModelUnsuitable, UsageError

TOLD = (
    "overlap/ratio", "overlap/mass_student", "overlap/mass_teacher", "divergence/full", "entropy/student", "entropy/teacher",
    "entropy/gap", "log_ratio", "response/length", "response/truncated",
)  # fmt: skip
"""What is known of a prompt, by the names of docs/distill-metrics.md; `log_ratio` is the mean of log q(y) - log p(y)."""

_CHUNK = 256


@dataclass(frozen=True)
class PromptFigures:
    """`values`: means over the response tokens of one prompt, by name; what a served teacher does not tell is not there.

    With a grader and a known answer, "score/rollouts" is the share of right responses.
    """

    id: str
    values: dict[str, float]


def measure_prompts(
    student: LanguageModel,
    teacher: Teacher | LanguageModel,
    prompts: Sequence[Prompt],
    ids: Sequence[Sequence[int]],
    *,
    sampler: Sampler | None = None,
    sampling: Sampling | None = None,
    n: int = 1,
    seed: int = 0,
    k_metric: int = 16,
    batch: int = 16,
    grader: Grader | None = None,
    on_progress: Progress | None = None,
) -> list[PromptFigures]:
    """Figures of each prompt from `n` responses of the student to `ids[i]`, the tokens of `prompts[i]`.

    Distributions are those at temperature 1. The default sampling is temperature 1 with up to 1,024 tokens.

    Raises UsageError: n below 1 or no prompts; ModelUnsuitable: the teacher has another vocabulary.
    """
    if n < 1 or not ids or len(ids) != len(prompts):
        raise UsageError(f"{len(prompts)} prompts with {len(ids)} token lists and n {n}; at least one of each is needed")
    sampling = Sampling() if sampling is None else sampling
    sampler = _sampler(student) if sampler is None else sampler
    scoring = as_teacher(teacher)
    found: list[PromptFigures] = []
    for start in range(0, len(ids), batch):
        part = slice(start, start + batch)
        rollouts = sampler.sample(ids[part], n, sampling, batch_seed(seed, start // batch))
        laid_out = pack(rollouts, student.pad_id)
        values = token_figures(student, scoring.signal(laid_out), laid_out, k_metric)
        found += _by_prompt(values, rollouts, prompts[part], student, grader)
        if on_progress is not None:
            on_progress(len(found), len(ids))
    return found


def student_entropies(
    student: LanguageModel,
    prompts: Sequence[Prompt],
    ids: Sequence[Sequence[int]],
    *,
    sampler: Sampler | None = None,
    sampling: Sampling | None = None,
    n: int = 1,
    seed: int = 0,
    batch: int = 16,
    on_progress: Progress | None = None,
) -> list[float]:
    """Mean entropy, in nats a token, of the student on its own responses to each prompt. No teacher is needed."""
    if n < 1 or not ids or len(ids) != len(prompts):
        raise UsageError(f"{len(prompts)} prompts with {len(ids)} token lists and n {n}; at least one of each is needed")
    sampling = Sampling() if sampling is None else sampling
    sampler = _sampler(student) if sampler is None else sampler
    found: list[float] = []
    for start in range(0, len(ids), batch):
        rollouts = sampler.sample(ids[start : start + batch], n, sampling, batch_seed(seed, start // batch))
        laid_out = pack(rollouts, student.pad_id)
        values = token_figures(student, None, laid_out, 1)
        found += [f.values["entropy/student"] for f in _by_prompt(values, rollouts, prompts[start : start + batch], student)]
        if on_progress is not None:
            on_progress(len(found), len(ids))
    return found


def token_figures(
    student: LanguageModel, signal: HiddenSignal | ServedSignal | None, batch: Batch, k: int
) -> dict[str, Any]:
    """Values [N] of each response token by name: all of them, or what a served teacher (or none) lets be known."""
    import torch

    from journeyman.distill.diagnostics.values import token_values
    from journeyman.distill.rollout.score import states_of

    states, head = states_of(student, batch), student.head()
    parts: list[dict[str, Any]] = []
    with torch.no_grad():
        for start in range(0, len(batch.tokens), _CHUNK):
            at = slice(start, start + _CHUNK)
            logp = torch.log_softmax(head.logits(states[at]).float(), dim=-1)
            if isinstance(signal, HiddenSignal):
                logq = torch.log_softmax(signal.head.logits(signal.hidden[at]).float(), dim=-1)
                if logq.shape != logp.shape:
                    ours, theirs = logp.shape[-1], logq.shape[-1]
                    raise ModelUnsuitable(f"the student knows {ours} tokens, the teacher {theirs}; they need one vocabulary")
                values = token_values(logp, logq, batch.tokens[at], k)
                values["entropy/gap"] = (values["entropy/teacher"] - values["entropy/student"]).abs()
            else:
                values = {"entropy/student": torch.special.entr(logp.exp()).sum(-1)}
                if signal is not None:
                    own = logp.gather(1, batch.tokens[at, None]).squeeze(1)
                    values["log_ratio"] = signal.logq_token[at].to(own) - own
            parts.append({name: value.double().cpu() for name, value in values.items() if name in TOLD})
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def as_teacher(teacher: Teacher | LanguageModel) -> Teacher:
    """A model in memory as the teacher that it can be."""
    if isinstance(teacher, LanguageModel):
        from journeyman.distill.teacher.in_process import InProcess

        return InProcess(teacher)
    return teacher


def _sampler(student: LanguageModel) -> Sampler:
    from journeyman.distill.rollout.engines import sampler_for

    return sampler_for(student)


def _by_prompt(
    values: dict[str, Any],
    rollouts: Rollouts,
    prompts: Sequence[Prompt],
    student: LanguageModel,
    grader: Grader | None = None,
) -> list[PromptFigures]:
    import torch

    lengths, of = rollouts.lengths.cpu(), rollouts.prompt_of.cpu()
    responses, finished = responses_of(rollouts), rollouts.finished.cpu()
    prompt_of_token = torch.repeat_interleave(of, lengths)
    found = []
    for at, prompt in enumerate(prompts):
        mine, rows = prompt_of_token == at, (of == at).nonzero().flatten().tolist()
        figures = {name: float(value[mine].nanmean()) for name, value in values.items()}
        figures["response/length"] = float(lengths[rows].double().mean())
        figures["response/truncated"] = float((~finished[rows]).double().mean())
        if grader is not None and prompt.answer is not None:
            right = [grader(response_text(student, responses[row]), prompt.answer) for row in rows]
            figures["score/rollouts"] = sum(right) / len(right)
        found.append(PromptFigures(prompt.id, figures))
    return found
