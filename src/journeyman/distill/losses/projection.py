"""From hidden states to logits and back, chunk by chunk, in memory that is used again.

Precision: products of bfloat16 on CUDA run as such and keep their sums in float32. Everything else is raised to float32
(float64 stays float64), half-precision heads a few thousand rows at a time, so that no float32 copy of a head exists.
Logits, softmax and sums over tokens are float32 always, under autocast, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from journeyman.distill.losses.heads import Head

ROWS_AT_A_TIME = 8192
"""Rows of a half-precision head that are raised to float32 together."""


@dataclass(frozen=True)
class Projection:
    """A head made ready: logits / temperature = outer * tanh(inner * (h W^T + b)), or inner * (h W^T + b) without a cap.

    Attributes:
        weight: [V, H], tokens only. bias: [V] or None.
        inner, outer: as above; outer is None where there is no cap.
        dtype: of logits and gradients.
        halves: products in bfloat16 with float32 sums.
    """

    weight: torch.Tensor
    bias: torch.Tensor | None
    inner: float
    outer: float | None
    dtype: torch.dtype
    halves: bool

    def write(self, hidden: torch.Tensor, out: torch.Tensor, tokens: slice = slice(None)) -> None:
        """Logits after temperature of hidden [n, H] into out [n, V], or into out [n, v] those of v tokens only."""
        if self.halves:
            torch.mm(hidden, self.weight[tokens].t(), out_dtype=self.dtype, out=out)
            if self.inner != 1.0:
                out.mul_(self.inner)
        else:
            scaled = hidden.to(self.dtype) * self.inner
            for rows, weight in self._raised(tokens):
                torch.mm(scaled, weight.t(), out=out[:, rows])
        if self.bias is not None:
            out.add_(self.bias[tokens].to(self.dtype) * self.inner)
        if self.outer is not None:
            out.tanh_().mul_(self.outer)

    def gather(self, hidden: torch.Tensor, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits [n, K] after temperature of the tokens ids [n, K], and the rows of the head [n, K, H] they come from."""
        rows = torch.nn.functional.embedding(ids, self.weight).to(self.dtype)
        values = (rows @ (hidden.to(self.dtype) * self.inner).unsqueeze(-1)).squeeze(-1)
        if self.bias is not None:
            values = values + self.bias[ids].to(self.dtype) * self.inner
        return (values if self.outer is None else values.tanh_().mul_(self.outer)), rows

    def slope(self, logits: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        """With a cap, what a gradient with respect to `logits` is multiplied by, beside `inner`: outer * (1 - tanh^2)."""
        assert self.outer is not None
        return torch.mul(logits, logits, out=out).mul_(-1 / self.outer).add_(self.outer)

    def back(self, gradient: torch.Tensor) -> torch.Tensor:
        """gradient [n, V] times the head: [n, H]."""
        if self.halves:
            return torch.mm(gradient.to(self.weight.dtype), self.weight, out_dtype=self.dtype)
        total = gradient.new_zeros(gradient.shape[0], self.weight.shape[1])
        for rows, weight in self._raised(slice(None)):
            total.addmm_(gradient[:, rows], weight)
        return total

    def _raised(self, tokens: slice) -> Iterator[tuple[slice, torch.Tensor]]:
        """The rows of `tokens`, in the dtype of the logits, with their places among them."""
        weight = self.weight[tokens]
        if weight.dtype == self.dtype:
            yield slice(None), weight
            return
        for start in range(0, weight.shape[0], ROWS_AT_A_TIME):
            rows = slice(start, start + ROWS_AT_A_TIME)
            yield rows, weight[rows].to(self.dtype)


def projection(head: Head, hidden: torch.Tensor, temperature: float) -> Projection:
    """`head` for hidden states like these."""
    weight = head.weight.detach()[: head.size]
    bias = None if head.bias is None else head.bias.detach()[: head.size]
    dtype = torch.promote_types(torch.promote_types(hidden.dtype, weight.dtype), torch.float32)
    halves = hidden.device.type == "cuda" and hidden.dtype == torch.bfloat16 and _mm_raises()
    if halves:
        weight = weight.to(torch.bfloat16)
    if head.cap is None:
        return Projection(weight, bias, head.scale / temperature, None, dtype, halves)
    return Projection(weight, bias, head.scale / head.cap, head.cap / temperature, dtype, halves)


def _mm_raises() -> bool:
    """Whether this torch multiplies half-precision matrices into a float32 one (from 2.8 on)."""
    return "dtype" in torch.ops.aten.mm.overloads()


@dataclass(frozen=True)
class Gradients:
    """What is collected while the loss is formed: gradients of the hidden states [N, H], the head [R, H], its bias [R].

    Each is None where nobody asks for it.
    """

    hidden: torch.Tensor | None
    weight: torch.Tensor | None
    bias: torch.Tensor | None

    @property
    def wanted(self) -> bool:
        """Whether anybody asks for any."""
        return any(part is not None for part in (self.hidden, self.weight, self.bias))

    def add(
        self, at: slice, gradient: torch.Tensor, weights: torch.Tensor, hidden: torch.Tensor, through: Projection
    ) -> None:
        """Add the tokens `at`: gradient [n, V] of their values (slope of a cap included), weights [n], hidden [n, H]."""
        size, scale = gradient.shape[1], (weights * through.inner).unsqueeze(-1)
        if self.hidden is not None:
            self.hidden[at] = through.back(gradient).mul_(scale)
        if self.weight is not None:
            weighted = hidden.to(through.dtype) * scale
            if through.halves:
                _add_product(self.weight[:size], gradient.to(through.weight.dtype), weighted.to(through.weight.dtype))
            else:
                self.weight[:size].addmm_(gradient.t(), weighted)
        if self.bias is not None:
            self.bias[:size].addmv_(gradient.t(), scale.squeeze(-1))

    def add_rows(
        self,
        at: slice,
        gradient: torch.Tensor,
        ids: torch.Tensor,
        rows: torch.Tensor,
        weights: torch.Tensor,
        hidden: torch.Tensor,
        through: Projection,
    ) -> None:
        """As `add`, from K tokens alone: gradient [n, K], ids [n, K], their rows of the head [n, K, H]."""
        scaled = gradient * (weights * through.inner).unsqueeze(-1)
        if self.hidden is not None:
            self.hidden[at] = (scaled.unsqueeze(-2) @ rows).squeeze(-2)
        if self.weight is not None:
            parts = scaled.unsqueeze(-1) * hidden.to(through.dtype).unsqueeze(-2)
            self.weight.index_add_(0, ids.reshape(-1), parts.flatten(0, 1))
        if self.bias is not None:
            self.bias.index_add_(0, ids.reshape(-1), scaled.reshape(-1))


def _add_product(into: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> None:
    """into [V, H] += left [n, V]^T right [n, H], products in half precision, sums in float32."""
    for start in range(0, into.shape[0], ROWS_AT_A_TIME):
        rows = slice(start, start + ROWS_AT_A_TIME)
        into[rows] += torch.mm(left[:, rows].t(), right, out_dtype=into.dtype)


def no_gradients(hidden: torch.Tensor, head: Head) -> Gradients:
    """Zeros for whatever of `hidden` and `head` is to be differentiated in this context."""

    def zeros(of: torch.Tensor | None) -> torch.Tensor | None:
        if of is None or not of.requires_grad or not torch.is_grad_enabled():
            return None
        return torch.zeros_like(of, dtype=torch.promote_types(of.dtype, torch.float32), requires_grad=False)

    return Gradients(zeros(hidden), zeros(head.weight), zeros(head.bias))
