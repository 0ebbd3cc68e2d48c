"""The lab's models, declared: what each is made from, how, and which accuracy it must reach.

`LanguageModel`s of Qwen3's architecture with 0.3 to 1.2 M parameters. A declaration says everything that decides the
weights; `build.lab_model` makes a model from it, and fails loudly where the accuracy misses its band. Accuracy is the
share of right answers on fresh problems, sampled at temperature 1: at lower ones slips, which are rare, hardly show.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from journeyman.distill.check.figures import VerdictName
from journeyman.distill.lab.corpus import Corpus
from journeyman.distill.lab.language import Format, Language
from journeyman.distill.lab.tokenizer import Template
from journeyman.errors import UsageError

LANGUAGES: dict[str, Language] = {
    "chains": Language(operands=(1, 8)),
}


@dataclass(frozen=True)
class Size:
    """Width, layers, attention heads and inner width of a Qwen3 configuration (heads share no keys)."""

    hidden: int
    layers: int
    heads: int
    inner: int


SMALL = Size(96, 3, 4, 256)  # 0.34 M parameters
BIG = Size(160, 4, 5, 416)  # 1.2 M


@dataclass(frozen=True)
class Pretrain:
    """From random weights, one pass over a corpus. `seed` draws the weights, the corpus and its order."""

    corpus: Corpus
    size: Size = SMALL
    seed: int = 0
    epochs: float = 1.0
    batch: int = 32
    lr: float = 3e-3


@dataclass(frozen=True)
class Reject:
    """Rejection-sampled fine-tuning: the parent solves problems at temperature 1 and learns from its right solutions.

    Attributes:
        parent: name of the model that it begins as.
        template: of the prompts, and of the model's tokenizer from then on.
        form: keep only solutions in this format; None keeps all.
        problems: how many are tried, once each.
    """

    parent: str
    template: Template = "T0"
    form: Format | None = None
    problems: int = 6_144
    seed: int = 0
    epochs: float = 2.0
    batch: int = 32
    lr: float = 1e-3


Recipe = Pretrain | Reject


@dataclass(frozen=True)
class LabModel:
    """A declared model.

    Attributes:
        name: what `lab_model` is asked for.
        says: what it is there for.
        recipe: how it is made.
        accuracy: lowest and highest share of right answers that a build may reach.
        language: name in LANGUAGES of what it is evaluated on.
        template: its tokenizer's chat template.
    """

    name: str
    says: str
    recipe: Recipe
    accuracy: tuple[float, float]
    language: str = "chains"
    template: Template = "T0"


@dataclass(frozen=True)
class Pair:
    """A student and a teacher of the lab, and what must be said of them on `language`'s prompts in `template`.

    `held_out`: thresholds of verdicts were not chosen with it in view.
    """

    student: str
    teacher: str
    expected: VerdictName
    language: str = "chains"
    template: Template = "T0"
    held_out: bool = field(default=False, kw_only=True)


_CHAINS = LANGUAGES["chains"]

_DECLARED = (
    LabModel("student", "learned from slipping writers", Pretrain(Corpus(_CHAINS)), (0.52, 0.70)),
    LabModel("student_b", "the student with another seed", Pretrain(Corpus(_CHAINS), seed=1), (0.52, 0.70)),
    LabModel("twin", "the student, improved by its own right solutions", Reject("student"), (0.95, 1.0)),
    LabModel("bigger", "3.6 times the student's size, same kind of corpus", Pretrain(Corpus(_CHAINS), BIG, seed=2), (0.52, 0.70)),
)  # fmt: skip

ZOO: dict[str, LabModel] = {model.name: model for model in _DECLARED}


def declared(name: str) -> LabModel:
    """The declaration called `name`. Raises UsageError for any other name."""
    if name not in ZOO:
        raise UsageError(f"the lab has no model '{name}'; it has {', '.join(ZOO)}")
    return ZOO[name]
