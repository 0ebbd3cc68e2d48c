"""What a run will take, in memory and in hours, before it is begun: from the models' configurations and a throughput.

    print(forecast(spec))                                      # throughput estimated from this machine's matrix products
    print(forecast(spec, tokens_per_s=2500, mean_length=900))  # as measured in a run of the same pair

No weights are read. Memory is the sum of what must exist together at the worst moment of a step; tests hold it to within a
factor of 1.6 of a measured peak. Hours are an upper bound in so far as every response is taken to be as long as it may be,
unless `mean_length` says otherwise, and rough in so far as the throughput is: where it was estimated, take a factor of 3
either way.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from journeyman.distill.batches import steps_in
from journeyman.distill.model import EXTRA
from journeyman.distill.parallel import computes_in
from journeyman.distill.train_spec import TrainSpec
from journeyman.errors import MissingExtra, ModelNotFound

GB = 1e9
_BYTES = {"float32": 4, "bfloat16": 2}
_CACHE_ON_CPU = 2 * 2**30
_TRAINING_SHARE, _DECODING_SHARE = 0.35, 0.1
"""Of the machine's matrix products, what training and decoding in large batches reach."""


@dataclass(frozen=True)
class Shape:
    """What a configuration says of a model: counts and widths."""

    parameters: int
    adapters: int
    hidden: int
    layers: int
    inner: int
    queries: int
    keys: int
    vocabulary: int

    @property
    def trained(self) -> int:
        """Parameters that get a gradient."""
        return self.adapters or self.parameters


@dataclass(frozen=True)
class Forecast:
    """Attributes:
    student_parameters, teacher_parameters: None for a served teacher, or none at all.
    memory_gb: by part, in 1e9 bytes, for one process. `peak_gb`: at the worst moment of a step; `free_gb`: what the device
        has, None where nobody can tell.
    steps: updates. tokens_per_step: response tokens, each as long as `mean_length`.
    tokens_per_s: response tokens sampled, scored and trained on in a second; `basis` says where that is from.
    hours: of all steps; `evaluation_hours`: of the evaluations beside them.
    """

    student_parameters: int
    teacher_parameters: int | None
    memory_gb: dict[str, float]
    peak_gb: float
    free_gb: float | None
    steps: int
    mean_length: float
    tokens_per_step: float
    tokens_per_s: float
    basis: str
    hours: float
    evaluation_hours: float

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {size:.2f}" for name, size in self.memory_gb.items() if size >= 0.005)
        room = "" if self.free_gb is None else f" of {self.free_gb:.1f} GB"
        fits = "" if self.free_gb is None or self.peak_gb <= self.free_gb else "; that does not fit"
        return (
            f"memory: {self.peak_gb:.2f} GB{room} at the worst moment{fits} ({parts})\n"
            f"time: {self.steps:,} {'step' if self.steps == 1 else 'steps'} of {self.tokens_per_step:,.0f} tokens at "
            f"{self.tokens_per_s:,.0f} tokens/s ({self.basis}): {_time(self.hours)}, and {_time(self.evaluation_hours)} "
            f"for evaluations, with responses of {self.mean_length:,.0f} tokens"
        )


def _time(hours: float) -> str:
    """Hours as a person says them."""
    return f"{hours:,.1f} h" if hours >= 1 else f"{60 * hours:.0f} min" if hours >= 1 / 30 else f"{3600 * hours:.0f} s"


