"""Options of `distill train`: each is a setting of TrainSpec, whose defaults stand there and nowhere else."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from journeyman.distill.train_spec import LoraSpec, TrainSpec
from journeyman.errors import UsageError


@dataclass(frozen=True)
class Setting:
    """An option `flag` for the setting `name` (dotted for a part), with its help. `also`: set to the same value."""

    flag: str
    name: str
    help: str
    metavar: str | None = None
    also: tuple[str, ...] = ()


_ALSO_IN_THE_LOSS = ("loss.temperature",)

SETTINGS = (
    Setting("--method", "method", "opd (from the teacher) or grpo (from the grader)."),
    Setting("--form", "loss.form", "full, topk, sampled, forward_kl or jsd."),
    Setting("--k", "loss.k", "Tokens of each model's top list (topk).", "N"),
    Setting("--strategy", "loss.strategy", "student, teacher, intersection, union or symmetric_difference (topk)."),
    Setting("--variant", "loss.variant", "code (the released one) or eq5 (the paper's) (topk)."),
    Setting("--aggregation", "loss.aggregation", "token-mean, or one of the seq-mean-token-... forms."),
    Setting("--temperature", "sampling.temperature", "Of rollouts, and of the student in the loss.", "T", _ALSO_IN_THE_LOSS),
    Setting("--max-tokens", "sampling.max_tokens", "Longest response.", "N"),
    Setting("--steps", "steps", "Updates [one pass over the prompts].", "N"),
    Setting("--prompts-per-step", "prompts_per_step", "Prompts of one update.", "N"),
    Setting("--rollouts", "rollouts_per_prompt", "Responses to each prompt.", "N"),
    Setting("--limit", "limit", "Use only the first N prompts.", "N"),
    Setting("--shuffle/--no-shuffle", "shuffle", "A new order of the prompts in each pass."),
    Setting("--lr", "lr", "Peak learning rate.", "RATE"),
    Setting("--schedule", "schedule", "constant or cosine."),
    Setting("--template", "template", "How prompts are rendered: chat, boxed, dapo, raw, or a file."),
    Setting("--enable-thinking/--no-thinking", "enable_thinking", "What the chat template is told, if it knows the word."),
    Setting("--grader", "grader", "math, exact, bracket or file.py:function; '' for none."),
    Setting("--eval-prompts", "evaluation.prompts", "File of prompts with answers to score the student on.", "FILE"),
    Setting("--eval-n", "evaluation.n", "Responses to each of them.", "N"),
    Setting("--eval-max-tokens", "evaluation.sampling.max_tokens", "Longest of those.", "N"),
    Setting("--eval-limit", "evaluation.limit", "Use only the first N of them.", "N"),
    Setting("--eval-every", "eval_every", "Steps between evaluations.", "N"),
    Setting("--save-every", "save_every", "Steps between checkpoints.", "N"),
    Setting("--lora", "lora.rank", "Train adapters of this rank in place of the weights.", "RANK"),
    Setting("--weights", "weights", "float32 or bfloat16, of the student."),
    Setting("--autocast", "autocast", "float32 or bfloat16, of matrix products."),
    Setting("--engine", "engine", "What samples: own, generate, a server's address, or auto."),
    Setting("--device", "device", "auto, cpu, cuda, cuda:1 ..."),
    Setting("--micro-batch", "tokens_per_micro_batch", "Tokens of one forward and backward pass.", "N"),
    Setting("--seed", "seed", "Seed of all randomness.", "N"),
)


def with_settings(command: Callable[..., int]) -> Callable[..., int]:
    """`command(..., **settings)` with an option for each of `SETTINGS` in place of `**settings`; None where not given."""
    signature = inspect.signature(command, eval_str=True)
    kept = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    made = [
        inspect.Parameter(
            parameter_of(setting), inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_annotation(setting)
        )
        for setting in SETTINGS
    ]
    plain = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in kept]
    command.__signature__ = signature.replace(parameters=[*plain, *made])  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in (*plain, *made)} | {"return": int}
    return command


def changes_of(given: Mapping[str, Any], more: Sequence[str]) -> dict[str, Any]:
    """What options (by parameter) and `--set NAME=VALUE` change, by setting. Raises UsageError for what is no NAME=VALUE."""
    changes: dict[str, Any] = {}
    for setting in SETTINGS:
        value = given.get(parameter_of(setting))
        if value is not None:
            changes |= dict.fromkeys((setting.name, *setting.also), value)
    for each in more:
        name, equals, text = each.partition("=")
        if not (name and equals):
            raise UsageError(f"--set takes NAME=VALUE, such as loss.k=4, not {each!r}")
        changes[name.strip()] = None if text in ("none", "None") else text
    return changes


def parameter_of(setting: Setting) -> str:
    """The name of the function's parameter for an option."""
    return "set_" + setting.name.replace(".", "_")


def default_of(name: str) -> Any:
    """What TrainSpec has for a setting if nothing is said. Raises UsageError where there is no such setting."""
    value: Any = TrainSpec("student", "teacher")
    for part in name.split("."):
        if not hasattr(value, part):
            raise UsageError(f"there is no setting {name!r}")
        value = LoraSpec() if part == "lora" else getattr(value, part)
    return value


def type_of(name: str) -> type:
    """str, int, float or bool: what a setting's text is read as."""
    kind: Any = TrainSpec
    for part in name.split("."):
        kind = LoraSpec if part == "lora" else typing.get_type_hints(kind)[part]
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        kind = next(each for each in typing.get_args(kind) if each is not type(None))
    if typing.get_origin(kind) is typing.Literal:
        return str
    assert isinstance(kind, type)
    return kind


def shown(default: Any) -> str:
    """A default as help texts show it."""
    if isinstance(default, bool):
        return "yes" if default else "no"
    return f"{default:g}" if isinstance(default, float) else str(default)


def _annotation(setting: Setting) -> Any:
    default = default_of(setting.name)
    said = setting.help
    if default not in (None, "") and "[" not in said and setting.name != "lora.rank":
        said = f"{said.rstrip('.')} [{shown(default)}]."
    kind = type_of(setting.name)
    metavar = setting.metavar or (None if kind is bool else "NAME")
    return Annotated[kind | None, typer.Option(setting.flag, metavar=metavar, help=said, show_default=False)]
