"""The part of a step that is differentiated: the student's pass and the loss, as one module.

One module, because under FSDP2 its forward is what gathers the embeddings and the head that losses read as data.
"""

from __future__ import annotations

from typing import Any

import torch

from journeyman.distill.grpo import Outcome, policy_loss
from journeyman.distill.losses.divergence import divergence
from journeyman.distill.losses.forms import Divergence
from journeyman.distill.losses.observes import Observes
from journeyman.distill.losses.served import divergence_served
from journeyman.distill.model import LanguageModel
from journeyman.distill.rollout.rollouts import Batch
from journeyman.distill.teacher.signal import HiddenSignal, ServedSignal
from journeyman.distill.train_spec import TrainSpec


class Step(torch.nn.Module):  # type: ignore[misc]  # torch is Any to mypy
    """A student under the loss of a spec."""

    def __init__(self, student: LanguageModel, spec: TrainSpec) -> None:
        super().__init__()
        self.model = student.model
        self.student = student
        self.spec = spec

    def forward(
        self,
        batch: Batch,
        signal: HiddenSignal | ServedSignal | Outcome,
        weights: Any,
        observe: Observes | None = None,
    ) -> Divergence:
        """The loss of a batch: sum over its N tokens of `weights` [N] times the token's term.

        What the signal is decides what the loss is: a teacher's hidden states or a server's numbers give the divergence
        of the spec, an outcome gives the policy loss of GRPO.
        """
        hidden = self.student.hidden(batch.ids, batch.mask)[batch.rows, batch.columns]
        head, spec = self.student.head(), self.spec
        if isinstance(signal, HiddenSignal):
            return divergence(
                hidden, head, signal.hidden, signal.head, batch.tokens, weights, spec.loss,
                chunk=spec.loss_chunk, observe=observe,
            )  # fmt: skip
        if isinstance(signal, ServedSignal):
            return divergence_served(
                hidden, head, signal, batch.tokens, weights, spec.loss, chunk=spec.loss_chunk, observe=observe
            )
        return policy_loss(
            hidden, head, signal, batch.tokens, weights, spec.grpo,
            temperature=spec.loss.temperature, chunk=spec.loss_chunk, observe=observe,
        )  # fmt: skip
