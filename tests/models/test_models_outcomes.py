"""Every way in which an endpoint may answer has a name, and none is taken for another."""

from __future__ import annotations

import json
from typing import Any

import pytest
from remote_kit import PROMPT, client

from journeyman.models import Completion, Outcome, TokenLogprob, Usage
from journeyman.models.reply import ErrorInside, Malformed, read_reply
from journeyman.testing.endpoint import Behaviour, EndpointServer


@pytest.mark.parametrize(
    ("behaviour", "outcome", "text"),
    [
        (Behaviour.ok("hello"), Outcome.ANSWERED, "hello"),
        (Behaviour.finish("eos", "hello"), Outcome.ANSWERED, "hello"),
        (Behaviour.empty(), Outcome.EMPTY, ""),
        (Behaviour.finish("stop", " \n"), Outcome.EMPTY, " \n"),
        (Behaviour.finish("tool_calls", None), Outcome.EMPTY, ""),
        (Behaviour.reasoning_only(), Outcome.EMPTY_AFTER_REASONING, ""),
        (Behaviour.reasoning_only("stop"), Outcome.EMPTY_AFTER_REASONING, ""),
        (Behaviour.finish("stop", "<think>so and so"), Outcome.EMPTY_AFTER_REASONING, ""),
        (Behaviour.cut("the first half of"), Outcome.CUT, "the first half of"),
        (Behaviour.finish("max_tokens", "half"), Outcome.CUT, "half"),
        (Behaviour.finish("MAX_TOKENS", "half"), Outcome.CUT, "half"),
        (Behaviour.finish("length", ""), Outcome.EMPTY, ""),
        (Behaviour.refusal(), Outcome.REFUSED, ""),
        (Behaviour.content_filter(), Outcome.REFUSED, ""),
        (Behaviour.finish("content_filter", "the part before it"), Outcome.REFUSED, "the part before it"),
        (Behaviour.finish("content_filter: RECITATION", ""), Outcome.REFUSED, ""),
        (Behaviour.finish("SAFETY", ""), Outcome.REFUSED, ""),
        (Behaviour.finish("PROHIBITED_CONTENT", None), Outcome.REFUSED, ""),
        (Behaviour.status(400, "our content management policy", error_code="content_filter"), Outcome.REFUSED, ""),
        (Behaviour.status(400, "Content Exists Risk"), Outcome.REFUSED, ""),
        (Behaviour.status(403, "Your input was flagged", error_code=403), Outcome.REFUSED, ""),
    ],
)  # fmt: skip
def test_each_end_of_a_reply_has_its_name(behaviour: Behaviour, outcome: Outcome, text: str) -> None:
    with EndpointServer([behaviour]) as server, client(server) as model:
        completion = model.complete(PROMPT)
    assert (completion.outcome, completion.text) == (outcome, text)
    assert len(server.requests) == 1, "an outcome is an answer and is not asked for again"


def test_a_refusal_keeps_what_was_said() -> None:
    with EndpointServer([Behaviour.refusal("I will not.")]) as server, client(server) as model:
        assert model.complete(PROMPT).refusal == "I will not."
    with (
        EndpointServer([Behaviour.status(400, "against our usage policies")]) as server,
        client(server) as model,
    ):
        completion = model.complete(PROMPT)
        assert completion.refusal == "against our usage policies"
        assert completion.usage == Usage(), "an HTTP error costs nothing"


def test_a_completion_says_who_answered_and_how() -> None:
    with EndpointServer([Behaviour.status(500), Behaviour.ok("hello")]) as server, client(server) as model:
        completion = model.complete(PROMPT)
    assert (completion.model, completion.finish, completion.attempts) == ("loopback-1", "stop", 2)
    assert completion.latency_s > 0


def reply(message: dict[str, Any], finish: str | None = "stop", **rest: Any) -> bytes:
    return json.dumps({"choices": [{"message": message, "finish_reason": finish}], **rest}).encode()


def completion_of(body: bytes) -> Completion:
    read = read_reply(body)
    assert isinstance(read, Completion), read
    return read


@pytest.mark.parametrize(
    ("message", "text", "reasoning"),
    [
        ({"content": "hi"}, "hi", ""),
        ({"content": "hi", "reasoning_content": "hm"}, "hi", "hm"),  # DeepSeek, older vLLM, Qwen
        ({"content": "hi", "reasoning": "hm"}, "hi", "hm"),  # OpenRouter, Ollama, newer vLLM
        ({"content": "hi", "reasoning": {"summary": 3}}, "hi", ""),
        ({"content": "hi", "reasoning": None, "reasoning_details": [{"type": "reasoning.text"}]}, "hi", ""),
        ({"content": [{"type": "text", "text": "h"}, {"type": "text", "text": "i"}]}, "hi", ""),
        ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                      {"type": "text", "text": "hi"}]}, "hi", "hm"),  # Mistral
        ({"content": "<think>\nhm\n</think>\n\nhi"}, "hi", "hm"),
        ({"content": "hi, <think> is a tag </think>"}, "hi, <think> is a tag </think>", ""),
        ({"role": "assistant", "content": "hi", "tool_calls": None, "annotations": [], "audio": None}, "hi", ""),
    ],
)  # fmt: skip
def test_text_and_reasoning_are_told_apart(message: dict[str, Any], text: str, reasoning: str) -> None:
    completion = completion_of(reply(message))
    assert (completion.text, completion.reasoning) == (text, reasoning)


