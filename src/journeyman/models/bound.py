"""The most that one attempt can take, known before it is sent."""

from __future__ import annotations

import msgspec

from journeyman.models.completion import Cost
from journeyman.models.message import Prompt
from journeyman.models.price import Price

PER_PROMPT = 512
"""Tokens that an endpoint may put before a prompt by itself: a system text of its own, tools, the date."""
PER_MESSAGE = 16
"""Tokens for the role and the marks around a message."""


def input_tokens(prompt: Prompt, image_tokens: int) -> int:
    """More tokens than `prompt` can have: every tokenizer in use makes at most one token of a byte of UTF-8.

    Args:
        image_tokens: what one image counts for at most.
    """
    tokens = PER_PROMPT
    for message in prompt.messages:
        tokens += (
            PER_MESSAGE
            + len(message.text.encode("utf-8", "surrogatepass"))
            + image_tokens * len(message.images)
        )
        if message.calls:
            tokens += len(msgspec.json.encode(message.calls))
    if prompt.tools:
        tokens += len(msgspec.json.encode(prompt.tools)) + PER_MESSAGE * len(prompt.tools)
    return tokens


def worst_case(prompt: Prompt, *, max_tokens: int, image_tokens: int, price: Price | None) -> Cost:
    """What one attempt may cost at most; money 0 without a price. `max_tokens`: where the prompt does not say."""
    read = input_tokens(prompt, image_tokens)
    written = max_tokens if prompt.max_tokens is None else prompt.max_tokens
    return Cost(read + written, 0 if price is None else price.at_most(read, written))
