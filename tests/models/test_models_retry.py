"""What is asked again, how often, after which wait, and what is not."""

from __future__ import annotations

import itertools
import random
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from remote_kit import PROMPT, Book, client

from journeyman.errors import ModelRejected, ModelUnavailable, PromptTooLong
from journeyman.models import Cost
from journeyman.models.retry import CAP_S, asked_to_wait_s, backoff_s
from journeyman.testing.endpoint import Behaviour, EndpointServer

LATER = [
    Behaviour.status(408),
    Behaviour.status(409),
    Behaviour.status(425),
    Behaviour.status(429),
    Behaviour.status(500),
    Behaviour.status(502),
    Behaviour.status(503),
    Behaviour.status(529),
    Behaviour.html(504),
    Behaviour.html(),
    Behaviour.truncated(),
    Behaviour.dropped(),
    Behaviour.dropped(0),
    Behaviour.no_choices(),
    Behaviour.error_in_200(502),
    Behaviour.error_in_200(429),
    Behaviour.finish("error", "half an"),
]


@pytest.mark.parametrize("behaviour", LATER, ids=lambda b: f"{b.code}{b.raw[:6]}{b.send}")
def test_what_may_pass_is_asked_again(behaviour: Behaviour) -> None:
    with EndpointServer([behaviour, behaviour, Behaviour.ok("at last")]) as server, client(server) as model:
        completion = model.complete(PROMPT)
    assert (completion.text, completion.attempts, len(server.requests)) == ("at last", 3, 3)


def test_all_attempts_ask_the_same() -> None:
    with EndpointServer([*LATER, Behaviour.ok()]) as server, client(server, attempts=len(LATER) + 1) as model:
        model.complete(PROMPT)
    assert all(request.body == server.requests[0].body for request in server.requests)


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (Behaviour.status(400, "messages: wrong role"), "messages: wrong role; check the model's settings"),
        (Behaviour.status(401, "no such key"), "no such key; name the variable"),
        (Behaviour.status(402, "pay first"), "pay first; the account has no credit left"),
        (Behaviour.status(403, "not yours"), "not yours"),
        (Behaviour.status(404, "The model `x` does not exist"), "does not exist; check endpoint"),
        (Behaviour.html(404), "a web page; check endpoint"),
        (Behaviour.status(422, "bad"), "bad"),
        (Behaviour.status(429, "You exceeded your current quota", error_code="insufficient_quota"), "no credit left"),
        (Behaviour.error_in_200(401, "no such key"), "no such key"),
        (Behaviour.status(400, "Unsupported parameter: 'max_tokens' is not supported with this model. "
                               "Use 'max_completion_tokens' instead."), 'set limit_field = "max_completion_tokens"'),
        (Behaviour.status(400, "max_tokens is too large: 99999. This model supports at most 16384 completion tokens"),
         "set max_tokens lower"),
        (Behaviour.status(400, "Unsupported value: 'temperature' does not support 0.7 with this model."),
         "set sampling = false"),
        (Behaviour.status(400, "Unrecognized request argument supplied: reasoning_effort"), "leave out reasoning"),
        (Behaviour(400, document=[{"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}]),
         "API key not valid."),
        (Behaviour(400, document={"object": "error", "message": "unknown field", "code": 40001}), "unknown field"),
        (Behaviour(422, document={"detail": "no such field"}), "no such field"),
        (Behaviour(400, document={"detail": [{"loc": ["body"], "msg": "no"}]}), "status 400"),
        (Behaviour(404, document={"error": "model 'x' not found, try pulling it first"}), "try pulling it first"),
        (Behaviour(418, raw="I am a teapot", content_type="text/plain"), "I am a teapot"),
        (Behaviour(400, raw="", content_type="text/plain"), "status 400 without a word"),
    ],
)  # fmt: skip
def test_what_will_not_pass_is_asked_once_and_explained(behaviour: Behaviour, words: str) -> None:
    book = Book()
    with (
        EndpointServer([behaviour]) as server,
        client(server) as model,
        pytest.raises(ModelRejected) as caught,
    ):
        model.complete(PROMPT, book)
    assert words in str(caught.value)
    assert len(server.requests) == 1
    assert "\n" not in str(caught.value)


def test_a_long_message_of_a_server_is_cut() -> None:
    with (
        EndpointServer([Behaviour.status(400, "x" * 100_000)]) as server,
        client(server) as model,
        pytest.raises(ModelRejected) as caught,
    ):
        model.complete(PROMPT)
    assert len(str(caught.value)) < 800


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour.too_long(),
        Behaviour.status(400, "max_tokens must be at least 1, got -186."),
        Behaviour.status(400, "You passed 1015 input tokens and requested 10 output tokens. However, the model's context "
                              "length is only 1024 tokens"),
        Behaviour.status(400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."),
        Behaviour.status(400, "prompt is too long: 210000 tokens > 200000 maximum"),
        Behaviour.status(413, "Request Entity Too Large"),
        Behaviour.status(429, "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 60000"),
        Behaviour.status(500, "the request exceeds the available context size. try increasing the context size"),
    ],
)  # fmt: skip
def test_a_prompt_that_is_too_long_is_asked_once(behaviour: Behaviour) -> None:
    with EndpointServer([behaviour]) as server, client(server) as model, pytest.raises(PromptTooLong):
        model.complete(PROMPT)
    assert len(server.requests) == 1