@pytest.mark.parametrize(
    ("usage", "read"),
    [
        # OpenAI
        ({"prompt_tokens": 19, "completion_tokens": 40, "total_tokens": 59,
          "prompt_tokens_details": {"cached_tokens": 8, "audio_tokens": 0},
          "completion_tokens_details": {"reasoning_tokens": 30, "accepted_prediction_tokens": 0}}, Usage(19, 40, 30, 8)),
        # DeepSeek
        ({"prompt_tokens": 19, "completion_tokens": 40, "total_tokens": 59, "prompt_cache_hit_tokens": 16,
          "prompt_cache_miss_tokens": 3, "completion_tokens_details": {"reasoning_tokens": 30}}, Usage(19, 40, 30, 16)),
        # OpenRouter, with details that are null
        ({"prompt_tokens": 19, "completion_tokens": 40, "total_tokens": 59, "cost": 0.00014, "is_byok": False,
          "prompt_tokens_details": None, "completion_tokens_details": {"reasoning_tokens": None}}, Usage(19, 40, 0, 0)),
        # Gemini: thoughts are in the total only
        ({"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 623}, Usage(20, 603, 405, 0)),
        # xAI: reasoning beside completion_tokens
        ({"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135,
          "completion_tokens_details": {"reasoning_tokens": 94}}, Usage(32, 103, 94, 0)),
        ({"prompt_tokens": 21, "completion_tokens": 0, "completion_tokens_details": {"reasoning_tokens": 60}},
         Usage(21, 60, 60, 0)),
        # vLLM and Ollama
        ({"prompt_tokens": 7, "total_tokens": 12, "completion_tokens": 5, "prompt_tokens_details": None}, Usage(7, 5)),
        ({"prompt_tokens": 7, "total_tokens": 12}, Usage(7, 5)),
        # Moonshot
        ({"prompt_tokens": 19, "completion_tokens": 21, "total_tokens": 40, "cached_tokens": 10}, Usage(19, 21, 0, 10)),
        # more cached than read is nonsense; it never makes the price lower than a fully cached prompt's
        ({"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 9}}, Usage(5, 1, 0, 5)),
        (None, None),
        ({}, None),
        ({"prompt_tokens": "many", "completion_tokens": 1}, None),
        ({"prompt_tokens": -1, "completion_tokens": 1}, None),
        ([1, 2], None),
    ],
)  # fmt: skip
def test_usage_is_read_as_each_endpoint_spells_it(usage: Any, read: Usage | None) -> None:
    assert completion_of(reply({"content": "hi"}, usage=usage)).usage == read


def test_log_probabilities_are_read_where_given() -> None:
    said = {
        "content": [
            {"token": "h", "logprob": -0.5, "bytes": [104], "top_logprobs": []},
            {"token": "i", "logprob": 0.0},
        ]
    }
    body = json.dumps(
        {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop", "logprobs": said}]}
    )
    assert completion_of(body.encode()).logprobs == (TokenLogprob("h", -0.5), TokenLogprob("i", 0.0))
    for other in (None, {"content": None}, {"tokens": ["h"]}, {"content": [{"token": "h"}]}, 7):
        body = json.dumps({"choices": [{"message": {"content": "hi"}, "logprobs": other}]})
        assert completion_of(body.encode()).logprobs is None


@pytest.mark.parametrize(
    ("body", "content_type", "words"),
    [
        (b"", "", "an empty reply"),
        (b"<!doctype html><p>hello", "text/html", "a web page"),
        (b"  <html>", "application/json", "a web page"),
        (b'{"choices": [{"mess', "application/json", "broken off"),
        (b"\xff\xfe", "application/json", "no JSON"),
        (b'data: {"id": 1}\n\n', "text/event-stream", "a stream"),
        (b"[]", "", "not as agreed"),
        (b'"ok"', "", "not as agreed"),
        (b'{"choices": "none"}', "", "not as agreed"),
        (b'{"choices": [{"message": {"content": 7}}]}', "", "not as agreed"),
        (b'{"id": 1}', "", "without choices"),
        (b'{"choices": []}', "", "without choices"),
        (b'{"choices": [{}]}', "", "without a message"),
        (b'{"choices": [{"message": {"content": "x"}, "finish_reason": "error"}]}', "", "broke off"),
        (
            b'{"choices": [{"message": {"content": ""}, "finish_reason": "insufficient_system_resource"}]}',
            "",
            "broke off",
        ),
    ],
)
def test_what_is_no_reply_is_named(body: bytes, content_type: str, words: str) -> None:
    read = read_reply(body, content_type)
    assert isinstance(read, Malformed)
    assert words in read.why


@pytest.mark.parametrize(
    ("document", "status", "message"),
    [
        ({"error": {"code": 429, "message": "slow down"}}, 429, "slow down"),
        ({"error": {"code": "bad_gateway", "message": "upstream"}}, 502, "upstream"),
        ({"error": "model is loading"}, 502, "model is loading"),
        ({"choices": [{"message": {"content": ""}, "error": {"code": 503, "message": "gone"}}]}, 503, "gone"),
        (
            {"error": {"code": 402, "message": "no credit", "metadata": {"raw": "pay up"}}},
            402,
            "no credit (pay up)",
        ),
    ],
)
def test_an_error_inside_a_status_200_is_an_error(document: Any, status: int, message: str) -> None:
    read = read_reply(json.dumps(document).encode())
    assert isinstance(read, ErrorInside)
    assert (read.status, read.said.message) == (status, message)


def test_a_null_error_beside_choices_is_none() -> None:
    assert completion_of(reply({"content": "hi"}, error=None)).text == "hi"
