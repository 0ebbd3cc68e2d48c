"""Functions that a model may call instead of answering in text, and its calls of them."""

from __future__ import annotations

from typing import Any

import msgspec


class Tool(msgspec.Struct, frozen=True):
    """A function that is offered to a model.

    Attributes:
        name: letters, digits, "_" and "-", as endpoints want it.
        text: what it does, for the model.
        parameters: JSON Schema of its arguments, an object.
    """

    name: str
    text: str
    parameters: dict[str, Any]


class ToolCall(msgspec.Struct, frozen=True):
    """One call: `arguments` is JSON as the model wrote it, which may be none. `id` names it to the endpoint."""

    id: str
    name: str
    arguments: str
