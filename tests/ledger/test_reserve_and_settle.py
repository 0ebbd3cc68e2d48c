"""What one caller sees of the ledger."""

from __future__ import annotations

import pytest

from journeyman.errors import BudgetExhausted, JourneymanError, LedgerError, UsageError
from journeyman.ledger import Budget, Ledger, Reserved, Settled, Spend

ONE = Spend(evaluations=1)


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_last_unit_is_given_once() -> None:
    ledger = Ledger(Budget(evaluations=2))
    ledger.reserve("a", ONE)
    ledger.reserve("b", ONE)
    with pytest.raises(BudgetExhausted) as refused:
        ledger.reserve("c", ONE)
    assert (refused.value.kind, refused.value.limit, refused.value.used, refused.value.asked) == (
        "evaluations",
        2,
        2,
        1,
    )
    assert ledger.exhausted() == "evaluations"
    assert ledger.remaining() == Budget(evaluations=0)


def test_no_cap_never_refuses() -> None:
    ledger = Ledger(Budget())
    ledger.reserve("a", Spend(10**12, 10**12, 10**12, 10**12))
    assert ledger.exhausted() is None
    assert ledger.remaining() == Budget()
    assert ledger.time_left_s() is None


def test_reserving_an_open_key_again_charges_nothing() -> None:
    events: list[Reserved | Settled] = []
    ledger = Ledger(Budget(evaluations=1), record=events.append)
    first = ledger.reserve("a", ONE)
    assert ledger.reserve("a", ONE) is first
    assert ledger.reserved == ONE
    assert events == [Reserved("a", ONE)]


def test_a_key_cannot_change_its_amount_or_be_used_again() -> None:
    ledger = Ledger(Budget())
    ledger.reserve("a", ONE)
    with pytest.raises(LedgerError, match="already reserved"):
        ledger.reserve("a", Spend(evaluations=2))
    ledger.settle("a", ONE)
    with pytest.raises(LedgerError, match="already settled"):
        ledger.reserve("a", ONE)


def test_settling_below_the_reservation_gives_back() -> None:
    ledger = Ledger(Budget(evaluations=1, tokens=100))
    ledger.reserve("a", Spend(evaluations=1, tokens=100))
    ledger.settle("a", Spend(tokens=30))
    assert ledger.spent == Spend(tokens=30)
    assert ledger.reserved == Spend()
    assert ledger.remaining() == Budget(evaluations=1, tokens=70)
    ledger.reserve("b", Spend(evaluations=1, tokens=70))


def test_settling_twice_alike_is_a_no_op_and_otherwise_an_error() -> None:
    events: list[Reserved | Settled] = []
    ledger = Ledger(Budget(), record=events.append)
    ledger.reserve("a", ONE)
    settled = ledger.settle("a", ONE)
    assert ledger.settle("a", ONE) == settled
    assert len(events) == 2
    for other in (Spend(), None):
        with pytest.raises(LedgerError, match="already settled"):
            ledger.settle("a", other)
    assert ledger.spent == ONE


def test_an_unknown_outcome_books_the_reservation_and_says_so() -> None:
    ledger = Ledger(Budget(tokens=10))
    ledger.reserve("a", Spend(tokens=8))
    assert ledger.settle("a", None) == Settled("a", Spend(tokens=8), known=False)
    assert ledger.settle("a", None).known is False
    with pytest.raises(LedgerError):
        ledger.settle("a", Spend(tokens=8))
    assert ledger.unknown == Spend(tokens=8)


@pytest.mark.parametrize("kind", ["evaluations", "proposals"])
def test_counted_kinds_cannot_settle_above_the_reservation(kind: str) -> None:
    ledger = Ledger(Budget())
    ledger.reserve("a", Spend(tokens=1))
    with pytest.raises(LedgerError, match=f"reserved 0 {kind}"):
        ledger.settle("a", Spend(**{kind: 1}))
    assert "a" in ledger.open


def test_tokens_may_overrun_once_and_are_refused_from_then_on() -> None:
    ledger = Ledger(Budget(evaluations=5, tokens=10))
    ledger.reserve("a", Spend(tokens=5))
    ledger.settle("a", Spend(tokens=50))
    assert ledger.exhausted() == "tokens"
    assert ledger.remaining().tokens == 0
    with pytest.raises(BudgetExhausted) as refused:
        ledger.reserve("b", Spend(tokens=1))
    assert refused.value.kind == "tokens"
    ledger.reserve("c", ONE)  # what needs no tokens is not refused for want of them


def test_settling_what_was_never_reserved_is_an_error() -> None:
    with pytest.raises(LedgerError, match="never reserved"):
        Ledger(Budget()).settle("a", ONE)


