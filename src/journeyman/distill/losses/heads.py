"""The last step of a language model: from hidden states to logits, as data.

Losses take hidden states and heads rather than logits, so that the logits of one chunk of tokens at a time exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Head:
    """logits = cap * tanh(scale * (hidden W^T + b) / cap), without the tanh where there is no cap.

    Attributes:
        weight: [R, H], R rows of which the first `vocab` are tokens and the others padding.
        bias: [R] or None.
        scale: factor on the logits (Cohere's `logit_scale`, Granite's 1 / `logits_scaling`).
        cap: Gemma's `final_logit_softcapping`, or None.
        vocab: how many rows are tokens that the tokenizer knows; padded rows never get probability.
    """

    weight: Any
    bias: Any = None
    scale: float = 1.0
    cap: float | None = None
    vocab: int = 0

    @property
    def size(self) -> int:
        """How many tokens there are: `vocab`, or all rows where it is not given."""
        return self.vocab or int(self.weight.shape[0])

    def logits(self, hidden: Any, ids: Any = None) -> Any:
        """Logits of `hidden` [..., H]: [..., V] of all tokens, or [..., K] of `ids` [..., K] by gathering K rows each.

        Differentiable with respect to `hidden`, `weight` and `bias`.
        """
        import torch

        if ids is None:
            bias = None if self.bias is None else self.bias[: self.size]
            values = torch.nn.functional.linear(hidden, self.weight[: self.size], bias)
        else:
            rows = torch.nn.functional.embedding(ids, self.weight)
            values = (rows @ hidden.unsqueeze(-1)).squeeze(-1)
            if self.bias is not None:
                values = values + self.bias[ids]
        if self.scale != 1.0:
            values = values * self.scale
        if self.cap is not None:
            values = self.cap * torch.tanh(values / self.cap)
        return values
