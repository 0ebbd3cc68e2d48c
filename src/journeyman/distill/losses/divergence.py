"""The loss from hidden states and heads."""

from __future__ import annotations

from typing import Any

from journeyman.distill.losses.forms import Divergence, divergence_of_logits
from journeyman.distill.losses.heads import Head
from journeyman.distill.losses.observes import Observes
from journeyman.distill.losses.spec import LossSpec


def divergence(
    hidden_s: Any,
    head_s: Head,
    hidden_t: Any,
    head_t: Head,
    tokens: Any,
    weights: Any,
    spec: LossSpec,
    *,
    chunk: int | None = None,
    observe: Observes | None = None,
) -> Divergence:
    """The loss of N tokens from last hidden states [N, Hs] and [N, Ht]."""
    import torch

    with torch.no_grad():
        logits_t = head_t.logits(hidden_t)
    return divergence_of_logits(head_s.logits(hidden_s), logits_t, tokens, weights, spec, observe)
