"""The lab's models, declared: what each is made from, how, and which accuracy it must reach.

`LanguageModel`s of Qwen3's architecture with 0.3 to 1.2 M parameters. A declaration says everything that decides the
weights; `build.lab_model` makes a model from it, and fails loudly where the accuracy misses its band. Accuracy is the
share of right answers on fresh problems, sampled at temperature 1: at lower ones slips, which are rare, hardly show.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from journeyman.distill.check.figures import VerdictName
from journeyman.distill.lab.corpus import Corpus
from journeyman.distill.lab.language import Format, Language
from journeyman.distill.lab.tokenizer import Template
from journeyman.errors import UsageError

# Small operands leave a result near the number before it. Where all are alike, nothing is learned of a step until all
# three of its parts are read together, and whether a model of this size gets that far is a matter of its seed.
LANGUAGES: dict[str, Language] = {
    "chains": Language(operands=(2, 5)),
    "long": Language(shortest=6, longest=8, operands=(2, 5)),
    "nineteen": Language(modulus=19, shortest=3, longest=5, operands=(2, 5)),
}


@dataclass(frozen=True)
class Size:
    """Width, layers, attention heads and inner width of a Qwen3 configuration (heads share no keys)."""

    hidden: int
    layers: int
    heads: int
    inner: int


SMALL = Size(96, 3, 4, 256)  # 0.34 M parameters
MIDDLE = Size(128, 3, 4, 320)  # 0.58 M
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
    """Rejection-sampled fine-tuning: the parent solves problems and learns from its right solutions.

    Attributes:
        parent: name of the model that it begins as.
        templates: (template, share) pairs of the prompts; what is left out is soon forgotten.
        form: keep only solutions in this format; None keeps all.
        problems: how many are tried, once each. temperature: at which.
    """

    parent: str
    templates: tuple[tuple[Template, float], ...] = (("T0", 1.0),)
    form: Format | None = None
    problems: int = 6_144
    temperature: float = 0.7
    seed: int = 0
    epochs: float = 2.0
    batch: int = 16
    lr: float = 1.5e-3


@dataclass(frozen=True)
class Tune:
    """Further training of the parent on another corpus."""

    parent: str
    corpus: Corpus
    seed: int = 0
    batch: int = 32
    lr: float = 1e-3


@dataclass(frozen=True)
class Reinforce:
    """GRPO with the verifier's verdict as the reward, by the package's own trainer."""

    parent: str
    template: Template = "T0"
    steps: int = 50
    prompts: int = 32
    rollouts: int = 8
    lr: float = 1e-3
    seed: int = 0


Recipe = Pretrain | Reject | Tune | Reinforce


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


_CHAINS, _NINETEEN = LANGUAGES["chains"], LANGUAGES["nineteen"]
_UP_TO_8 = replace(LANGUAGES["long"], shortest=2)
_SLIPPING = (0.52, 0.70)
_IMPROVED = (0.95, 1.0)

_DECLARED = (
    LabModel("student", "learned from writers of format A who slip", Pretrain(Corpus(_CHAINS)), _SLIPPING),
    LabModel("student_b", "the student with another seed", Pretrain(Corpus(_CHAINS), seed=1), _SLIPPING),
    LabModel("twin", "the student, improved by its own right solutions", Reject("student"), _IMPROVED),
    LabModel("twin_rl", "the student, improved by GRPO", Reinforce("student"), (0.78, 1.0)),
    LabModel(
        "twin_t1", "the student, improved under template T1, with some of T0",
        Reject("student", templates=(("T1", 0.8), ("T0", 0.2))), _IMPROVED, template="T1",
    ),
    LabModel(
        "bigger", "3.5 times the student's size, the same kind of corpus",
        Pretrain(Corpus(_CHAINS, examples=14_400), BIG, seed=2, lr=1.8e-3), _SLIPPING,
    ),
    LabModel("bigger_rl", "the bigger model, improved by GRPO", Reinforce("bigger", prompts=16, steps=40), (0.70, 1.0)),
    LabModel(
        "mostly_a", "the student, taught on by writers of whom one in ten uses format B",
        Tune("student", Corpus(_CHAINS, formats=(("A", 0.9), ("B", 0.1)), examples=9_600), seed=3), _SLIPPING,
    ),
    LabModel(
        "both", "student_b, taught on by writers of formats A and B alike",
        Tune("student_b", Corpus(_CHAINS, formats=(("A", 0.5), ("B", 0.5)), examples=12_800), seed=4, lr=2e-3), _SLIPPING,
    ),
    LabModel(
        "teacher_a", "'both', improved on its right solutions in format A",
        Reject("both", form="A", problems=8_192), _IMPROVED,
    ),
    LabModel(
        "teacher_b", "'both', improved on its right solutions in format B",
        Reject("both", form="B", problems=8_192), _IMPROVED,
    ),
    LabModel(
        "long", "the student, taught chains of up to 8 operations by writers who slip half as often",
        Tune("student", Corpus(_UP_TO_8, templates=(("T0", 1.0),), slip=0.06)), (0.5, 0.8), "long",
    ),
    LabModel(
        "student_19", "another language (modulus 19), format B, another size",
        Pretrain(Corpus(_NINETEEN, formats=(("B", 1.0),), slip=0.10), MIDDLE, seed=11, lr=2.2e-3), (0.55, 0.75), "nineteen",
    ),
    LabModel("twin_19", "student_19, improved by its own right solutions", Reject("student_19"), _IMPROVED, "nineteen"),
    LabModel(
        "sibling_19", "student_19 with another seed and size",
        Pretrain(Corpus(_NINETEEN, formats=(("B", 1.0),), slip=0.10), SMALL, seed=12), (0.55, 0.75), "nineteen",
    ),
    LabModel(
        "format_a_19", "student_19, taught format A by writers who seldom slip",
        Tune("student_19", Corpus(_NINETEEN, formats=(("A", 1.0),), slip=0.01), seed=13, lr=2e-3), (0.85, 1.0), "nineteen",
    ),
)  # fmt: skip

ZOO: dict[str, LabModel] = {model.name: model for model in _DECLARED}


def declared(name: str) -> LabModel:
    """The declaration called `name`. Raises UsageError for any other name."""
    if name not in ZOO:
        raise UsageError(f"the lab has no model '{name}'; it has {', '.join(ZOO)}")
    return ZOO[name]


PAIRS: tuple[Pair, ...] = (
    Pair("student", "twin", "ready"),
    Pair("student", "twin_rl", "ready"),
    Pair("student", "bigger", "no_new_capability"),
    Pair("twin", "student", "no_new_capability"),
    Pair("twin", "bigger", "no_new_capability"),
    Pair("mostly_a", "teacher_a", "ready"),
    Pair("mostly_a", "teacher_b", "pattern_mismatch"),
    Pair("student", "teacher_b", "pattern_mismatch"),
    Pair("student", "twin_t1", "ready"),  # a fifth of its prompts were T0: claim E8a shows that it teaches in both
    Pair("student", "twin", "prompts_not_the_teachers", template="T1"),
    Pair("student", "twin_t1", "ready", template="T1"),
    Pair("long", "twin", "no_new_capability", "long"),  # 'twin' knows no chains of more than 4: it is wrong at any depth
    Pair("student_b", "teacher_a", "ready", held_out=True),
    Pair("student_b", "student", "no_new_capability", held_out=True),
    Pair("student_19", "twin_19", "ready", "nineteen", held_out=True),
    Pair("student_19", "sibling_19", "no_new_capability", "nineteen", held_out=True),
    Pair("twin_19", "student_19", "no_new_capability", "nineteen", held_out=True),
    Pair("student_19", "format_a_19", "pattern_mismatch", "nineteen", held_out=True),
    Pair("sibling_19", "twin_19", "ready", "nineteen", held_out=True),
)
