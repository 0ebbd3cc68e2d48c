"""Every attempt is reserved before it leaves and settled exactly once, at what it cost, however it ends."""

from __future__ import annotations

import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from remote_kit import PNG, PRICE, PROMPT, Book, client

from journeyman.errors import BudgetExhausted, JourneymanError, ModelUnavailable
from journeyman.models import Completion, Cost, Message, Model, Outcome, Prompt
from journeyman.testing.endpoint import Behaviour, EndpointServer

NOTHING = Cost()


@pytest.mark.parametrize(
    ("behaviours", "costs"),
    [
        ([Behaviour.ok(usage={"prompt_tokens": 10, "completion_tokens": 5})], [Cost(15, 60)]),
        ([Behaviour.no_usage()], [None]),
        ([Behaviour.wrong_usage()], [None]),
        ([Behaviour.status(429), Behaviour.status(500), Behaviour.no_usage()], [NOTHING, NOTHING, None]),
        ([Behaviour.dropped(0), Behaviour.dropped(5), Behaviour.no_usage()], [None, None, None]),
        ([Behaviour.html(), Behaviour.truncated(), Behaviour.no_usage()], [None, None, None]),
        ([Behaviour.error_in_200(), Behaviour.no_usage()], [None, None]),
        ([Behaviour.no_choices(), Behaviour.no_usage()], [Cost(7, 14), None]),
        ([Behaviour.status(400, "against our usage policy")], [NOTHING]),
    ],
)
def test_each_attempt_is_settled_at_what_it_cost(
    behaviours: list[Behaviour], costs: list[Cost | None]
) -> None:
    book = Book()
    price = {"input": 2.0, "output": 8.0}
    with EndpointServer(behaviours) as server, client(server, price=price) as model:
        completion = model.complete(PROMPT, book)
    assert book.costs == costs
    assert [said for _, said in book.settled] == [*[None] * (len(costs) - 1), completion]


def test_the_reply_arrives_with_its_price() -> None:
    usage = {"prompt_tokens": 1000, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 900}}
    price = {"input": 2.0, "output": 8.0, "cached_input": 0.5}
    with EndpointServer([Behaviour.ok(usage=usage)]) as server, client(server, price=price) as model:
        assert model.price == PRICE
        assert model.complete(PROMPT).micro_usd == 100 * 2 + 900 * 0.5 + 3 * 8
    with EndpointServer([Behaviour.ok(usage=usage)]) as server, client(server) as model:
        assert model.complete(PROMPT).micro_usd is None
        assert model.worst_case(PROMPT).micro_usd == 0


def test_a_budget_that_is_spent_stops_before_the_attempt() -> None:
    book = Book(limit=2)
    with EndpointServer([Behaviour.status(500)]) as server, client(server) as model:
        with pytest.raises(BudgetExhausted):
            model.complete(PROMPT, book)
        assert book.costs == [NOTHING, NOTHING]
    assert len(server.requests) == 2


def test_the_meter_is_called_by_who_asked() -> None:
    book = Book()
    with EndpointServer([Behaviour.status(500), Behaviour.ok()]) as server, client(server) as model:
        model.complete(PROMPT, book)
    assert book.threads == {threading.current_thread().name}


def ask(model: Model, book: Book) -> Completion | JourneymanError:
    try:
        return model.complete(PROMPT, book)
    except JourneymanError as error:
        return error


def test_closing_ends_calls_in_flight_and_settles_them_as_unknown() -> None:
    books = [Book() for _ in range(3)]
    with EndpointServer([Behaviour.hang()]) as server, ThreadPoolExecutor(3) as pool, client(server) as model:
        calls = [pool.submit(ask, model, book) for book in books]
        server.wait(3)
        model.close()
        ends = [call.result(timeout=20) for call in calls]
    assert all(isinstance(end, ModelUnavailable) and "closed" in str(end) for end in ends)
    assert [book.costs for book in books] == [[None]] * 3