def forecast(
    spec: TrainSpec, *, tokens_per_s: float | None = None, mean_length: float | None = None, processes: int = 1
) -> Forecast:
    """What the run will take.

    Args:
        tokens_per_s: response tokens that the whole loop gets through in a second, measured in a like run
            (`throughput_of`); None: estimated from the speed of matrix products on the device.
        mean_length: of a response, in tokens; None: the longest allowed.
        processes: that share the work under torchrun.

    Raises:
        ModelNotFound: no configuration under the student's or the teacher's name.
        DataInvalid: the prompts cannot be read, and `spec.steps` is None, so that they must be counted.
    """
    served = spec.teacher.startswith(("http://", "https://"))
    student = shape_of(spec.student, spec)
    teacher = None if served or not spec.teacher else shape_of(spec.teacher, None)
    device = _device(spec)
    length = float(spec.sampling.max_tokens if mean_length is None else mean_length)
    tokens = spec.prompts_per_step * spec.rollouts_per_prompt * length
    memory = _memory(spec, student, teacher, device, processes)
    # Sampling and the update do not happen at the same time.
    moments = [memory["cache"], memory["activations"] + memory["loss"] + memory["teacher's states"] + memory["gradients"]]
    together = ("weights", "optimizer", "whole copy", "teacher")
    peak = sum(memory[name] for name in together) + max(moments)
    basis = "as given"
    if tokens_per_s is None:
        speed = matrix_speed(device, computes_in(spec.autocast, device))
        tokens_per_s = processes * _estimated(spec, student, teacher, speed)
        basis = f"estimated from matrix products at {speed / 1e12:.2g} TFLOP/s"
    steps = spec.steps or steps_in(spec, _count(spec))
    return Forecast(
        student.parameters, None if teacher is None else teacher.parameters, memory, peak, _free(device), steps, length,
        tokens, tokens_per_s, basis, steps * tokens / tokens_per_s / 3600,
        _evaluation_tokens(spec, steps, length) / (tokens_per_s * _evaluation_gain(spec, student, teacher)) / 3600,
    )  # fmt: skip


