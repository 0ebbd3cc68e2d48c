"""What an error reply means: try again, give up, the prompt is too long, or the model will not answer this.

Endpoints agree on the HTTP status and on little else: OpenAI, DeepSeek and OpenRouter send {"error": {"message", "code"}},
Gemini a list of one such, vLLM once sent {"object": "error", "message"}, FastAPI {"detail"}, Ollama {"error": "text"}.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Any

import msgspec

LONGEST = 500
"""Characters of a server's message that are kept."""


class Meaning(Enum):
    """What to do about an error reply."""

    BUSY = auto()  # try again, and send less at once
    AGAIN = auto()  # try again
    REJECTED = auto()
    TOO_LONG = auto()
    REFUSED = auto()


class Said(msgspec.Struct, frozen=True):
    """What an error reply says. `code` is a name or a number as text, lower case; `message` is not yet redacted."""

    message: str
    code: str = ""


_BUSY = {429, 503, 529}  # 529: "overloaded", Anthropic's and its gateways'
_AGAIN = {408, 409, 425}
# "context length", "context window", "context size"; Gemini's "input token count (N) exceeds"; Anthropic's "prompt is too
# long"; old vLLM's "max_tokens must be at least 1, got -186"; OpenAI's "Request too large" for a minute's allowance.
_TOO_LONG = re.compile(
    r"context.{0,20}(length|window|size)|maximum context|input token count|(prompt|input) is too long"
    r"|reduce the length|must be at least 1, got -|request too large|exceed_context_size",
    re.IGNORECASE,
)
# OpenAI "usage policy", Azure "content management policy", Alibaba "data_inspection_failed", DeepSeek "Content Exists
# Risk", OpenRouter "flagged" by its moderation.
_REFUSED = re.compile(
    r"content[ _-]?(policy|filter|management)|usage (policy|policies|guidelines)|responsible ?ai|\bflagged\b|moderation"
    r"|data_?inspection|content exists risk",
    re.IGNORECASE,
)
# 429 that no waiting cures: the account has no credit.
_NO_CREDIT = re.compile(r"insufficient[_ ](quota|balance|credit)|billing", re.IGNORECASE)


def read_error(status: int, body: bytes) -> Said:
    """The message in an error reply, whatever its shape."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = body[: 4 * LONGEST].decode("utf-8", "replace").strip()
        if text.startswith("<"):
            return Said(f"status {status} with a web page")
        return Said(f"status {status}: {text}" if text else f"status {status} without a word")
    message, code = _message(document)
    if not message:
        message = f"status {status}: {body[: 4 * LONGEST].decode('utf-8', 'replace')}"
    return Said(message, code)


def meaning(status: int, said: Said) -> Meaning:
    """What to do about an error reply of this HTTP status."""
    words = f"{said.code} {said.message}"
    if status in _BUSY or status in _AGAIN:
        if status == 429 and _NO_CREDIT.search(words):
            return Meaning.REJECTED
        if status == 429 and _TOO_LONG.search(words):
            return Meaning.TOO_LONG
        return Meaning.BUSY if status in _BUSY else Meaning.AGAIN
    if status == 413 or _TOO_LONG.search(words):
        return Meaning.TOO_LONG
    if status >= 500:
        return Meaning.AGAIN
    if status in (400, 403, 422) and _REFUSED.search(words):
        return Meaning.REFUSED
    return Meaning.REJECTED


def advice(status: int, said: Said, key: str) -> str:
    """What a person should change after a rejection. `key`: the name of the key's variable, or ""."""
    words = said.message
    for pattern, cure in (
        (r"use '?max_completion_tokens", 'set limit_field = "max_completion_tokens"'),
        (r"max_(completion_)?tokens", 'set max_tokens lower, or limit_field to the field that this endpoint takes'),
        (r"temperature|top_p", "set sampling = false, so that neither is sent"),
        (r"reasoning", "leave out reasoning, or put the endpoint's own setting into body"),
        (r"logprobs", "set logprobs = false"),
        (r"image|vision|multimodal", "set sees = false"),
        (r"\btools?\b|function call", "set tools = false"),
        (r"\bseed\b", "set seeded = false"),
    ):  # fmt: skip
        if status in (400, 422) and re.search(pattern, words, re.IGNORECASE):
            return cure
    if status in (401, 403):
        return f"check the key in {key}" if key else 'name the variable that holds the key: key = "NAME"'
    if status == 402 or _NO_CREDIT.search(f"{said.code} {words}"):
        return "the account has no credit left"
    if status in (404, 405):
        return "check endpoint (most end in /v1) and model"
    return "check the model's settings"


def _message(document: Any) -> tuple[str, str]:
    if isinstance(document, list) and document:
        return _message(document[0])
    if not isinstance(document, dict):
        return "", ""
    error = document.get("error", document)
    if isinstance(error, str):
        return error[: 4 * LONGEST], ""
    if not isinstance(error, dict):
        return "", ""
    message = next((error[k] for k in ("message", "detail", "msg") if isinstance(error.get(k), str)), "")
    code = next((error[k] for k in ("code", "type", "status") if isinstance(error.get(k), str | int)), "")
    metadata = error.get("metadata")
    raw = (
        metadata.get("raw") if isinstance(metadata, dict) else None
    )  # OpenRouter: what the provider behind it said
    if isinstance(raw, str):
        message = f"{message} ({raw[:LONGEST]})"
    return message[: 4 * LONGEST], str(code).lower()