def test_attempts_end_with_what_the_last_ones_said() -> None:
    behaviours = [Behaviour.status(500, f"reason {number}") for number in range(1, 9)]
    with (
        EndpointServer(behaviours) as server,
        client(server, attempts=5) as model,
        pytest.raises(
            ModelUnavailable, match=r"in 5 attempts .* reason 3; status 500: reason 4; status 500: reason 5$"
        ),
    ):
        model.complete(PROMPT)
    assert len(server.requests) == 5


def test_patience_ends_before_a_wait_that_would_pass_it() -> None:
    with (
        EndpointServer([Behaviour.status(429, retry_after="3600")]) as server,
        client(server) as model,
        pytest.raises(ModelUnavailable, match="3600 s more to wait, past patience_s"),
    ):
        model.complete(PROMPT)
    assert len(server.requests) == 1


def asks_to_wait(value: Callable[[], str], header: str) -> Behaviour:
    return Behaviour.status(503, **{header: value()})


@pytest.mark.parametrize(
    ("header", "value", "waits_too_long"),
    [
        ("retry_after", lambda: "0", False),
        ("retry_after", lambda: "30.5", True),
        ("retry_after", lambda: format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True), True),
        ("retry_after", lambda: format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True), False),
        ("retry_after", lambda: "soon", False),
        ("retry_after_ms", lambda: "30000", True),
        ("retry_after_ms", lambda: "1", False),
    ],
)
def test_what_the_server_says_about_waiting_holds(
    header: str, value: Callable[[], str], waits_too_long: bool
) -> None:
    behaviours = [asks_to_wait(value, header), Behaviour.ok()]
    with EndpointServer(behaviours) as server, client(server, patience_s=20.0) as model:
        if waits_too_long:
            with pytest.raises(ModelUnavailable, match="more to wait"):
                model.complete(PROMPT)
        else:
            assert model.complete(PROMPT).attempts == 2


def test_an_endpoint_that_never_answers_costs_the_attempts_time_and_no_more() -> None:
    book = Book()
    with (
        EndpointServer([Behaviour.hang()]) as server,
        client(server, timeout_s=0.05, attempts=2) as model,
        pytest.raises(ModelUnavailable, match=r"in 2 attempts .* no whole reply within 0.05 s"),
    ):
        model.complete(PROMPT, book)
    assert book.costs == [None, None]


def test_patience_is_the_limit_of_an_attempt_too() -> None:
    book = Book()
    with (
        EndpointServer([Behaviour.hang()]) as server,
        client(server, patience_s=0.05) as model,
        pytest.raises(ModelUnavailable, match=r"in [12] attempts? "),
    ):
        model.complete(PROMPT, book)
    assert len(server.requests) <= 2


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    book = Book()
    with (
        client(f"http://127.0.0.1:{port}/v1", attempts=3) as model,
        pytest.raises(ModelUnavailable, match="no connection"),
    ):
        model.complete(PROMPT, book)
    assert book.costs == [Cost(), Cost(), Cost()]


@given(st.integers(1, 2000), st.floats(0, 1e6), st.integers())
def test_a_wait_is_within_its_bounds(failures: int, base_s: float, seed: int) -> None:
    wait = backoff_s(failures, base_s, random.Random(seed))
    assert 0 <= wait <= CAP_S
    assert wait <= base_s * 2.0 ** min(failures - 1, 1000)


def test_waits_grow_on_average_and_follow_the_generator() -> None:
    mean = [sum(backoff_s(n, 1.0, random.Random(seed)) for seed in range(400)) / 400 for n in range(1, 9)]
    assert mean[0] == pytest.approx(0.5, abs=0.1)
    assert all(later > 1.5 * earlier for earlier, later in itertools.pairwise(mean[:6]))
    assert mean[7] == pytest.approx(CAP_S / 2, rel=0.1)
    assert backoff_s(3, 1.0, random.Random(7)) == backoff_s(3, 1.0, random.Random(7))


NOW = datetime(2030, 1, 1, 12, 0, 0, tzinfo=UTC)


@given(st.integers(-(10**7), 10**7))
def test_a_date_is_read_as_the_seconds_until_then(seconds: int) -> None:
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert asked_to_wait_s({"retry-after": date}, NOW) == max(0, seconds)
    assert asked_to_wait_s({"retry-after": date.replace("GMT", "-0000")}, NOW) == max(0, seconds)


@given(st.floats(0, 1e9))
def test_seconds_and_milliseconds_are_read(number: float) -> None:
    assert asked_to_wait_s({"retry-after": f"{number:f}"}, NOW) == pytest.approx(number, abs=1e-6)
    assert asked_to_wait_s({"retry-after-ms": f"{number:f}"}, NOW) == pytest.approx(number / 1000, abs=1e-6)
    assert asked_to_wait_s({"retry-after-ms": "7", "retry-after": "99"}, NOW) == 0.007


@given(st.text(st.characters(codec="latin-1")))
def test_nonsense_about_waiting_is_no_answer_and_no_failure(text: str) -> None:
    wait = asked_to_wait_s({"retry-after": text, "retry-after-ms": text}, NOW)
    assert wait is None or wait >= 0


@pytest.mark.parametrize(
    "text", ["-1", "nan", "inf", "1e999", "", "Mon", "99999999999 Jan 2030", "1 Jan 99999 00:00:00"]
)
def test_no_wait_can_be_read_from(text: str) -> None:
    assert asked_to_wait_s({"retry-after": text}, NOW) is None


def test_headers_are_found_in_any_case() -> None:
    assert asked_to_wait_s(httpx.Headers({"Retry-After": "2"}), NOW) == 2
