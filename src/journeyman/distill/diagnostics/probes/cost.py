"""What a probe takes: predicted before it runs, counted after."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Attributes:
    generated: tokens sampled; as a prediction, the most that can be.
    forward: tokens that went through a model once, prompts included, sampling left out.
    backward: tokens whose gradient was formed.
    kept_bytes: memory of the result, on top of models and activations.
    """

    generated: int = 0
    forward: int = 0
    backward: int = 0
    kept_bytes: int = 0
