"""What the loss is: one frozen dataclass, in which combinations that mean nothing are refused with their reason.

    LossSpec()                                       # the released code's loss: student's top-16, weights renormalised
    LossSpec(variant="eq5")                          # the paper's Eq 5: both distributions renormalised on the set
    LossSpec(form="full")                            # exact reverse KL over the whole vocabulary, Eq 4
    LossSpec(form="sampled")                         # log-ratio of the sampled token as a reward, Eq 3
    LossSpec(strategy="symmetric_difference", renormalise=False)

Source of the forms: "Rethinking On-Policy Distillation", arXiv 2604.13016, Eq 2-5, and its released code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from journeyman.errors import UsageError

Form = Literal["full", "topk", "sampled", "forward_kl", "jsd"]
Strategy = Literal["student", "teacher", "intersection", "union", "symmetric_difference"]
Weight = Literal["student", "teacher", "uniform"]
Variant = Literal["code", "eq5"]
Aggregation = Literal["token-mean", "seq-mean-token-sum", "seq-mean-token-mean", "seq-mean-token-sum-norm"]

_CHOICES = {"form": Form, "strategy": Strategy, "weight": Weight, "variant": Variant, "aggregation": Aggregation}


@dataclass(frozen=True)
class LossSpec:
    """A token-level divergence between the student's p and the teacher's q, at the states that the student visits.

    Attributes:
        form: `full` KL(p||q) over the vocabulary; `topk` on a token set; `sampled` log p(y) - log q(y) as a reward;
            `forward_kl` KL(q||p); `jsd` generalised Jensen-Shannon divergence.
        k: tokens of each model's top list (form `topk`).
        strategy: which set of tokens (form `topk`).
        weight: whose probabilities weigh the log-ratios (form `topk`, variant `code`).
        variant: `code` renormalises the weights only; `eq5` both distributions, so that k = 1 gives nothing.
        renormalise: weights sum to one on the set; else they are raw probabilities (variant `code`).
        tail: one more outcome holds what lies outside of the set, on both sides: a lower bound of the exact KL whose
            gradient cannot drain mass out of the set for nothing. Needs raw student weights.
        min_mass: positions where the student's mass on the set is below this take the tail form, whatever else is set.
        beta: share of the student in the mixture of `jsd`, in (0, 1).
        temperature: divides the student's logits, in the loss as in the sampling.
        teacher_temperature: divides the teacher's logits.
        aggregation: how tokens become one number.

    Raises:
        UsageError: a value out of range, or a combination without meaning.
    """

    form: Form = "topk"
    k: int = 16
    strategy: Strategy = "student"
    weight: Weight = "student"
    variant: Variant = "code"
    renormalise: bool = True
    tail: bool = False
    min_mass: float = 0.0
    beta: float = 0.5
    temperature: float = 1.0
    teacher_temperature: float = 1.0
    aggregation: Aggregation = "token-mean"

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in get_args(choices):
                raise UsageError(f"{name} {getattr(self, name)!r} is unknown; use one of {', '.join(get_args(choices))}")
        if self.k < 1:
            raise UsageError(f"k is {self.k}; a token set needs at least 1 token")
        for name in ("temperature", "teacher_temperature"):
            if not 0 < getattr(self, name) < float("inf"):
                raise UsageError(f"{name} is {getattr(self, name)}; it must be a positive number")
        if not 0 <= self.min_mass < 1:
            raise UsageError(f"min_mass is {self.min_mass}; it is a probability below 1")
        if not 0 < self.beta < 1:
            raise UsageError(f"beta is {self.beta}; it lies between 0 and 1 (for the ends use form full or forward_kl)")
        self._refuse_what_means_nothing()

    def _refuse_what_means_nothing(self) -> None:
        if self.form != "topk":
            for name in ("strategy", "weight", "variant", "renormalise", "tail", "min_mass"):
                if getattr(self, name) != getattr(_DEFAULTS, name):
                    raise UsageError(f"{name} belongs to form 'topk'; form {self.form!r} has no token set")
            return
        if self.variant == "eq5" and not self.renormalise:
            raise UsageError("variant 'eq5' renormalises both distributions; raw weights need variant 'code'")
        if self.variant == "eq5" and self.weight != "student":
            raise UsageError(f"variant 'eq5' is a KL divergence, weighted by p; weight {self.weight!r} needs 'code'")
        if self.tail and (self.renormalise or self.weight != "student" or self.variant != "code"):
            raise UsageError(
                "tail needs variant 'code', weight 'student' and renormalise false: no mass is lost, so nothing is rescaled"
            )
        if self.min_mass and self.weight != "student":
            raise UsageError(f"min_mass falls back to the tail form, which is weighted by the student, not {self.weight!r}")


class _Defaults:
    strategy, weight, variant, renormalise, tail, min_mass = "student", "student", "code", True, False, 0.0


_DEFAULTS = _Defaults()