def test_closing_sends_away_who_waits_for_a_permit_and_who_waits_to_ask_again() -> None:
    hanging, waiting, again = Book(), Book(), Book()
    with EndpointServer([Behaviour.hang()]) as server, ThreadPoolExecutor(2) as pool:
        model = client(server, concurrency=1)
        calls = [pool.submit(ask, model, hanging)]
        server.wait(1)
        calls.append(pool.submit(ask, model, waiting))
        model.close()
        assert all(isinstance(call.result(timeout=20), ModelUnavailable) for call in calls)
    assert (hanging.costs, waiting.costs) == ([None], [])
    with EndpointServer([Behaviour.status(429, retry_after="500")]) as server, ThreadPoolExecutor(1) as pool:
        model = client(server)
        call = pool.submit(ask, model, again)
        server.wait(1)
        model.close()
        assert isinstance(call.result(timeout=20), ModelUnavailable)
    assert again.costs in ([NOTHING], [None]), "known if the reply was read before the end"


def test_a_closed_model_answers_nothing_and_closes_again() -> None:
    book = Book()
    with EndpointServer([Behaviour.ok()]) as server:
        model = client(server)
        assert model.complete(PROMPT).outcome is Outcome.ANSWERED
        model.close()
        model.close()
        with pytest.raises(ModelUnavailable, match="was closed"):
            model.complete(PROMPT, book)
    assert book.reserved == []
    never_used = client(server)
    never_used.close()
    with pytest.raises(ModelUnavailable):
        never_used.complete(PROMPT)


@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="signals reach the main thread"
)
def test_an_interrupt_settles_the_call_and_gives_its_permit_back() -> None:
    book = Book()
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        server.wait(1)
        signal.pthread_kill(main, signal.SIGINT)

    with (
        EndpointServer([Behaviour.hang(), Behaviour.ok("after")]) as server,
        client(server, concurrency=1) as model,
    ):
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            model.complete(PROMPT, book)
        thread.join()
        assert book.costs == [None]
        assert model.complete(PROMPT).text == "after"


def test_many_callers_against_an_endpoint_that_does_everything_wrong() -> None:
    bad = [
        Behaviour.status(429), Behaviour.status(503), Behaviour.dropped(), Behaviour.dropped(0), Behaviour.html(),
        Behaviour.truncated(), Behaviour.error_in_200(429), Behaviour.no_usage(), Behaviour.too_long(),
        Behaviour.status(401), Behaviour.refusal(), Behaviour.slow(0.003), Behaviour.ok(), Behaviour.ok(),
    ]  # fmt: skip
    rng = random.Random(3)
    lock = threading.Lock()

    def reply(body: dict[str, Any]) -> Behaviour:
        with lock:
            return rng.choice(bad)

    books = [Book() for _ in range(120)]
    with (
        EndpointServer(reply) as server,
        ThreadPoolExecutor(12) as pool,
        client(server, concurrency=6) as model,
    ):
        ends = list(pool.map(lambda book: ask(model, book), books))
        assert sum(len(book.costs) for book in books) == len(server.requests)
        assert server.peak <= 6
        for end, book in zip(ends, books, strict=True):
            completion = book.settled[-1][1]
            assert end is completion if isinstance(end, Completion) else completion is None
            assert all(said is None for _, said in book.settled[:-1])


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
pictures = st.sampled_from([(), (PNG,), (PNG, PNG)])
messages = st.builds(Message, st.sampled_from(["system", "user", "assistant"]), texts, pictures)
prompts = st.builds(
    Prompt,
    messages=st.lists(messages, min_size=1, max_size=4).map(tuple),
    max_tokens=st.none() | st.integers(1, 100),
)


def as_many_as_possible(body: dict[str, Any]) -> Behaviour:
    """Counts as a tokenizer of bytes would, with marks around each message, 1,000 for an image; uses the limit up."""
    read = 0
    for message in body["messages"]:
        parts = message["content"] if isinstance(message["content"], list) else [{"text": message["content"]}]
        read += 8 + sum(len(part["text"].encode()) if "text" in part else 1000 for part in parts)
    return Behaviour.ok(usage={"prompt_tokens": read, "completion_tokens": body["max_tokens"]})


def test_no_reply_costs_more_than_was_reserved() -> None:
    price = {"input": 0.37, "output": 1.1, "cached_input": 0.9}
    with (
        EndpointServer(as_many_as_possible) as server,
        client(server, price=price, sees=True, image_tokens=1000, max_tokens=50) as model,
    ):

        @settings(max_examples=60, deadline=None)
        @given(prompts)
        def check(prompt: Prompt) -> None:
            book = Book()
            model.complete(prompt, book)
            (actual,), (reserved,) = book.costs, book.reserved
            assert actual is not None
            assert actual.tokens <= reserved.tokens
            assert actual.micro_usd <= reserved.micro_usd

        check()
