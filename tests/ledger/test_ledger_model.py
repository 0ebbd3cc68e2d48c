"""The ledger against a model too simple to be wrong, over random sequences of calls."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from journeyman.errors import BudgetExhausted, LedgerError
from journeyman.ledger import KINDS, Budget, Ledger, Reserved, Settled, Spend

amounts = st.builds(Spend, *[st.integers(0, 4)] * 4)
caps = st.none() | st.integers(0, 12)
keys = st.sampled_from("abcdefgh")


class LedgerMachine(RuleBasedStateMachine):
    """The model is a list of events; every sum is taken anew from it."""

    @initialize(budget=st.builds(Budget, caps, caps, caps, caps))
    def start(self, budget: Budget) -> None:
        self.events: list[Reserved | Settled] = []
        self.ledger = Ledger(budget, record=self.events.append)
        self.model_open: dict[str, Spend] = {}
        self.model_settled: dict[str, tuple[Spend, bool]] = {}

    def used(self, kind: str) -> int:
        reserved = sum(getattr(spend, kind) for spend in self.model_open.values())
        return reserved + sum(getattr(spend, kind) for spend, _ in self.model_settled.values())

    def fits(self, spend: Spend) -> bool:
        for kind in KINDS:
            cap, asked = getattr(self.ledger.budget, kind), getattr(spend, kind)
            if asked > 0 and cap is not None and self.used(kind) + asked > cap:
                return False
        return True

    @rule(key=keys, spend=amounts)
    def reserve(self, key: str, spend: Spend) -> None:
        if key in self.model_settled or self.model_open.get(key, spend) != spend:
            with pytest.raises(LedgerError):
                self.ledger.reserve(key, spend)
        elif key in self.model_open:
            assert self.ledger.reserve(key, spend) == Reserved(key, spend)
        elif self.fits(spend):
            assert self.ledger.reserve(key, spend) == Reserved(key, spend)
            self.model_open[key] = spend
        else:
            with pytest.raises(BudgetExhausted) as refused:
                self.ledger.reserve(key, spend)
            kind = refused.value.kind
            assert refused.value.used == self.used(kind)
            assert refused.value.used + refused.value.asked > refused.value.limit

    @rule(key=keys, actual=st.none() | amounts)
    def settle(self, key: str, actual: Spend | None) -> None:
        if key in self.model_settled:
            spend, known = self.model_settled[key]
            if (actual is None and not known) or (actual == spend and known):
                assert self.ledger.settle(key, actual) == Settled(key, spend, known)
            else:
                with pytest.raises(LedgerError):
                    self.ledger.settle(key, actual)
            return
        reserved = self.model_open.get(key)
        if reserved is None or (
            actual is not None
            and (actual.evaluations > reserved.evaluations or actual.proposals > reserved.proposals)
        ):
            with pytest.raises(LedgerError):
                self.ledger.settle(key, actual)
            return
        spend = reserved if actual is None else actual
        assert self.ledger.settle(key, actual) == Settled(key, spend, actual is not None)
        self.model_settled[key] = (spend, actual is not None)
        del self.model_open[key]

    @rule()
    def crash_and_restore(self) -> None:
        self.ledger = Ledger.restore(self.ledger.budget, list(self.events), record=self.events.append)

    @invariant()
    def the_sums_agree(self) -> None:
        if not hasattr(self, "ledger"):
            return
        ledger = self.ledger
        assert {key: event.spend for key, event in ledger.open.items()} == self.model_open
        total = ledger.spent + ledger.reserved
        for kind in KINDS:
            cap = getattr(ledger.budget, kind)
            assert getattr(total, kind) == self.used(kind)
            left = getattr(ledger.remaining(), kind)
            assert left == (None if cap is None else max(0, cap - self.used(kind)))
        unknown = sum(spend.tokens for spend, known in self.model_settled.values() if not known)
        assert ledger.unknown.tokens == unknown

    @invariant()
    def the_counted_kinds_are_never_over_the_cap(self) -> None:
        if hasattr(self, "ledger"):
            for kind in ("evaluations", "proposals"):
                cap = getattr(self.ledger.budget, kind)
                assert cap is None or self.used(kind) <= cap

    @invariant()
    def every_prefix_of_the_events_is_a_ledger(self) -> None:
        # Run after every step, so all prefixes are met: what is restored now equals the live ledger now.
        if not hasattr(self, "ledger"):
            return
        restored = Ledger.restore(self.ledger.budget, self.events)
        assert restored.open == self.ledger.open
        assert restored.spent == self.ledger.spent
        assert restored.reserved == self.ledger.reserved
        assert restored.unknown == self.ledger.unknown
        assert restored.exhausted() == self.ledger.exhausted()


LedgerMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestLedgerMachine = LedgerMachine.TestCase
