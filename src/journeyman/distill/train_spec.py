"""What a training run is asked to do: one frozen dataclass, the only place where its defaults stand.

    TrainSpec("Qwen/Qwen3-1.7B", "Qwen/Qwen3-4B", "prompts.jsonl")                     # the paper's Table 2
    TrainSpec("student", "teacher", "prompts.jsonl", steps=100, lr=1e-4, loss=LossSpec(form="full"))
    changed(spec, {"loss.k": 4, "sampling.max_tokens": 512})                           # what options and files do

The defaults are those of "Rethinking On-Policy Distillation" (arXiv 2604.13016), Table 2, and of its released code where
the table is silent. Combinations that mean nothing are refused with their reason when the spec is made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.rollout.sampling import Sampling
from journeyman.errors import UsageError

Method = Literal["opd", "grpo"]
Schedule = Literal["constant", "cosine"]
Precision = Literal["float32", "bfloat16"]
Autocast = Literal["auto", "float32", "bfloat16"]
OnFailure = Literal["stop", "continue"]

_CHOICES = {
    "method": Method,
    "schedule": Schedule,
    "weights": Precision,
    "teacher_weights": Precision,
    "autocast": Autocast,
    "on_failure": OnFailure,
}


@dataclass(frozen=True)
class LoraSpec:
    """Train low-rank adapters in place of the weights.

    Attributes:
        rank, alpha: of the adapters; their product with the inputs is scaled by alpha / rank.
        dropout: of the adapters' inputs, in [0, 1).
        targets: names of the layers that get one; "all-linear" means every linear layer but the head.
    """

    rank: int = 32
    alpha: float = 64.0
    dropout: float = 0.0
    targets: tuple[str, ...] = ("all-linear",)

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise UsageError(f"the rank of an adapter is {self.rank}; it must be at least 1")
        if not 0 <= self.dropout < 1:
            raise UsageError(f"the dropout of an adapter is {self.dropout}; it lies in 0 to 1, 1 excluded")
        if any("lm_head" in target for target in self.targets):
            raise UsageError("an adapter on 'lm_head' is not supported: losses read the head's weights past the adapter")


@dataclass(frozen=True)
class GrpoSpec:
    """Group relative policy optimisation as the paper's teachers were made (Table 1).

    Attributes:
        clip: the ratio to the policy that the update began with is clipped to 1 - clip .. 1 + clip.
        correction: upper limit of p_trainer / p_sampler by which each token's term is multiplied; 0 leaves it out.
        scale_by_deviation: divide a group's advantages by the standard deviation of its rewards.
    """

    clip: float = 0.2
    correction: float = 2.0
    scale_by_deviation: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.clip < 1:
            raise UsageError(f"grpo.clip is {self.clip}; it lies between 0 and 1")
        if self.correction != 0 and not 1 <= self.correction < float("inf"):
            raise UsageError(f"grpo.correction is {self.correction}; use 0 for none, or a limit of at least 1")


@dataclass(frozen=True)
class EvaluationSpec:
    """How the student is scored while it is trained, on prompts of their own.

    Attributes:
        prompts: a file of prompts with answers; "": no evaluation.
        n: responses to each prompt.
        sampling: of the responses.
        limit: use only the first so many prompts.
        before: evaluate before the first step, too. The released code does not; gap recovery needs it.
        teacher: evaluate a local teacher once, before the first step; gap recovery needs it.
        template: of these prompts; None: that of the training prompts.
    """

    prompts: str = ""
    n: int = 16
    sampling: Sampling = field(default_factory=lambda: Sampling(0.7, 0.95, max_tokens=31_744))
    limit: int | None = None
    before: bool = True
    teacher: bool = True
    template: str | None = None

    def __post_init__(self) -> None:
        if self.n < 1:
            raise UsageError(f"evaluation.n is {self.n}; each prompt needs at least 1 response")
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"evaluation.limit is {self.limit}; use at least 1 prompt, or none at all with prompts ''")


@dataclass(frozen=True)
class TrainSpec:
    """A training run.

    Attributes:
        student, teacher: a folder or hub name; the teacher may be "http://host:port/v1#model". Method grpo has no teacher.
        prompts: a file of prompts (JSON lines, JSON or Parquet).
        method: `opd`, or `grpo` with the grader's verdict as the reward.
        loss: the divergence (opd); its temperature must be the sampling's.
        grpo: the policy loss (grpo).
        sampling: of the rollouts; `max_tokens` caps the response.
        evaluation: of the student while it is trained.
        lora: adapters in place of the weights, or None.
        prompts_per_step, rollouts_per_prompt: their product is the batch of one update.
        prompts_at_once: prompts sampled in one call, which bounds the memory of the cache; None: all that a process has.
            Random numbers are drawn for each call, so runs with different values sample different responses.
        steps: updates; None: `epochs` passes over the prompts, the incomplete batch at the end left out.
        epochs: passes over the prompts where `steps` is None.
        shuffle: a new order of the prompts in each pass, drawn from `seed`; else the order of the file.
        limit: use only the first so many prompts of the file.
        schema, template, enable_thinking, system: how prompts are read and rendered; see `data`.
        max_prompt_tokens: longer prompts are dropped, and counted.
        grader: how a response is graded ("math", "exact", "bracket", "file.py:function"); "": not at all. With opd it is
            logged and never enters the gradient.
        lr, schedule, warmup: peak learning rate; constant or down to 0 by a cosine; share of the steps of linear warm-up.
        betas, eps, weight_decay: of AdamW.
        clip_norm: the gradient's global norm is cut to this.
        max_skips: updates in a row that may be left out for a norm that is not finite; one more ends the run.
        weights: number format of the student's weights and of the optimizer. In bfloat16 an update of 1e-6 rounds away.
        teacher_weights: number format of a local teacher's weights.
        autocast: number format of matrix products in forward and backward passes; "auto": bfloat16 on a GPU, as in the
            paper, and float32 on a CPU, many of which are tens of times slower in bfloat16.
        gradient_checkpointing: recompute activations in the backward pass; sampling is not touched by it.
        tokens_per_micro_batch: padded tokens of one forward and backward pass; a longer sequence makes a pass of its own.
        loss_chunk: response tokens whose logits exist at one time; None: as many as fit into a modest memory.
        engine: what samples: "own", "generate", a server's address, or "auto".
        device: "auto" (a GPU if there is one), "cpu", "cuda", "cuda:1" ...
        k_metric: size of the top lists that metrics compare; it does not change with `loss.k`.
        metric_share: share of response tokens on which metrics are measured.
        bins: position bins of the heat map, over 0 .. sampling.max_tokens.
        save_every, eval_every: steps between checkpoints and between evaluations; 0: none but the last checkpoint.
        keep_last: newest checkpoints that are kept.
        sample_rows: responses logged token by token with each evaluation, and after the first step.
        watch_every: steps between judgements of the course; 0: none.
        on_failure: what a verdict of failure does: stop the run or go on.
        seed: of all randomness.

    Raises:
        UsageError: a value out of range, or a combination without meaning.
    """

    student: str
    teacher: str = ""
    prompts: str = ""
    method: Method = "opd"
    loss: LossSpec = field(default_factory=LossSpec)
    grpo: GrpoSpec = field(default_factory=GrpoSpec)
    sampling: Sampling = field(default_factory=lambda: Sampling(max_tokens=7_168))
    evaluation: EvaluationSpec = field(default_factory=EvaluationSpec)
    lora: LoraSpec | None = None
    prompts_per_step: int = 64
    rollouts_per_prompt: int = 4
    prompts_at_once: int | None = None
    steps: int | None = None
    epochs: int = 1
    shuffle: bool = False
    limit: int | None = None
    schema: str = "auto"
    template: str = "chat"
    enable_thinking: bool | None = None
    system: str | None = None
    max_prompt_tokens: int = 1_024
    grader: str = "math"
    lr: float = 1e-6
    schedule: Schedule = "constant"
    warmup: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    max_skips: int = 3
    weights: Precision = "float32"
    teacher_weights: Precision = "float32"
    autocast: Autocast = "auto"
    gradient_checkpointing: bool = True
    tokens_per_micro_batch: int = 32_768
    loss_chunk: int | None = None
    engine: str = "auto"
    device: str = "auto"
    k_metric: int = 16
    metric_share: float = 1.0
    bins: int = 32
    save_every: int = 20
    eval_every: int = 20
    keep_last: int = 2
    sample_rows: int = 4
    watch_every: int = 5
    on_failure: OnFailure = "stop"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in get_args(choices):
                raise UsageError(f"{name} {getattr(self, name)!r} is unknown; use one of {', '.join(get_args(choices))}")
        for name, least in _LEAST.items():
            if getattr(self, name) is not None and getattr(self, name) < least:
                raise UsageError(f"{name} is {getattr(self, name)}; it must be at least {least}")
        for name in ("lr", "eps", "clip_norm"):
            if not 0 < getattr(self, name) < float("inf"):
                raise UsageError(f"{name} is {getattr(self, name)}; it must be a positive number")
        if not 0 <= self.weight_decay < float("inf"):
            raise UsageError(f"weight_decay is {self.weight_decay}; it must be 0 or a positive number")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise UsageError(f"betas are {self.betas}; both lie in 0 to 1, 1 excluded")
        if not 0 <= self.warmup < 1:
            raise UsageError(f"warmup is {self.warmup}; it is a share of the steps, below 1")
        if not 0 < self.metric_share <= 1:
            raise UsageError(f"metric_share is {self.metric_share}; it is a share above 0 and up to 1")
        self._refuse_what_means_nothing()

    def _refuse_what_means_nothing(self) -> None:
        if not self.student:
            raise UsageError("a run needs a student: a folder or a hub name")
        if self.method == "opd" and not self.teacher:
            raise UsageError("method 'opd' needs a teacher: a folder, a hub name or a server's address")
        if self.method == "grpo" and self.teacher:
            raise UsageError(f"method 'grpo' learns from the grader alone; leave out the teacher {self.teacher!r}")
        if self.method == "grpo" and not self.grader:
            raise UsageError("method 'grpo' takes its reward from a grader; give one")
        if self.method == "grpo" and self.rollouts_per_prompt < 2:
            raise UsageError("method 'grpo' compares the responses to one prompt; rollouts_per_prompt must be at least 2")
        if self.sampling.temperature != self.loss.temperature:
            raise UsageError(
                f"the rollouts are sampled at temperature {self.sampling.temperature} but the loss takes the student at "
                f"{self.loss.temperature}; set sampling.temperature and loss.temperature to the same value"
            )
        cut = self.sampling.top_p < 1 or self.sampling.top_k > 0
        if cut and (self.method == "grpo" or self.loss.form == "sampled"):
            what = "method 'grpo'" if self.method == "grpo" else "form 'sampled'"
            raise UsageError(
                f"{what} takes the probability that a token was drawn with, which top_p {self.sampling.top_p} and top_k "
                f"{self.sampling.top_k} change; use top_p 1 and top_k 0"
            )
        served = self.teacher.startswith(("http://", "https://"))
        if served and self.loss.form != "sampled" and (self.loss.form != "topk" or self.loss.strategy != "teacher"):
            raise UsageError(
                "a served teacher tells the probabilities of the sampled tokens and of its own likeliest ones only; form "
                f"{self.loss.form!r} with strategy {self.loss.strategy!r} needs a teacher in this process: use form "
                "'sampled', or form 'topk' with strategy 'teacher'"
            )
        if self.schedule == "constant" and self.weights == "bfloat16" and self.lr < 1e-5 and self.lora is None:
            raise UsageError(
                f"with weights in bfloat16 most updates at a learning rate of {self.lr:g} round to nothing; use weights "
                "'float32' (autocast stays bfloat16), adapters, or a learning rate of 1e-5 or more"
            )


_LEAST = {
    "prompts_per_step": 1,
    "rollouts_per_prompt": 1,
    "prompts_at_once": 1,
    "steps": 1,
    "epochs": 1,
    "limit": 1,
    "max_prompt_tokens": 1,
    "max_skips": 0,
    "tokens_per_micro_batch": 1,
    "loss_chunk": 1,
    "k_metric": 1,
    "bins": 1,
    "save_every": 0,
    "eval_every": 0,
    "keep_last": 1,
    "sample_rows": 0,
    "watch_every": 0,
    "seed": 0,
}


def to_plain(spec: TrainSpec) -> dict[str, Any]:
    """The spec as plain data, for a log's header or a file. `from_plain` gives an equal spec back."""
    data: dict[str, Any] = _plain(spec)
    return data


