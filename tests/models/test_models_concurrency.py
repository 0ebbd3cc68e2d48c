"""As many calls at once as the endpoint bears: the rule, and the gate that enforces it."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from remote_kit import PROMPT, Book, client

from journeyman.models.concurrency import START, Gate, Window
from journeyman.testing.endpoint import Behaviour, EndpointServer


def test_it_starts_small_and_doubles_each_round_until_it_is_turned_away() -> None:
    window = Window(100)
    widths = [window.width]
    for _ in range(4):
        for _ in range(window.width):
            window.success(0, waiting=True)
        widths.append(window.width)
    assert widths == [4, 8, 16, 32, 64]


def test_one_round_of_refusals_halves_it_once() -> None:
    window = Window(64)
    window.width = 40
    for _ in range(40):
        window.overload(0)
    assert window.width == 20
    window.success(0, waiting=True)
    assert window.width == 20, "a reply to a call from before the cut says nothing about the width after it"
    window.overload(1)
    assert window.width == 10


def test_after_a_cut_a_whole_round_of_successes_adds_one() -> None:
    window = Window(64)
    window.width = 16
    window.overload(0)
    for _ in range(8):
        assert window.width == 8
        window.success(1, waiting=True)
    assert window.width == 9


def test_it_does_not_grow_while_nobody_waits() -> None:
    window = Window(64)
    for _ in range(1000):
        window.success(0, waiting=False)
    assert window.width == START


steps = st.lists(
    st.tuples(st.sampled_from(["success", "overload"]), st.integers(0, 3), st.booleans()), max_size=300
)


@given(st.integers(1, 50), steps)
def test_the_width_stays_within_its_bounds_and_moves_by_the_rule(
    ceiling: int, taken: list[tuple[str, int, bool]]
) -> None:
    window = Window(ceiling)
    assert 1 <= window.width <= min(START, ceiling)
    for kind, age, waiting in taken:
        width, epoch = window.width, window.epoch
        of = max(0, epoch - age)
        if kind == "success":
            window.success(of, waiting=waiting)
            assert window.width in (width, min(ceiling, width + 1))
            assert window.epoch == epoch
            assert window.width == width or (waiting and of == epoch)
        else:
            window.overload(of)
            assert window.width == (max(1, width // 2) if of == epoch else width)
            assert window.epoch == epoch + (of == epoch)
        assert 1 <= window.width <= ceiling


@given(st.integers(1, 40))
def test_it_settles_around_what_the_endpoint_bears(capacity: int) -> None:
    """Rounds of `width` calls against an endpoint that turns away what is more than `capacity`."""
    window = Window(200)
    widths = []
    for _ in range(300):
        width, epoch = window.width, window.epoch
        for number in range(width):
            if number < capacity:
                window.success(epoch, waiting=True)
            else:
                window.overload(epoch)
        widths.append(width)
    settled = widths[100:]
    assert max(settled) <= capacity + 2
    assert sum(settled) / len(settled) >= 0.6 * capacity


def test_the_gate_lets_in_as_many_as_it_may_in_the_order_they_came() -> None:
    gate = Gate(2)
    order: list[int] = []
    arrived = [threading.Event() for _ in range(6)]
    leave = [threading.Event() for _ in range(6)]

    def visit(number: int) -> None:
        with gate.permit() as permit:
            assert permit is not None
            order.append(number)
            arrived[number].set()
            leave[number].wait(20)

    class Queue(deque):  # type: ignore[type-arg]
        """Says when someone has joined it."""

        def append(self, turn: Any) -> None:
            super().append(turn)
            joined.set()

    joined = threading.Event()
    gate._waiting = Queue()
    threads = [threading.Thread(target=visit, args=(number,)) for number in range(6)]
    for thread in threads:
        joined.clear()
        thread.start()
        assert joined.wait(20)
    arrived[1].wait(20)
    for number in range(6):
        assert arrived[number].wait(20)
        assert len(order) <= number + 2
        leave[number].set()
        threads[number].join()
        # Two let in at once may note their numbers in either order: one at a time.
        assert number + 2 >= len(arrived) or arrived[number + 2].wait(20)
    assert order[2:] == [2, 3, 4, 5]


def test_a_place_is_given_back_after_any_failure() -> None:
    gate = Gate(1)
    for _ in range(3):
        with pytest.raises(RuntimeError), gate.permit():
            raise RuntimeError
    with gate.permit() as permit:
        assert permit is not None


def test_a_closed_gate_lets_nobody_in() -> None:
    gate = Gate(1)
    entered = threading.Event()
    got: list[Any] = []

    def wait() -> None:
        entered.set()
        with gate.permit() as permit:
            got.append(permit)

    with gate.permit():
        thread = threading.Thread(target=wait)
        thread.start()
        entered.wait(20)
        gate.close()
        thread.join()
    with gate.permit() as permit:
        assert permit is None
    assert got == [None]


def test_an_endpoint_with_little_room_is_not_run_over() -> None:
    """It takes 3 calls at a time and turns the others away; all are answered in the end."""
    room, first = threading.Semaphore(3), threading.Barrier(START)
    numbers = iter(range(10_000))

    def reply(body: dict[str, Any]) -> Behaviour | str:
        entered = room.acquire(blocking=False)
        if next(numbers) < START:
            first.wait(20)  # the first four are there at the same time, so one of them finds no room
        if not entered:
            return Behaviour.status(429)
        room.release()
        return "done"

    with (
        EndpointServer(reply) as server,
        ThreadPoolExecutor(16) as pool,
        client(server, concurrency=16, attempts=100) as model,
    ):
        texts = [
            completion.text for completion in pool.map(lambda _: model.complete(PROMPT, Book()), range(100))
        ]
        assert texts == ["done"] * 100
        assert model._gate._window.epoch >= 1
        assert len(server.requests) > 100


def test_no_more_calls_at_once_than_asked_for() -> None:
    meet = threading.Barrier(3)

    def reply(body: dict[str, Any]) -> str:
        meet.wait(20)
        return "done"

    with (
        EndpointServer(reply) as server,
        ThreadPoolExecutor(12) as pool,
        client(server, concurrency=3) as model,
    ):
        list(pool.map(lambda _: model.complete(PROMPT), range(60)))
        assert server.peak == 3


def test_it_grows_to_its_ceiling_where_nobody_is_turned_away() -> None:
    crowded, lock, inside = threading.Event(), threading.Lock(), 0

    def reply(body: dict[str, Any]) -> str:
        nonlocal inside
        with lock:
            inside += 1
            if inside == 8:
                crowded.set()
        # Only with callers waiting does the window grow: a reply takes its time until the ceiling was reached.
        crowded.wait(0.05)
        with lock:
            inside -= 1
        return "done"

    with (
        EndpointServer(reply) as server,
        ThreadPoolExecutor(12) as pool,
        client(server, concurrency=8) as model,
    ):
        for _ in range(40):
            list(pool.map(lambda _: model.complete(PROMPT), range(24)))
            if crowded.is_set():
                break
        assert crowded.is_set()
        assert model.width == 8
        assert server.peak == 8
