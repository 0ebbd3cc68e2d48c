"""A recorded model: the same replies and charges again, and a clear word where a replay has left its record."""

from __future__ import annotations

from pathlib import Path

import pytest

from journeyman.errors import BudgetExhausted, ModelUnavailable, ReplayMismatch, UsageError
from journeyman.ledger import Budget, Ledger, Spend
from journeyman.models import Completion, Cost, Image, Message, Model, Outcome, Price, Prompt, Usage
from journeyman.models.recorded import Record, Recorded
from journeyman.models.scripted import open_scripted
from journeyman.testing.models import Counted, ask

PRICE = Price(2.0, 8.0)


def records_of(model: Model, numbers: range) -> dict[str, Record]:
    """What a run would have on record after these calls."""
    prompts = [ask(number) for number in numbers]
    return {prompt.key: Record(prompt.digest, model.complete(prompt)) for prompt in prompts}


class Booked:
    """A meter on a real ledger, one entry for each attempt."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._number = ledger, 0

    def reserve(self, worst: Cost) -> None:
        self._number += 1
        self._ledger.reserve(str(self._number), Spend(tokens=worst.tokens, micro_usd=worst.micro_usd))

    def settle(self, actual: Cost | None, completion: Completion | None) -> None:
        spend = actual and Spend(tokens=actual.tokens, micro_usd=actual.micro_usd)
        self._ledger.settle(str(self._number), spend)


def test_it_gives_what_the_original_gave_and_charges_the_same() -> None:
    with open_scripted("nudge", PRICE) as original:
        records = records_of(original, range(1, 5))
        first, again = Counted(), Counted()
        with Recorded("scripted/nudge", records, worst=original.worst_case) as replayed:
            for number in (3, 1, 4, 2):
                said, repeated = original.complete(ask(number), first), replayed.complete(ask(number), again)
                assert repeated == records[f"{number}/call/1"].completion
                assert repeated.text == said.text
    assert again.course == first.course
    assert again.reserved == first.reserved
    assert [cost for cost, _ in again.settled] == [cost for cost, _ in first.settled]


def stops(model: Model, budget: Budget) -> tuple[int, str, Spend]:
    """How many calls a budget allows, what ends them, and what was spent."""
    ledger = Ledger(budget)
    meter = Booked(ledger)
    for number in range(1, 100):
        try:
            model.complete(ask(number), meter)
        except BudgetExhausted as error:
            return number - 1, error.kind, ledger.spent
    raise AssertionError("nothing ended it")


@pytest.mark.parametrize("budget", [Budget(tokens=400), Budget(micro_usd=1500), Budget(tokens=10)])
def test_a_replay_stops_where_the_original_stopped(budget: Budget) -> None:
    with open_scripted("nudge", PRICE) as original:
        made, kind, spent = stops(original, budget)
        # No more is on record than what was made.
        records = records_of(original, range(1, made + 1))
        with Recorded("scripted/nudge", records, worst=original.worst_case) as replayed:
            assert stops(replayed, budget) == (made, kind, spent)


def test_a_cost_that_nobody_knew_stays_unknown() -> None:
    prompt, meter = ask(1), Counted()
    records = {prompt.key: Record(prompt.digest, Completion("hello", Outcome.ANSWERED))}
    with Recorded("m", records, worst=lambda prompt: Cost(50, 7)) as model:
        model.complete(prompt, meter)
    assert meter.reserved == [Cost(50, 7)]
    assert [cost for cost, _ in meter.settled] == [None]


def test_without_the_original_bound_a_call_reserves_its_own_cost() -> None:
    prompt = ask(1)
    records = {prompt.key: Record(prompt.digest, Completion("x", Outcome.ANSWERED, Usage(5, 6), 9))}
    with Recorded("m", records) as model:
        assert model.worst_case(prompt) == Cost(11, 9)
        assert model.worst_case(ask(2)) == Cost()


def test_a_call_that_is_not_on_record_is_named_and_charged_nothing() -> None:
    meter = Counted()
    with (
        open_scripted("nudge") as original,
        Recorded("scripted/nudge", records_of(original, range(1, 3))) as model,
        pytest.raises(
            ReplayMismatch, match="the call '7/call/1' of 'scripted/nudge' is not among the 2 on record: a"
        ),
    ):
        model.complete(ask(7), meter)
    assert meter.settled == [(Cost(), None)]


def test_a_call_that_asks_something_else_is_named_and_not_reserved() -> None:
    meter = Counted()
    other = Prompt((Message("user", "Something else."),), key="1/call/1")
    with (
        open_scripted("nudge") as original,
        Recorded("scripted/nudge", records_of(original, range(1, 3))) as model,
        pytest.raises(
            ReplayMismatch, match=r"the call '1/call/1' .* task, search, seed and options"
        ) as raised,
    ):
        model.complete(other, meter)
    assert other.digest[:12] in str(raised.value)
    assert ask(1).digest[:12] in str(raised.value)
    assert meter.course == []


def test_a_seed_is_no_part_of_what_was_asked() -> None:
    prompt = ask(1)
    records = {prompt.key: Record(prompt.digest, Completion("hello", Outcome.ANSWERED))}
    with Recorded("m", records) as model:
        assert model.complete(Prompt(prompt.messages, prompt.key, 99, prompt.max_tokens)).text == "hello"


def test_closed_and_blind_it_says_so(tmp_path: Path) -> None:
    prompt = Prompt((Message("user", "look", (Image("image/png", b""),)),), key="1/call/1")
    records = {prompt.key: Record(prompt.digest, Completion("hello", Outcome.ANSWERED))}
    with pytest.raises(UsageError, match="takes no images"):
        Recorded("m", records, sees=False).complete(prompt)
    model = Recorded("m", records)
    assert model.complete(prompt).text == "hello"
    model.close()
    with pytest.raises(ModelUnavailable, match="the record of 'm' was closed"):
        model.complete(prompt)
