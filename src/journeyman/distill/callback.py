"""Our metrics inside another trainer: a plain function for any loop, and a callback for transformers' and TRL's trainers.

    metrics = log_metrics(student_logits, teacher_logits, tokens, mask)       # [B, L, V], [B, L, V], [B, L], [B, L]

    trainer = DistillationTrainer(...)
    DistillCallback(teacher, prompts, every=10, watch=Watch("warn")).attach(trainer)
    trainer.train()

The callback samples from the model as it is, scores the responses with both, and logs where the trainer does: TensorBoard,
Weights & Biases, its own history. The trainer's loss is not touched.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from journeyman.distill.check.figures import Verdict
from journeyman.distill.data.prompt import Prompt
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.model import LanguageModel, wrap
from journeyman.distill.rollout.sampling import Sampling
from journeyman.distill.teacher.signal import Teacher
from journeyman.distill.watch import Watch
from journeyman.errors import MissingExtra, TrainingFailed, UsageError

try:
    from transformers import TrainerCallback
except ImportError as error:
    raise MissingExtra(f"a callback needs transformers ({error}): pip install 'journeyman[distill]'") from error


def log_metrics(
    student_logits: Any,
    teacher_logits: Any,
    tokens: Any,
    mask: Any,
    *,
    temperature: float = 1.0,
    teacher_temperature: float = 1.0,
    k_metric: int = 16,
    shifted: bool = False,
) -> dict[str, float]:
    """Every in-pass metric of a batch that another trainer has at hand, by flat name; nothing is differentiated.

    Args:
        student_logits, teacher_logits: [B, L, V], as the models give them; columns beyond the smaller V must be padding.
        tokens: [B, L] int64, prompt and response.
        mask: [B, L], true at the response tokens, the end-of-sequence token included.
        temperature, teacher_temperature: what the loss divides the logits by.
        k_metric: size of the top lists.
        shifted: logits [b, i] already belong to token [b, i]; else, as models give them, to token [b, i + 1].

    Raises UsageError where shapes do not fit, or no response token is left.
    """
    import torch

    from journeyman.distill.diagnostics.in_pass import Observer

    if student_logits.shape[:2] != tokens.shape or teacher_logits.shape[:2] != tokens.shape or mask.shape != tokens.shape:
        raise UsageError(
            f"logits {tuple(student_logits.shape)} and {tuple(teacher_logits.shape)}, tokens {tuple(tokens.shape)} and mask "
            f"{tuple(mask.shape)}: the first two sizes of all four must be equal"
        )
    chosen = mask.bool().clone()
    if not shifted:
        chosen[:, 0] = False
    lengths = chosen.sum(1)
    kept = lengths > 0
    if not bool(kept.any()):
        raise UsageError("the mask leaves no response token")
    rows, columns = chosen.nonzero(as_tuple=True)
    at = columns if shifted else columns - 1
    size = min(student_logits.shape[2], teacher_logits.shape[2])
    positions = torch.cat([torch.arange(int(n)) for n in lengths[kept]])
    observer = Observer(tokens[rows, columns].cpu(), lengths[kept], positions, k_metric)
    with torch.no_grad():
        for first in range(0, len(rows), 128):
            part = slice(first, first + 128)
            logp, logq = (
                torch.log_softmax(logits[rows[part], at[part], :size].float() / divisor, -1).cpu()
                for logits, divisor in ((student_logits, temperature), (teacher_logits, teacher_temperature))
            )
            observer.see(slice(first, first + len(logp)), logp, logq)
    return observer.metrics()


class DistillCallback(TrainerCallback):  # type: ignore[misc]
    """Logs the metrics of the pair every few steps of a transformers or TRL trainer, and watches their course.

    Args:
        teacher: a folder, a hub name, a model in memory or any `Teacher`.
        prompts: a few questions; they are sampled from anew each time, with the same seed.
        tokenizer: of the student; None takes the trainer's.
        every: steps between two looks.
        n, sampling, spec, template: as in `measure`.
        watch: what to do on a verdict; `stop` ends training after the step.
        seed: of the sampling.

    `attach(trainer)` puts it into a trainer, so that the metrics go wherever the trainer's own go. Passed to a trainer as
    one of `callbacks` it knows no trainer, and the metrics are in `trainer.state.log_history` only.

    After a look, `course` has every metric's values so far, `verdicts` the (step, verdict) pairs.
    """

    def __init__(
        self,
        teacher: str | Path | LanguageModel | Teacher,
        prompts: Sequence[Prompt],
        *,
        tokenizer: Any = None,
        every: int = 10,
        n: int = 1,
        sampling: Sampling | None = None,
        spec: LossSpec | None = None,
        template: str = "chat",
        watch: Watch | None = None,
        seed: int = 0,
    ) -> None:
        if every < 1:
            raise UsageError(f"every is {every}; look every 1 step or more")
        self.teacher = teacher
        self.prompts = list(prompts)
        self.tokenizer = tokenizer
        self.every, self.n, self.seed, self.template = every, n, seed, template
        self.sampling = sampling or Sampling(max_tokens=256)
        self.spec = spec or LossSpec()
        self.watch = watch or Watch("off")
        self.course: dict[str, list[float]] = {}
        self.verdicts: list[tuple[int, Verdict]] = []
        self._pair: tuple[LanguageModel, Teacher] | None = None
        self._trainer_loss: float | None = None
        self._trainer: Any = None

    def attach(self, trainer: Any) -> DistillCallback:
        """Become one of the callbacks of a transformers or TRL trainer, and log where it logs."""
        self._trainer = trainer
        if self not in trainer.callback_handler.callbacks:
            trainer.add_callback(self)
        return self

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, float] | None = None, **more: Any) -> None:
        """Keep the trainer's own loss, so that it can be held against the divergence."""
        if logs and "loss" in logs:
            self._trainer_loss = float(logs["loss"])

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> Any:
        """Look, where it is due; log under the names of docs/distill-metrics.md."""
        if state.global_step % self.every or not state.is_world_process_zero:
            return control
        metrics = self.look(more["model"], more.get("processing_class") or more.get("tokenizer"))
        self._log(state, control, metrics)
        try:
            verdict = self.watch.look(self.course)
        except TrainingFailed as error:
            verdict = self.watch.judge(self.course)
            self.watch.tell(str(error))
            control.should_training_stop = True
        if verdict is not None:
            self.verdicts.append((state.global_step, verdict))
        return control

    def _log(self, state: Any, control: Any, metrics: dict[str, float]) -> None:
        if self._trainer is None:
            state.log_history.append({"step": state.global_step, **metrics})
            return
        from transformers import Trainer

        due = control.should_log
        # Not the trainer's own `log`: TRL's empties there what it has gathered for the next line.
        Trainer.log(self._trainer, dict(metrics))
        control.should_log = due  # which that took for done

    def look(self, model: Any, tokenizer: Any = None) -> dict[str, float]:
        """Sample, score with both models, and keep the metrics in `course`."""
        from journeyman.distill.check.pair import observe, top_size
        from journeyman.distill.data.templates import render_all
        from journeyman.distill.rollout.engines import sampler_for

        student, teacher = self._opened(model, tokenizer)
        ids = render_all(self.prompts, student, self.template).ids
        rollouts = sampler_for(student).sample(ids, self.n, self.sampling, self.seed)
        metrics = dict(observe(student, teacher, rollouts, self.spec, k_metric=top_size(student)).metrics)
        metrics["journeyman/loss"] = metrics.pop("loss")
        for name, value in metrics.items():
            self.course.setdefault(name, []).append(value)
        # Before the trainer has said its loss there is none: ours may be another one, and the two make no curve together.
        self.course.setdefault("loss", []).append(math.nan if self._trainer_loss is None else self._trainer_loss)
        return metrics

    def _opened(self, model: Any, tokenizer: Any) -> tuple[LanguageModel, Teacher]:
        from journeyman.distill.teacher.open import open_teacher

        inner = model.module if hasattr(model, "module") else model
        if self._pair is None:
            words = self.tokenizer or tokenizer
            if words is None:
                raise UsageError("the trainer has no tokenizer: pass tokenizer=... to the callback")
            student = wrap(getattr(inner, "name_or_path", "student") or "student", inner, words)
            teacher = self.teacher
            if isinstance(teacher, str | Path | LanguageModel):
                teacher = open_teacher(teacher, device=str(student.device), student=student)
            self._pair = student, teacher
        student, teacher = self._pair
        return replace(student, model=inner), teacher
