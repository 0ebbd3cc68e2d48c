"""Whoever wants to see both distributions while a loss is formed: metrics ride on the pass that the loss makes anyway."""

from __future__ import annotations

from typing import Any, Protocol


class Observes(Protocol):
    """Is shown the chunks it asks for, in order, once each. What it sees changes nothing in the loss."""

    def wants(self, chunk: slice) -> bool:
        """Whether to show it the tokens `chunk` of 0..N. Asked once a chunk."""
        ...

    def see(self, chunk: slice, logp: Any, logq: Any) -> None:
        """Log-probabilities [n, V] of student and teacher, after temperature, float32 (float64 for float64 inputs).

        Without gradient, not to be written to, and valid during the call only: the memory is used again.
        `logq` is None where the teacher is served and tells no distribution.
        """
        ...
