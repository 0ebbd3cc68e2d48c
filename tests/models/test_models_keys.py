"""No key reaches a text that anybody keeps: errors, replies, logs, reprs, the place of a redirect."""

from __future__ import annotations

import json
import logging
import string
import traceback
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from remote_kit import PROMPT, Book, client

from journeyman.errors import JourneymanError, ModelConfigInvalid, ModelRejected, ModelUnavailable
from journeyman.models import Completion
from journeyman.models.config import read_spec
from journeyman.models.secret import PART, Secrets
from journeyman.testing.endpoint import Behaviour, EndpointServer

KEY = "sk-proj-Zk3+q/9=VwXy_7pLmN0aQ"
FILED = "sk-proj-abcdefghij0123456789"
TEAM = "team-secret-Rr55&Tt66"


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOP_KEY", KEY)
    monkeypatch.setenv("TEAM_KEY", TEAM)


def keyed(server: EndpointServer, **settings: Any) -> Any:
    headers = {"X-Team-Key": "Team $TEAM_KEY", "X-Title": "journeyman"}
    return client(server, key="LOOP_KEY", headers=headers, attempts=2, **settings)


def assert_hidden(text: str) -> None:
    for key in (KEY, TEAM):
        for written in (key, quote(key, safe=""), quote_plus(key)):
            for at in range(len(written) - PART + 1):
                assert written[at : at + PART] not in text, text


