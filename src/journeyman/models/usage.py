"""Tokens, as the endpoints spell them.

OpenAI, OpenRouter, Gemini, vLLM: prompt_tokens_details.cached_tokens, completion_tokens_details.reasoning_tokens;
DeepSeek: prompt_cache_hit_tokens; Moonshot: cached_tokens beside prompt_tokens. OpenAI and DeepSeek count reasoning in
completion_tokens; Gemini and xAI do not, and say so only by a total that exceeds the sum. All bill it as output, so the
larger reading holds.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from journeyman.models.completion import Usage

_Count = Annotated[int, msgspec.Meta(ge=0)] | None


class _InputDetails(msgspec.Struct):
    cached_tokens: _Count = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: _Count = None


class _Spelled(msgspec.Struct):
    prompt_tokens: _Count = None
    completion_tokens: _Count = None
    total_tokens: _Count = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None
    prompt_cache_hit_tokens: _Count = None
    cached_tokens: _Count = None
    reasoning_tokens: _Count = None


def read_usage(raw: bytes | msgspec.Raw) -> Usage | None:
    """The usage in a reply, or None where it is absent or not to be understood."""
    if not bytes(raw):
        return None
    try:
        said = msgspec.json.decode(raw, type=_Spelled | None)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if said is None or said.prompt_tokens is None:
        return None
    if said.completion_tokens is None and said.total_tokens is None:
        return None
    inner, outer = said.prompt_tokens_details, said.completion_tokens_details
    cached = (
        (inner.cached_tokens if inner else None) or said.prompt_cache_hit_tokens or said.cached_tokens or 0
    )
    reasoning = (outer.reasoning_tokens if outer else None) or said.reasoning_tokens or 0
    beside = max(0, (said.total_tokens or 0) - said.prompt_tokens)
    written = beside if said.completion_tokens is None else said.completion_tokens
    if said.total_tokens is not None and said.total_tokens > said.prompt_tokens + written:
        reasoning = max(reasoning, said.total_tokens - said.prompt_tokens - written)
        written = said.total_tokens - said.prompt_tokens
    elif reasoning > written:
        written += reasoning
    return Usage(said.prompt_tokens, written, min(reasoning, written), min(cached, said.prompt_tokens))
