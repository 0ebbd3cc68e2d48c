"""What is sent: messages, images, settings, and whose setting holds."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from remote_kit import PNG, PROMPT, client

from journeyman.errors import UsageError
from journeyman.models import Image, Message, Prompt, Tool, ToolCall
from journeyman.models.address import chat_completions, is_local
from journeyman.testing.endpoint import EndpointServer

HELLO = (Message("user", "hello"),)


def sent(prompt: Prompt, **settings: Any) -> dict[str, Any]:
    with EndpointServer(["hello"]) as server, client(server, **settings) as model:
        model.complete(prompt)
    return server.requests[0].body


def test_the_least_that_is_sent() -> None:
    assert sent(PROMPT) == {
        "model": "loopback",
        "messages": [
            {"role": "system", "content": "You are terse."},
            {"role": "user", "content": "Say hello."},
        ],
        "max_tokens": 16384,
    }


def test_all_that_can_be_sent() -> None:
    settings = {
        "temperature": 0.7, "top_p": 0.9, "max_tokens": 100, "limit_field": "max_completion_tokens", "seeded": True,
        "reasoning": "low", "logprobs": True, "body": {"chat_template_kwargs": {"enable_thinking": False}},
    }  # fmt: skip
    body = sent(Prompt(HELLO, key="7/call/1", seed=2**40 + 5), **settings)
    assert body == {
        "model": "loopback",
        "messages": [{"role": "user", "content": "hello"}],
        "max_completion_tokens": 100,
        "temperature": 0.7,
        "top_p": 0.9,
        "seed": 5,
        "reasoning_effort": "low",
        "logprobs": True,
        "chat_template_kwargs": {"enable_thinking": False},
    }


def test_the_prompt_goes_before_the_settings() -> None:
    prompt = Prompt(HELLO, seed=3, max_tokens=7, temperature=0.0)
    body = sent(prompt, temperature=0.7, max_tokens=100)
    assert (body["temperature"], body["max_tokens"]) == (0.0, 7)
    assert "seed" not in body, "sent only where the endpoint is said to take one"


def test_sampling_is_not_sent_where_it_is_refused() -> None:
    assert "temperature" not in sent(Prompt(HELLO, temperature=0.5), sampling=False)


def test_images_come_after_the_text_as_data() -> None:
    jpeg = Image("image/jpeg", b"\xff\xd8\xff" + bytes(range(256)))
    body = sent(Prompt((Message("user", "look", (PNG, jpeg)), Message("user", "", (PNG,)))), sees=True)
    text, first, second = body["messages"][0]["content"]
    assert text == {"type": "text", "text": "look"}
    for part, image in ((first, PNG), (second, jpeg)):
        head, _, data = part["image_url"]["url"].partition(",")
        assert head == f"data:{image.media_type};base64"
        assert base64.b64decode(data) == image.data
    assert [part["type"] for part in body["messages"][1]["content"]] == ["image_url"]


def test_a_model_that_does_not_see_is_sent_no_image() -> None:
    with EndpointServer(["hello"]) as server, client(server) as model:
        with pytest.raises(UsageError, match="model 'loop' takes no images: set sees = true"):
            model.complete(Prompt((Message("user", "look", (PNG,)),)))
        assert server.requests == []


def test_any_text_can_be_sent_and_counted() -> None:
    text = "naïve \x00 \ud800 \U0001f600 \u2028 </think>"
    prompt = Prompt((Message("user", text),))
    assert sent(prompt)["messages"][0]["content"] == text.replace("\ud800", "?")
    assert len(prompt.digest) == 64


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1/chat/completions"),
        ("https://x.org/v1/chat/completions", "https://x.org/v1/chat/completions"),
        (
            "https://x.org/deployments/d?api-version=1",
            "https://x.org/deployments/d/chat/completions?api-version=1",
        ),
        ("http://localhost:11434", "http://localhost:11434/chat/completions"),
    ],
)
def test_where_requests_go(endpoint: str, url: str) -> None:
    assert chat_completions(endpoint) == url


def test_which_endpoints_are_on_this_machine() -> None:
    for endpoint in (
        "http://localhost:1/v1",
        "http://127.0.0.1/v1",
        "http://127.9.9.9/v1",
        "http://[::1]:8000/v1",
    ):
        assert is_local(endpoint)
    for endpoint in ("http://10.0.0.1/v1", "https://localhost.example.org/v1", "https://api.openai.com/v1"):
        assert not is_local(endpoint)


def test_a_proxy_is_not_asked_for_what_is_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert sent(PROMPT)["model"] == "loopback"


def test_connections_are_used_again() -> None:
    with EndpointServer(["hello"]) as server, client(server) as model:
        ports = set()
        for _ in range(5):
            model.complete(PROMPT)
            ports |= {connection.client_address[1] for connection in server._http.open}
    assert len(ports) == 1


messages = st.builds(
    Message,
    st.sampled_from(["system", "user", "assistant"]),
    st.text(max_size=5),
    st.sampled_from([(), (PNG,)]),
    st.sampled_from([(), (ToolCall("1", "act", "{}"),)]),
    st.sampled_from(["", "1"]),
)
prompts = st.builds(
    Prompt,
    messages=st.lists(messages, min_size=1, max_size=3).map(tuple),
    key=st.text(max_size=3),
    seed=st.none() | st.integers(0, 9),
    max_tokens=st.none() | st.integers(1, 3),
    temperature=st.none() | st.sampled_from([0.0, 1.0]),
    tools=st.sampled_from([(), (Tool("act", "Act.", {"type": "object"}),)]),
)


@given(prompts, prompts)
def test_a_digest_is_of_what_is_asked_and_of_nothing_else(one: Prompt, other: Prompt) -> None:
    def asked(prompt: Prompt) -> Prompt:
        return msgspec.structs.replace(prompt, key="", seed=None)

    assert (one.digest == other.digest) == (asked(one) == asked(other))
    assert one.digest == asked(one).digest


def test_a_digest_is_the_same_for_a_whole_number() -> None:
    assert (
        Prompt(HELLO, temperature=1).digest == Prompt(HELLO, temperature=1.0).digest
    )  # as TOML may write it
    assert (
        Prompt((Message("user", "ab"), Message("user", "c"))).digest
        != Prompt((Message("user", "abc"),)).digest
    )
