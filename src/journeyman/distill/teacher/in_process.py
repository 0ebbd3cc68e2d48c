"""A teacher in this process: it tells everything, as hidden states and a head."""

from __future__ import annotations

from functools import cached_property

from journeyman.distill.model import LanguageModel, digest
from journeyman.distill.rollout.rollouts import Batch
from journeyman.distill.rollout.score import states_of
from journeyman.distill.teacher.signal import HiddenSignal


class InProcess:
    """Exact signals without gradient. The teacher's temperature belongs to the loss (`LossSpec.teacher_temperature`).

    Args:
        model: the teacher; its vocabulary must be the student's (`same_vocabulary`).
        tokens: tokens of one forward pass at most, so that memory holds.
    """

    def __init__(self, model: LanguageModel, *, tokens: int = 8192) -> None:
        self.model = model
        self.name = model.name
        self.tokens = tokens

    @cached_property
    def identity(self) -> str:
        """What stored scores are kept under: the digest of its weights."""
        return digest(self.model)

    def signal(self, batch: Batch) -> HiddenSignal:
        """Hidden states [N, H] that predict `batch.tokens`, and the head. `batch` may lie on another device."""
        here = batch.on(self.model.device)
        return HiddenSignal(states_of(self.model, here, self.tokens).to(batch.ids.device), self.model.head())
