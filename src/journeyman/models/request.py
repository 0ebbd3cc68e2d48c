"""The JSON that is sent to `chat/completions`."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec

from journeyman.models.message import Message, Prompt

if TYPE_CHECKING:
    from journeyman.models.spec import ModelSpec

MAX_TOKENS = 16_384
"""Of a reply, where neither prompt nor settings say: what the older of today's models can still give."""

TAKEN = (
    "model",
    "messages",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "n",
    "stream",
    "logprobs",
)
"""Fields that `body` of models.toml may not set: they have settings of their own, or would change the kind of reply."""


def request_body(spec: ModelSpec, prompt: Prompt) -> bytes:
    """The request for `prompt` with the settings of `spec`; what the prompt says goes before what the settings say."""
    body: dict[str, Any] = {
        "model": spec.model,
        "messages": [_message(message) for message in prompt.messages],
    }
    body[spec.limit_field or "max_tokens"] = (
        prompt.max_tokens if prompt.max_tokens is not None else spec.max_tokens or MAX_TOKENS
    )
    if spec.sampling is not False:
        temperature = spec.temperature if prompt.temperature is None else prompt.temperature
        body |= {"temperature": temperature} if temperature is not None else {}
        body |= {"top_p": spec.top_p} if spec.top_p is not None else {}
    if spec.seeded and prompt.seed is not None:
        body["seed"] = prompt.seed % 2**31  # what every endpoint's integer holds
    if spec.reasoning:
        body["reasoning_effort"] = spec.reasoning
    if spec.logprobs:
        body["logprobs"] = True
    body |= spec.body
    if prompt.tools:
        body["tools"] = [
            {"type": "function", "function": {"name": t.name, "description": t.text, "parameters": t.parameters}}
            for t in prompt.tools
        ]
    return msgspec.json.encode(body)


def _message(message: Message) -> dict[str, Any]:
    # A lone surrogate, which a damaged file may bring along, is no character; it is sent as "?".
    text = message.text.encode("utf-8", "replace").decode()
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.answers, "content": text}
    if message.calls:
        calls = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}} for c in message.calls
        ]
        return {"role": message.role, "content": text or None, "tool_calls": calls}
    if not message.images:
        return {"role": message.role, "content": text}
    parts: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
    for image in message.images:
        url = f"data:{image.media_type};base64,{base64.b64encode(image.data).decode()}"
        parts.append({"type": "image_url", "image_url": {"url": url}})
    return {"role": message.role, "content": parts}
