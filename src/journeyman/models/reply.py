"""A reply of `chat/completions`, decoded: strict about what is needed, blind to what is unknown.

A reply that is not as agreed is a `Malformed` with the reason; an error inside a status 200, as OpenRouter sends it, is
an `ErrorInside`. Neither is ever taken for an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from journeyman.models.completion import Completion, Outcome, TokenLogprob, Usage
from journeyman.models.status import Said, read_error
from journeyman.models.tool import ToolCall
from journeyman.models.usage import read_usage

# Endpoints' own words for a filter that took the reply away: OpenAI, Gemini (in capitals, passed through), Zhipu.
_FILTERED = (
    "content_filter", "content-filter", "safety", "recitation", "blocklist", "prohibited_content", "spii", "image_safety",
    "image_prohibited_content", "image_recitation", "sensitive", "refusal",
)  # fmt: skip
_CUT = ("length", "max_tokens", "max_output_tokens", "model_length")
# The endpoint gave up in the middle: OpenRouter, DeepSeek, vLLM.
_BROKEN = ("error", "insufficient_system_resource", "abort")
_THINK, _THOUGHT = "<think>", "</think>"


@dataclass(frozen=True)
class Malformed:
    """Not a reply as agreed. `why` is not yet redacted; `usage` may be known all the same."""

    why: str
    usage: Usage | None = None


@dataclass(frozen=True)
class ErrorInside:
    """An error in a status 200: what it says, and the status that its code stands for."""

    status: int
    said: Said
    usage: Usage | None = None


class _Part(msgspec.Struct):
    type: str = ""
    text: str | None = None
    refusal: str | None = None
    thinking: msgspec.Raw = msgspec.Raw()


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: msgspec.Raw = msgspec.Raw()


class _Called(msgspec.Struct):
    id: str | None = None
    function: _Function | None = None


class _Message(msgspec.Struct):
    content: str | list[_Part] | None = None
    refusal: str | None = None
    reasoning: msgspec.Raw = msgspec.Raw()
    reasoning_content: msgspec.Raw = msgspec.Raw()
    tool_calls: list[_Called] | None = None


class _Choice(msgspec.Struct):
    message: _Message | None = None
    finish_reason: str | None = None
    logprobs: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()


class _Reply(msgspec.Struct):
    choices: list[_Choice] | None = None
    model: str | None = None
    usage: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()


class _Logprob(msgspec.Struct):
    token: str
    logprob: float


class _Logprobs(msgspec.Struct):
    content: list[_Logprob] | None = None


_DECODER = msgspec.json.Decoder(_Reply)


def read_reply(body: bytes, content_type: str = "") -> Completion | Malformed | ErrorInside:
    """What a reply of status 200 says. The completion has no price, latency or number of attempts yet."""
    try:
        reply = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Malformed(_what_it_is(body, content_type, error))
    usage = read_usage(reply.usage)
    choice = reply.choices[0] if reply.choices else None
    if _present(reply.error) or (choice is not None and _present(choice.error)):
        return _error_inside(reply.error if _present(reply.error) else choice.error, usage)  # type: ignore[union-attr]
    if choice is None:
        return Malformed("a reply without choices", usage)
    if choice.message is None:
        return Malformed("a choice without a message", usage)
    finish = choice.finish_reason or ""
    if finish.lower() in _BROKEN:
        return Malformed(f"the endpoint broke off (finish_reason '{finish}')", usage)
    text, reasoning, refusal = _texts(choice.message)
    calls = _calls(choice.message.tool_calls or ())
    return Completion(
        text=text,
        outcome=_outcome(finish, text or (calls[0].name if calls else ""), reasoning, refusal, usage),
        usage=usage,
        model=reply.model or "",
        finish=finish,
        reasoning=reasoning,
        refusal=refusal,
        logprobs=_logprobs(choice.logprobs),
        tool_calls=calls,
    )


def _texts(message: _Message) -> tuple[str, str, str]:
    """Text, reasoning, refusal."""
    parts = [_Part("text", message.content)] if isinstance(message.content, str) else message.content or []
    text = "".join(part.text or "" for part in parts if part.type in ("text", "output_text", ""))
    thoughts = [_plain(message.reasoning_content) or _plain(message.reasoning)]
    thoughts += [_plain(part.thinking) for part in parts]
    refusal = (message.refusal or "") + "".join(part.refusal or "" for part in parts)
    if text.lstrip().startswith(
        _THINK
    ):  # servers without a parser for the model's reasoning leave it in the text
        thought, _, text = text.lstrip()[len(_THINK) :].partition(_THOUGHT)
        thoughts.append(thought.strip())
        text = text.lstrip()
    return text, "\n".join(thought for thought in thoughts if thought), refusal


def _calls(called: Sequence[_Called]) -> tuple[ToolCall, ...]:
    """Calls that name a function. Arguments are a text that should be JSON, or, from some servers, the object itself."""
    calls = []
    for number, one in enumerate(called):
        if one.function is not None and one.function.name:
            raw = bytes(one.function.arguments) or b"{}"
            arguments = _plain(one.function.arguments) if raw.startswith(b'"') else raw.decode("utf-8", "replace")
            calls.append(ToolCall(one.id or f"call_{number}", one.function.name, arguments))
    return tuple(calls)


def _outcome(finish: str, text: str, reasoning: str, refusal: str, usage: Usage | None) -> Outcome:
    word = finish.lower()
    written = bool(text.strip())
    if word.startswith(_FILTERED) or (refusal and not written):
        return Outcome.REFUSED
    if word in _CUT and written:
        return Outcome.CUT
    if written:
        return Outcome.ANSWERED
    reasoned = bool(reasoning) or (usage is not None and usage.reasoning > 0)
    hidden = (
        word in _CUT and usage is not None and usage.output > 0
    )  # tokens at the limit, and nothing to show for them
    return Outcome.EMPTY_AFTER_REASONING if reasoned or hidden else Outcome.EMPTY


def _plain(raw: msgspec.Raw) -> str:
    """A text, or the texts of a list of parts; anything else is ""."""
    if not bytes(raw):
        return ""
    try:
        value = msgspec.json.decode(raw, type=str | list[_Part] | None)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    if isinstance(value, list):
        return "".join(part.text or "" for part in value)
    return value or ""


def _logprobs(raw: msgspec.Raw) -> tuple[TokenLogprob, ...] | None:
    if not bytes(raw):
        return None
    try:
        said = msgspec.json.decode(raw, type=_Logprobs | None)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if said is None or said.content is None:
        return None
    return tuple(TokenLogprob(one.token, min(0.0, one.logprob)) for one in said.content)


def _error_inside(raw: msgspec.Raw, usage: Usage | None) -> ErrorInside:
    said = read_error(200, b'{"error":' + bytes(raw) + b"}")
    status = int(said.code) if said.code.isdecimal() else 502
    return ErrorInside(status if 400 <= status <= 599 else 502, said, usage)


def _present(raw: msgspec.Raw) -> bool:
    return bytes(raw) not in (b"", b"null", b"{}", b'""')


def _what_it_is(body: bytes, content_type: str, error: Exception) -> str:
    if not body.strip():
        return "an empty reply"
    if "html" in content_type or body.lstrip()[:1] == b"<":
        return "a web page instead of a reply; does endpoint end in /v1?"
    if isinstance(error, msgspec.ValidationError):
        return f"a reply that is not as agreed: {error}"
    if "event-stream" in content_type or body.startswith(b"data:"):
        return "a stream, which was not asked for"
    return f"a reply that is no JSON, or is broken off: {error}"