def test_the_key_and_the_headers_are_sent() -> None:
    with EndpointServer(["hello"]) as server, keyed(server) as model:
        model.complete(PROMPT)
    headers = server.requests[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["x-team-key"] == f"Team {TEAM}"
    assert headers["x-title"] == "journeyman"
    with EndpointServer(["hello"]) as server, client(server) as model:
        model.complete(PROMPT)
    assert "authorization" not in server.requests[0].headers


def test_a_header_may_take_the_place_of_the_usual_one() -> None:
    headers = {"authorization": "Key $TEAM_KEY"}
    with EndpointServer(["hello"]) as server, client(server, key="LOOP_KEY", headers=headers) as model:
        model.complete(PROMPT)
    assert server.requests[0].headers["authorization"] == f"Key {TEAM}"


ECHOES = [
    Behaviour.echo(401),
    Behaviour.echo(400, "x-team-key"),
    Behaviour.echo(429),
    Behaviour.echo(500, "x-team-key"),
    Behaviour.echo(200),
    Behaviour(200, raw='<html>{authorization}</html>', content_type="text/html"),
    Behaviour(200, raw='{"choices": [{"message": {"content": 7, "{authorization}": 1}}]}'),
    Behaviour(200, raw='{"error": {"code": 502, "message": "{authorization}"}}'),
    Behaviour(200, raw='{"error": {"code": 401, "message": "key {authorization}", "metadata": {"raw": "{x-team-key}"}}}'),
    Behaviour(403, raw='{"error": {"message": "flagged: {authorization}", "code": "{x-team-key}"}}'),
    Behaviour(400, raw="{authorization}", content_type="text/plain"),
    Behaviour(400, raw='{"error": {"message": "context length: {x-team-key}"}}'),
    Behaviour.redirect("http://127.0.0.1:9/{authorization}"),
    Behaviour.redirect("/v2?key={x-team-key}", 307),
]  # fmt: skip


def answer_or_failure(model: Any, book: Book) -> list[Any]:
    """What a caller gets to see."""
    try:
        return [model.complete(PROMPT, book)]
    except JourneymanError as error:
        if error.__context__ is not None:
            raise AssertionError(
                "an exception below it would carry the request, and the key in it"
            ) from error
        return [error, *traceback.format_exception(error)]


@pytest.mark.parametrize("behaviour", ECHOES, ids=range(len(ECHOES)))
def test_an_endpoint_that_repeats_the_key(behaviour: Behaviour, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    book = Book()
    with EndpointServer([behaviour]) as server, keyed(server) as model:
        seen = answer_or_failure(model, book)
        seen += [model, model.spec, model._secrets, book.settled]
    assert KEY in server.requests[0].headers["authorization"]
    for thing in seen:
        assert_hidden(repr(thing))
        assert_hidden(str(thing))
    assert_hidden(caplog.text)
    assert not any(KEY in repr(vars(record)) for record in caplog.records)


def test_the_log_of_the_http_library_shows_the_reply_without_the_key(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with EndpointServer([Behaviour.echo(401)]) as server, keyed(server) as model:
        answer_or_failure(model, Book())
    assert "b'X-Echo', b'Bearer [key]'" in caplog.text
    assert not any(logging.getLogger(name).filters for name in ("httpx", "httpcore.http11"))


def test_all_texts_of_a_reply_are_cleaned() -> None:
    message = {
        "content": f"use {KEY}",
        "reasoning_content": f"it is {quote(KEY, safe='')}",
        "refusal": f"no {TEAM[2:]}",
    }
    logprobs = {"content": [{"token": KEY, "logprob": -1.0}]}
    document = {
        "model": f"m-{KEY}",
        "choices": [{"message": message, "finish_reason": KEY, "logprobs": logprobs}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1},
    }
    with EndpointServer([Behaviour(document=document)]) as server, keyed(server) as model:
        completion = model.complete(PROMPT)
    assert_hidden(repr(completion))
    assert completion.text == "use [key]"
    assert completion.refusal == "no [key]"
    assert completion.logprobs is None


def test_a_redirect_is_not_followed() -> None:
    with EndpointServer(["caught"]) as other:
        for code in (301, 302, 303, 307, 308):
            behaviour = Behaviour.redirect(f"{other.url}/chat/completions", code)
            with EndpointServer([behaviour]) as server, keyed(server) as model:
                with pytest.raises(ModelRejected, match="set endpoint to the right address"):
                    model.complete(PROMPT)
                assert len(server.requests) == 1
        assert other.requests == []


def test_a_connection_that_fails_does_not_show_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        EndpointServer([Behaviour.dropped()]) as server,
        keyed(server) as model,
        pytest.raises(ModelUnavailable) as caught,
    ):
        model.complete(PROMPT)
    assert_hidden("".join(traceback.format_exception(caught.value)))
    assert caught.value.__context__ is None


@pytest.mark.parametrize("value", ["", "  ", "two\nlines", "schlüssel-nummer", "tab\there"])
def test_a_variable_that_holds_no_key(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOP_KEY", value)
    with pytest.raises(ModelConfigInvalid, match="model 'loop': key: the environment variable LOOP_KEY"):
        client("http://127.0.0.1:9/v1", key="LOOP_KEY")
    with pytest.raises(ModelConfigInvalid, match=r"headers\.X-A: the environment variable LOOP_KEY"):
        client("http://127.0.0.1:9/v1", headers={"X-A": "${LOOP_KEY}"})


def test_white_space_around_a_key_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOP_KEY", f" {KEY}\n")
    with EndpointServer(["hello"]) as server, client(server, key="LOOP_KEY") as model:
        model.complete(PROMPT)
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


IN_A_FILE = [
    {"key": FILED},
    {"key": "AKIAIOSFODNN7EXAMPLE"},
    {"key": "AIzaSyA1234567890abcdefghijklmnopqrstuv"},
    {"key": "0123456789abcdef0123456789abcdef"},
    {"key": "A1B2C3D4E5F6A7B8C9D0"},
    {"key": "hf_abcdefghijklmnopqrstuvwx"},
    {"headers": {"Authorization": "Bearer abcdefghijklmnop"}},
    {"headers": {"api-key": "abcdefghijklmnop"}},
    {"headers": {"X-Other": f"Bearer {FILED}"}},
    {"body": {"provider": {"options": ["x", FILED]}}},
    {"endpoint": "https://me:abcdefghijklmnop@example.org/v1"},
    {"endpoint": "https://example.org/v1?api_key=abcdefghijklmnop"},
    {"endpoint": f"https://example.org/{FILED}/v1"},
]


@pytest.mark.parametrize("settings", IN_A_FILE, ids=lambda s: next(iter(s)))
def test_a_key_in_a_file_is_refused_and_not_repeated(settings: dict[str, Any]) -> None:
    table = {"endpoint": "https://example.org/v1", "model": "m", **settings}
    with pytest.raises(ModelConfigInvalid) as caught:
        read_spec(table, what="models.toml: model 'm'")
    text = str(caught.value)
    assert text.startswith(f"models.toml: model 'm': {next(iter(settings))}")
    for value in (
        json.dumps(settings).replace('"', " ").replace("/", " ").replace("@", " ").replace("=", " ").split()
    ):
        if len(value) > 15 and value != "Authorization":
            assert value not in text


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "KEY", "MY_KEY_2", "OPENROUTERAPIKEY", "_K"])
def test_names_of_variables_are_taken(name: str) -> None:
    assert read_spec({"endpoint": "https://example.org/v1", "model": "m", "key": name}, what="x").key == name


secrets = st.text(string.ascii_letters + string.digits + "-_+/=.%&", min_size=PART, max_size=60)
plain = st.text(st.characters(codec="utf-8"), max_size=80)


@given(secrets, plain, plain, st.data())
def test_no_part_of_a_secret_survives(secret: str, before: str, after: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(secret) - PART))
    end = data.draw(st.integers(start + PART, len(secret)))
    for written in (
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
    ):
        redacted = Secrets([secret]).redact(f"{before}{secret[start:end]}{after}{written}")
        for at in range(len(written) - PART + 1):
            assert written[at : at + PART] not in redacted.replace("[key]", "\0")


@given(secrets, st.text("äöü \n{}()", max_size=200))
def test_a_text_without_a_secret_stays_as_it_is(secret: str, text: str) -> None:
    assert Secrets([secret]).redact(text) == text
    assert Secrets([]).redact(secret) == secret


@given(secrets, plain)
def test_cleaning_twice_changes_nothing_more(secret: str, text: str) -> None:
    once = Secrets([secret]).redact(f"{text}{secret}{text}")
    assert Secrets([secret]).redact(once) == once or "[key]" in secret


def test_a_placeholder_hides_nothing() -> None:
    assert Secrets(["EMPTY"]).redact("an EMPTY list") == "an EMPTY list"


def test_a_long_reply_keeps_all_but_the_key() -> None:
    text = "def solve(instance):\n    return 1\n" * 5000
    with EndpointServer([f"{text}{KEY}{text}"]) as server, keyed(server) as model:
        completion = model.complete(PROMPT)
    assert isinstance(completion, Completion)
    assert completion.text == f"{text}[key]{text}"
