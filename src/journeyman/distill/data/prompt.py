"""A prompt as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from journeyman.errors import UsageError


@dataclass(frozen=True)
class Prompt:
    """What a student is asked.

    Attributes:
        messages: (role, text) pairs for a chat template; empty where `text` is the prompt as it is.
        text: the question: of the last user message, or the raw text for a model without a chat template.
        answer: what a grader compares with; None where nobody knows.
        id: stable name of the prompt inside of its source.
        source: the data set's own name for itself, such as "math_dapo".
    """

    messages: Sequence[tuple[str, str]]
    text: str
    answer: str | None = None
    id: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise UsageError(f"prompt {self.id!r} of {self.source or 'its file'} is empty")