def test_the_deadline_refuses_new_work_and_leaves_open_work_alone() -> None:
    clock = Clock()
    ledger = Ledger(Budget(wall_s=60), elapsed_s=20, clock=clock)
    ledger.reserve("a", ONE)
    clock.now += 30
    assert ledger.time_left_s() == 10
    assert ledger.exhausted() is None
    clock.now += 10
    assert ledger.exhausted() == "wall_s"
    with pytest.raises(BudgetExhausted) as refused:
        ledger.reserve("b", ONE)
    assert (refused.value.kind, refused.value.limit, refused.value.used) == ("wall_s", 60, 60)
    assert str(refused.value) == "the time is up: 60 s of 60 s have passed"
    ledger.reserve("a", ONE)
    ledger.settle("a", ONE)
    clock.now += 1000
    assert ledger.time_left_s() == 0


def test_a_record_that_fails_changes_nothing() -> None:
    def record(event: Reserved | Settled) -> None:
        if isinstance(event, Settled) or event.key == "bad":
            raise OSError("no room")

    ledger = Ledger(Budget(evaluations=2), record=record)
    with pytest.raises(OSError, match="no room"):
        ledger.reserve("bad", ONE)
    assert ledger.reserved == Spend()
    ledger.reserve("good", ONE)
    with pytest.raises(OSError, match="no room"):
        ledger.settle("good", ONE)
    assert list(ledger.open) == ["good"]
    assert ledger.spent == Spend()


def test_a_crash_leaves_the_reservation_to_be_repeated_or_booked() -> None:
    events: list[Reserved | Settled] = []
    before = Ledger(Budget(evaluations=2), record=events.append)
    before.reserve("a", ONE)
    before.reserve("b", ONE)
    before.settle("a", ONE)
    after = Ledger.restore(Budget(evaluations=2), events, elapsed_s=7.0)
    assert dict(after.open) == {"b": Reserved("b", ONE)}
    with pytest.raises(BudgetExhausted):
        after.reserve("c", ONE)
    after.reserve("b", ONE)
    after.settle("b", ONE)
    assert after.spent == Spend(evaluations=2)
    assert after.elapsed_s >= 7.0


def test_restoring_under_a_lower_budget_refuses_from_then_on() -> None:
    ledger = Ledger.restore(Budget(evaluations=1), [Reserved("a", Spend(evaluations=3))])
    assert ledger.remaining() == Budget(evaluations=0)
    ledger.settle("a", Spend(evaluations=3))
    assert ledger.exhausted() == "evaluations"


@pytest.mark.parametrize(
    "events",
    [
        [Settled("a", ONE, known=True)],
        [Reserved("a", ONE), Reserved("a", Spend())],
        [Reserved("a", ONE), Settled("a", ONE, known=True), Settled("a", ONE, known=False)],
        [Reserved("a", ONE), Settled("a", ONE, known=True), Reserved("a", ONE)],
        [Reserved("a", ONE), Settled("a", Spend(evaluations=2), known=True)],
    ],
)
def test_events_that_contradict_one_another_are_not_restored(events: list[Reserved | Settled]) -> None:
    with pytest.raises(LedgerError):
        Ledger.restore(Budget(), events)


@pytest.mark.parametrize("value", [-1, 1.0, True, "1"])
def test_amounts_are_integers_from_zero(value: object) -> None:
    with pytest.raises(UsageError, match="integer >= 0"):
        Spend(tokens=value)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="integer >= 0"):
        Budget(tokens=value)  # type: ignore[arg-type]


def test_a_difference_below_zero_is_an_error() -> None:
    assert Spend(3, 2, 1, 9) - Spend(1, 2, 0, 4) == Spend(2, 0, 1, 5)
    with pytest.raises(UsageError):
        Spend(tokens=1) - Spend(tokens=2)


@pytest.mark.parametrize("wall_s", [-1.0, float("nan"), float("inf")])
def test_a_deadline_is_a_finite_time(wall_s: float) -> None:
    with pytest.raises(UsageError, match="wall clock"):
        Budget(wall_s=wall_s)


def test_fits_looks_at_every_kind() -> None:
    assert Spend(1, 1, 1, 1).fits(Spend(1, 1, 1, 1))
    assert Spend(10**9, 1, 1, 1).fits(Budget(proposals=1))
    assert not Spend(micro_usd=2).fits(Budget(micro_usd=1))


def test_every_failure_is_a_named_one() -> None:
    assert issubclass(LedgerError, JourneymanError)
    assert issubclass(BudgetExhausted, JourneymanError)