def shape_of(name: str, spec: TrainSpec | None) -> Shape:
    """The shape of the model with this folder or hub name, made without its weights. `spec`: whose adapters it gets."""
    try:
        import torch
        import transformers
    except ImportError as error:
        raise MissingExtra(f"a forecast needs torch and transformers ({error}): {EXTRA}") from error
    try:
        config = transformers.AutoConfig.from_pretrained(name)
        with torch.device("meta"):
            model: Any = transformers.AutoModelForCausalLM.from_config(config)
    except (OSError, ValueError, KeyError) as error:
        said = str(error).strip().split("\n", 1)[0]
        raise ModelNotFound(f"'{name}' has no configuration of a language model: {said}") from error
    text = config.get_text_config()
    heads = int(text.num_attention_heads)
    width = int(getattr(text, "head_dim", None) or text.hidden_size // heads)
    head = model.get_output_embeddings()
    adapters = 0
    if spec is not None and spec.lora is not None:
        linear = [part for part in model.modules() if isinstance(part, torch.nn.Linear) and part is not head]
        adapters = sum(spec.lora.rank * (part.in_features + part.out_features) for part in linear)
    return Shape(
        sum(weight.numel() for weight in model.parameters()), adapters, int(text.hidden_size),
        int(text.num_hidden_layers), int(text.intermediate_size), heads * width,
        int(getattr(text, "num_key_value_heads", None) or heads) * width, int(head.weight.shape[0]),
    )  # fmt: skip


def throughput_of(step_costs: Any, steps: Any) -> float:
    """Response tokens a second of a run, from `events.costs` and `events.steps`; its first step, which warms up, apart."""
    later = list(zip(step_costs, steps, strict=True))[1:] or list(zip(step_costs, steps, strict=True))
    return float(sum(step.tokens for _, step in later) / sum(cost.wall_s for cost, _ in later))


def matrix_speed(device: str, dtype: str) -> float:
    """Operations a second of products of 1024 x 1024 matrices on the device, the best of a few."""
    import torch

    with torch.no_grad():
        left = torch.rand(1024, 1024, device=device, dtype=getattr(torch, dtype))
        best = float("inf")
        for _ in range(4):
            began = time.perf_counter()
            product = left @ left
            float(product[0, 0])  # waits for a GPU
            best = min(best, time.perf_counter() - began)
    return 2 * 1024**3 / best


def _memory(spec: TrainSpec, s: Shape, t: Shape | None, device: str, processes: int) -> dict[str, float]:
    """Bytes by part, in GB, for one process."""
    each, computed = _BYTES[spec.weights], _BYTES[computes_in(spec.autocast, device)]
    longest = spec.max_prompt_tokens + spec.sampling.max_tokens
    rows = spec.prompts_per_step * spec.rollouts_per_prompt / processes
    tokens = min(max(spec.tokens_per_micro_batch, longest), rows * longest)
    # What autograd keeps of a token: normed inputs in float32 and as computed, queries, keys, values, the inner layer.
    kept = s.hidden * (3 * 4 + 3 * computed) + (4 * s.queries + 4 * s.keys + 4 * s.inner) * computed
    at_boundaries = s.layers * s.hidden * max(4, computed)
    activations = tokens * (at_boundaries + 2 * kept if spec.gradient_checkpointing else s.layers * kept)
    response = tokens * spec.sampling.max_tokens / longest
    rows_at_once = spec.loss_chunk or (80 if device == "cpu" else 512) * 2**20 / (4 * s.vocabulary)
    chunk = min(rows_at_once, response) * s.vocabulary * 4
    head = 0 if s.adapters else s.vocabulary * s.hidden * 4
    cache = rows * longest * 2 * s.layers * s.keys * computed
    if device == "cpu":
        cache = min(cache, _CACHE_ON_CPU)
    parts = {
        "weights": s.parameters * each / processes,
        "gradients": s.trained * each / processes,
        "optimizer": 2 * s.trained * each / processes,
        "whole copy": s.parameters * each if processes > 1 else 0,
        "teacher": t.parameters * _BYTES[spec.teacher_weights] if t is not None else 0,
        "activations": activations,
        "loss": 3 * chunk + head + 2 * response * s.hidden * 4,
        "teacher's states": response * t.hidden * 4 if t is not None else 0,
        "cache": cache,
    }
    return {name: size / GB for name, size in parts.items()}


def _estimated(spec: TrainSpec, s: Shape, t: Shape | None, speed: float) -> float:
    """Response tokens a second, prompts taken to be short beside responses."""
    training = (8 if spec.gradient_checkpointing else 6) * s.parameters + (2 * t.parameters if t is not None else 0)
    return 1 / (training / (_TRAINING_SHARE * speed) + 2 * s.parameters / (_DECODING_SHARE * speed))


def _evaluation_gain(spec: TrainSpec, s: Shape, t: Shape | None) -> float:
    """How many times faster a token is sampled alone than sampled, scored and trained on."""
    return 1 / (_estimated(spec, s, t, 1.0) * 2 * s.parameters / _DECODING_SHARE)


def _evaluation_tokens(spec: TrainSpec, steps: int, length: float) -> float:
    wanted = spec.evaluation
    if not wanted.prompts:
        return 0.0
    from journeyman.distill.data.prompts import read_prompts

    prompts = len(read_prompts(wanted.prompts, limit=wanted.limit))
    times = (-(-steps // spec.eval_every) if spec.eval_every else 1) + wanted.before + wanted.teacher
    # Responses are taken to be as far below their limit here as in training.
    return times * prompts * wanted.n * wanted.sampling.max_tokens * length / spec.sampling.max_tokens


def _count(spec: TrainSpec) -> int:
    from journeyman.distill.data.prompts import read_prompts

    return len(read_prompts(spec.prompts, limit=spec.limit, schema=spec.schema))


def _device(spec: TrainSpec) -> str:
    import torch

    if spec.device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return spec.device


def _free(device: str) -> float | None:
    import torch

    if torch.device(device).type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0]) / GB if torch.cuda.is_available() else None
    import psutil

    return float(psutil.virtual_memory().available) / GB
