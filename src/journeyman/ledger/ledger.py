"""The ledger itself: reservations that are open, what was settled, and the one step that checks and charges."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any

import msgspec

from journeyman.errors import BudgetExhausted, LedgerError
from journeyman.ledger.spend import KINDS, Budget, Spend


class Reserved(msgspec.Struct, frozen=True, tag="reserved"):
    """`spend` is set aside for the work named `key`."""

    key: str
    spend: Spend


class Settled(msgspec.Struct, frozen=True, tag="settled"):
    """The work named `key` cost `spend`. `known=False`: nobody can say, so the whole reservation was booked."""

    key: str
    spend: Spend
    known: bool


Record = Callable[[Reserved | Settled], None]


class Ledger:
    """Reservations and settlements against one budget.

    **Thread safety.** Every method may be called from any thread; reserve and settle hold one lock from the check to
    the record. Nothing waits on anything but that lock and `record`, so an event loop may call them directly.

    **Lock order.** Where `record` writes to something with a lock of its own, and callers also settle while they hold
    that lock (a settlement inside a larger commit), pass that same lock as `lock`; two locks taken in both orders would
    deadlock. It must be re-entrant.

    **Idempotence.** A key names one piece of work, once. Reserving an open key again returns the same reservation and
    charges nothing; settling a settled key again with the same outcome is a no-op.

    Args:
        budget: the caps.
        record: called with each new event under the lock, before it counts. If it raises, nothing changed.
        elapsed_s: working time used before this process, for the deadline.
        clock: seconds, monotonic.
        lock: a re-entrant lock to use instead of the ledger's own.
    """

    def __init__(
        self,
        budget: Budget,
        *,
        record: Record | None = None,
        elapsed_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        lock: AbstractContextManager[Any] | None = None,
    ) -> None:
        self.budget = budget
        self._record = record
        self._clock = clock
        self._started = clock() - elapsed_s
        self._lock: AbstractContextManager[Any] = threading.RLock() if lock is None else lock
        self._open: dict[str, Reserved] = {}
        self._settled: dict[str, Settled] = {}
        self._spent = Spend()
        self._reserved = Spend()

    @classmethod
    def restore(
        cls,
        budget: Budget,
        events: Iterable[Reserved | Settled],
        *,
        record: Record | None = None,
        elapsed_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        lock: AbstractContextManager[Any] | None = None,
    ) -> Ledger:
        """The ledger that recorded `events`, in their order. Nothing is recorded again.

        Caps are not checked here: what was reserved was reserved, also where `budget` has been lowered since.

        Raises:
            LedgerError: an event contradicts an earlier one, so these are not the events of one ledger.
        """
        ledger = cls(budget, record=record, elapsed_s=elapsed_s, clock=clock, lock=lock)
        for event in events:
            if isinstance(event, Reserved):
                if ledger._known_reservation(event.key, event.spend) is None:
                    ledger._book_reservation(event)
            else:
                repeated = ledger._settled.get(event.key)
                if repeated is None:
                    ledger._check_settlement(event)
                    ledger._book_settlement(event)
                elif repeated != event:
                    raise LedgerError(f"'{event.key}' was settled twice: as {repeated} and as {event}")
        return ledger

    def reserve(self, key: str, spend: Spend) -> Reserved:
        """Set `spend` aside for the work named `key`, or refuse.

        A kind is checked only if some of it is asked for: a budget of tokens that is overrun refuses model calls, not
        the evaluation of a candidate that is already there. An open key is returned as it is, past the deadline too.

        Raises:
            BudgetExhausted: it does not fit; `kind` is one of `KINDS`, or "wall_s" once the deadline has passed.
            LedgerError: `key` is open with another amount, or already settled.
        """
        with self._lock:
            known = self._known_reservation(key, spend)
            if known is not None:
                return known
            self._check_fits(spend)
            reserved = Reserved(key, spend)
            if self._record is not None:
                self._record(reserved)
            self._book_reservation(reserved)
            return reserved

    def settle(self, key: str, actual: Spend | None) -> Settled:
        """Book what the work named `key` really cost and close its reservation.

        Args:
            actual: the cost, or None where it stays unknown: then the whole reservation is booked and flagged.

        Raises:
            LedgerError: `key` was never reserved, was settled with another outcome, or `actual` has more evaluations
                or proposals than were reserved. Tokens and money may exceed the reservation.
        """
        with self._lock:
            settled = self._settled.get(key)
            if settled is not None:
                if settled.known == (actual is not None) and (actual is None or actual == settled.spend):
                    return settled
                raise LedgerError(f"'{key}' is already settled as {settled.spend}; it cannot become {actual}")
            settled = Settled(
                key, self._reservation(key).spend if actual is None else actual, actual is not None
            )
            self._check_settlement(settled)
            if self._record is not None:
                self._record(settled)
            self._book_settlement(settled)
            return settled

    @property
    def open(self) -> Mapping[str, Reserved]:
        """Reservations not yet settled, by key, in the order they were made. A copy."""
        with self._lock:
            return MappingProxyType(dict(self._open))

    @property
    def spent(self) -> Spend:
        """The sum of all settlements."""
        with self._lock:
            return self._spent

    @property
    def reserved(self) -> Spend:
        """The sum of all open reservations."""
        with self._lock:
            return self._reserved

    @property
    def unknown(self) -> Spend:
        """The part of `spent` that was booked at the reservation because nobody knows the outcome."""
        with self._lock:
            total = Spend()
            for settled in self._settled.values():
                if not settled.known:
                    total = total + settled.spend
            return total

    @property
    def elapsed_s(self) -> float:
        """Working time so far, seconds, that of earlier processes included."""
        return self._clock() - self._started

    def remaining(self) -> Budget:
        """What can still be reserved of each kind, and the time left; None where there is no cap. Never below 0."""
        with self._lock:
            left = {}
            for kind in KINDS:
                cap = getattr(self.budget, kind)
                left[kind] = None if cap is None else max(0, cap - self._used(kind))
            return Budget(**left, wall_s=self.time_left_s())

    def time_left_s(self) -> float | None:
        """Seconds to the deadline, 0 once it has passed; None without one."""
        if self.budget.wall_s is None:
            return None
        return max(0.0, self.budget.wall_s - self.elapsed_s)

    def exhausted(self) -> str | None:
        """The first kind of which nothing can be reserved now, or "wall_s" past the deadline, or None.

        Open reservations count as used. One that settles below its reservation gives units back, so the answer is
        final only where nothing is open.
        """
        with self._lock:
            for kind in KINDS:
                cap = getattr(self.budget, kind)
                if cap is not None and self._used(kind) >= cap:
                    return kind
        return "wall_s" if self.time_left_s() == 0.0 else None

    # --- under the lock -------------------------------------------------------------------------------------------

    def _used(self, kind: str) -> int:
        return int(getattr(self._spent, kind) + getattr(self._reserved, kind))

    def _known_reservation(self, key: str, spend: Spend) -> Reserved | None:
        known = self._open.get(key)
        if known is not None and known.spend != spend:
            raise LedgerError(f"'{key}' is already reserved with {known.spend}; it cannot become {spend}")
        if key in self._settled:
            raise LedgerError(f"'{key}' is already settled; further work needs a key of its own")
        return known

    def _check_fits(self, spend: Spend) -> None:
        for kind in KINDS:
            asked, cap = getattr(spend, kind), getattr(self.budget, kind)
            if asked and cap is not None and self._used(kind) + asked > cap:
                raise BudgetExhausted(kind, cap, self._used(kind), asked)
        if self.budget.wall_s is not None and self.elapsed_s >= self.budget.wall_s:
            raise BudgetExhausted("wall_s", self.budget.wall_s, self.elapsed_s, 0)

    def _reservation(self, key: str) -> Reserved:
        reserved = self._open.get(key)
        if reserved is None:
            raise LedgerError(f"'{key}' cannot be settled: it was never reserved")
        return reserved

    def _check_settlement(self, settled: Settled) -> None:
        reserved = self._reservation(settled.key).spend
        for kind in ("evaluations", "proposals"):
            booked, most = getattr(settled.spend, kind), getattr(reserved, kind)
            if booked > most:
                raise LedgerError(
                    f"'{settled.key}' reserved {most} {kind} and cannot be settled with {booked}"
                )

    def _book_reservation(self, reserved: Reserved) -> None:
        self._open[reserved.key] = reserved
        self._reserved = self._reserved + reserved.spend

    def _book_settlement(self, settled: Settled) -> None:
        self._reserved = self._reserved - self._open.pop(settled.key).spend
        self._spent = self._spent + settled.spend
        self._settled[settled.key] = settled
