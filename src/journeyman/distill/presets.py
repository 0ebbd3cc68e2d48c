"""Settings with a name: the paper's tables (arXiv 2604.13016), and what suits models of the lab's size.

    spec = preset("paper", "student", "teacher", "prompts.jsonl")

| preset | what |
|---|---|
| `paper` | Table 2, on-policy distillation: the defaults of `TrainSpec` |
| `paper-grpo` | Table 1, the teachers' GRPO |
| `paper-cold-start` | Table 3, supervised fine-tuning before distillation: `PAPER_COLD_START`, no `TrainSpec` |
| `lab` | models of 0.3 to 3 M parameters on one CPU core: seconds a step |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from journeyman.distill.rollout.sampling import Sampling
from journeyman.distill.train_spec import TrainSpec, made
from journeyman.errors import UsageError

CHANGES: Mapping[str, Mapping[str, Any]] = {
    "paper": {},
    "paper-grpo": {
        "method": "grpo",
        "rollouts_per_prompt": 8,
        "template": "boxed",
        "enable_thinking": False,
        # The released script of these runs validates at the temperature that it trains at.
        "evaluation.sampling.temperature": 1.0,
    },
    "lab": {
        "prompts_per_step": 16,
        "rollouts_per_prompt": 4,
        "sampling.max_tokens": 96,
        "loss.form": "full",
        "steps": 160,
        "lr": 3e-4,
        "shuffle": True,
        "grader": "bracket",
        "evaluation.n": 4,
        "evaluation.sampling.max_tokens": 96,
        "evaluation.sampling.temperature": 1.0,
        "evaluation.sampling.top_p": 1.0,
        "gradient_checkpointing": False,
        "k_metric": 4,
        "bins": 16,
        "device": "cpu",
    },
}
"""What each preset changes in the defaults."""


@dataclass(frozen=True)
class ColdStart:
    """The paper's cold start: what is sampled from the teacher, and how the student is fine-tuned on it.

    Attributes:
        prompts: how many are taken from OpenThoughts3.
        sampling: of the teacher's one response to each. attempts: tries at a response that the rejection rules pass.
        max_tokens: of prompt and response together.
        batch: examples an update, over all devices (8 on each of 8).
        lr, schedule, warmup, epochs: of the fine-tuning; warm-up as a share of the steps.
        opd_prompts: other prompts of the same set, for the distillation that follows.
    """

    prompts: int = 200_000
    sampling: Sampling = field(default_factory=lambda: Sampling(0.7, 0.95, max_tokens=12_288))
    attempts: int = 3
    max_tokens: int = 14_336
    batch: int = 64
    lr: float = 1e-5
    schedule: str = "cosine"
    warmup: float = 0.05
    epochs: int = 1
    opd_prompts: int = 30_000


PAPER_COLD_START = ColdStart()


def preset(
    name: str, student: str, teacher: str = "", prompts: str = "", changes: Mapping[str, Any] = MappingProxyType({})
) -> TrainSpec:
    """The training run of this name for a pair and its prompts, with `changes` (see `changed`) of its settings.

    Only what comes out in the end must go together: a served teacher needs another form than most presets have.

    Raises:
        UsageError: no such preset, or one that is no `TrainSpec`; and as `TrainSpec`.
    """
    if name == "paper-cold-start":
        raise UsageError("preset 'paper-cold-start' is for `journeyman distill cold-start`; a training run takes 'paper'")
    if name not in CHANGES:
        raise UsageError(f"there is no preset {name!r}; there are: {', '.join(names())}")
    return made(student, teacher, prompts, {**CHANGES[name], **changes})


def names() -> tuple[str, ...]:
    """All presets."""
    return (*CHANGES, "paper-cold-start")