def from_plain(data: Mapping[str, Any]) -> TrainSpec:
    """The spec that `to_plain` wrote, or that a user's file says. What is left out takes its default.

    Raises:
        UsageError: an unknown field, a value of the wrong type or out of range, a combination without meaning.
    """
    _refuse_unknown(TrainSpec, data, "")
    try:
        return msgspec.convert(data, TrainSpec)
    except msgspec.ValidationError as error:
        raise UsageError(_sentence(error, data)) from error


def changed(spec: TrainSpec, changes: Mapping[str, Any]) -> TrainSpec:
    """The spec with some fields changed; "loss.k" names a field of a part. Text is read as the field's own type, or as
    several, with commas between them.

    `lora` may be set to None, to a mapping of its fields, or field by field, which begins from the defaults.

    Raises:
        UsageError: as `from_plain`.
    """
    data = to_plain(spec)
    for name, value in changes.items():
        at = data
        *parts, last = name.split(".")
        for part in parts:
            inner = at.get(part)
            if inner is None and part == "lora":
                inner = at[part] = {}
            if not isinstance(inner, dict):
                raise UsageError(f"there is no setting {name!r}")
            at = inner
        several = isinstance(at.get(last), list) or name == "lora.targets"
        at[last] = value.split(",") if several and isinstance(value, str) else _plain(value)
    _refuse_unknown(TrainSpec, data, "")
    try:
        return msgspec.convert(data, TrainSpec, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(_sentence(error, data)) from error


def made(student: str, teacher: str, prompts: str, changes: Mapping[str, Any]) -> TrainSpec:
    """The defaults with `changes`; only what comes out in the end must go together.

    Raises:
        UsageError: as `from_plain`.
    """
    return changed(TrainSpec(student, "any", prompts), {"teacher": teacher, **changes})


def with_temperature(spec: TrainSpec, temperature: float) -> TrainSpec:
    """The spec with one temperature for the rollouts and for the student in the loss."""
    return replace(
        spec,
        loss=replace(spec.loss, temperature=temperature),
        sampling=replace(spec.sampling, temperature=temperature),
    )


def seed_of(*parts: int | str) -> int:
    """One seed for one purpose, in 0 .. 2^63 - 1: `seed_of(spec.seed, "rollout", step, call)`.

    Whatever is random in a run is drawn from the spec's seed and its own place in the run, never from what was drawn
    before; so a run that goes on at a step draws what it would have drawn without the interruption.
    """
    text = "/".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def _sentence(error: msgspec.ValidationError, data: Mapping[str, Any]) -> str:
    """What msgspec found, with the setting's name, its value, and the choices that there are."""
    if isinstance(error.__cause__, UsageError):
        return str(error.__cause__)
    said, at, path = str(error).partition(" - at `$.")
    name = path.rstrip("`").partition("[")[0]
    if not at:
        return f"the settings of the run cannot be used: {error}"
    kind: Any = TrainSpec
    value: Any = data
    for part in name.split("."):
        kind = LoraSpec if part == "lora" else get_type_hints(kind).get(part)
        value = value.get(part) if isinstance(value, Mapping) else None
    if get_origin(kind) is Literal:
        return f"{name} {value!r} is unknown; use one of {', '.join(map(str, get_args(kind)))}"
    return f"{name} is {value!r}: {said[:1].lower()}{said[1:].replace('`', '')}"


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return list(value) if isinstance(value, tuple) else value


_PARTS: dict[str, Any] = {
    "loss": LossSpec,
    "grpo": GrpoSpec,
    "sampling": Sampling,
    "evaluation": EvaluationSpec,
    "evaluation.sampling": Sampling,
    "lora": LoraSpec,
}


def _refuse_unknown(kind: Any, data: Mapping[str, Any], under: str) -> None:
    known = {f.name for f in fields(kind)}
    for name, value in data.items():
        if name not in known:
            raise UsageError(f"there is no setting '{under}{name}'; there are: {', '.join(sorted(known))}")
        part = _PARTS.get(under + name)
        if part is not None and isinstance(value, Mapping):
            _refuse_unknown(part, value, f"{under}{name}.")
