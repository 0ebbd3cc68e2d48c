"""Callers at once: threads, tasks of one event loop, and a log whose lock the ledger shares."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from journeyman.errors import BudgetExhausted
from journeyman.ledger import Budget, Ledger, Reserved, Settled, Spend

CALLERS = 64


@pytest.fixture(autouse=True)
def frequent_switches() -> Iterator[None]:
    """Let threads take turns so often that a gap between check and charge would be hit."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(work: Callable[[int], int]) -> list[int]:
    start = threading.Barrier(CALLERS)

    def begin(caller: int) -> int:
        start.wait()
        return work(caller)

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(begin, range(CALLERS)))


@pytest.mark.parametrize("cap", [1, 3, 63, 500])
def test_64_threads_take_exactly_the_cap(cap: int) -> None:
    events: list[Reserved | Settled] = []
    ledger = Ledger(Budget(evaluations=cap), record=events.append)

    def work(caller: int) -> int:
        taken = 0
        while True:
            key = f"{caller}-{taken}"
            try:
                ledger.reserve(key, Spend(evaluations=1))
            except BudgetExhausted:
                return taken
            ledger.settle(key, Spend(evaluations=1))
            taken += 1

    assert sum(at_once(work)) == cap
    assert ledger.spent == Spend(evaluations=cap)
    assert not ledger.open
    assert len(events) == 2 * cap
    assert Ledger.restore(Budget(evaluations=cap), events).spent == ledger.spent


def test_64_threads_on_one_key_charge_once() -> None:
    ledger = Ledger(Budget(evaluations=1))
    at_once(lambda _: ledger.reserve("same", Spend(evaluations=1)).spend.evaluations)
    at_once(lambda _: ledger.settle("same", Spend(evaluations=1)).spend.evaluations)
    assert ledger.spent == Spend(evaluations=1)


def test_units_given_back_can_be_taken_by_others() -> None:
    # Each work reserves two proposals and uses one: the sum must come out exact, never above the cap.
    ledger = Ledger(Budget(proposals=101))

    def work(caller: int) -> int:
        taken = 0
        while True:
            key = f"{caller}-{taken}"
            try:
                ledger.reserve(key, Spend(proposals=2))
            except BudgetExhausted:
                if ledger.remaining().proposals in (0, 1) and not ledger.open:
                    return taken
                continue
            assert (ledger.spent + Spend()).fits(ledger.budget)
            ledger.settle(key, Spend(proposals=1))
            taken += 1

    assert sum(at_once(work)) == 100
    assert ledger.spent == Spend(proposals=100)


def test_tasks_of_one_loop_take_exactly_the_cap() -> None:
    ledger = Ledger(Budget(evaluations=10))

    async def work(caller: int) -> bool:
        await asyncio.sleep(0)
        try:
            ledger.reserve(str(caller), Spend(evaluations=1))
        except BudgetExhausted:
            return False
        await asyncio.sleep(0)
        ledger.settle(str(caller), Spend(evaluations=1))
        return True

    async def everybody() -> list[bool]:
        return await asyncio.gather(*(work(caller) for caller in range(CALLERS)))

    assert sum(asyncio.run(everybody())) == 10
    assert ledger.spent == Spend(evaluations=10)


def test_sharing_a_lock_allows_settlement_inside_a_larger_commit() -> None:
    # Reserving takes ledger then log, settling inside a commit takes log then ledger: two locks would deadlock.
    lock = threading.RLock()
    stored: list[Reserved | Settled] = []

    def record(event: Reserved | Settled) -> None:
        with lock:
            stored.append(event)

    ledger = Ledger(Budget(), record=record, lock=lock)

    def work(caller: int) -> int:
        for turn in range(20):
            key = f"{caller}-{turn}"
            ledger.reserve(key, Spend(evaluations=1))
            with lock:
                ledger.settle(key, Spend(evaluations=1))
        return 20

    assert sum(at_once(work)) == ledger.spent.evaluations == 20 * CALLERS
    assert len(stored) == 40 * CALLERS
