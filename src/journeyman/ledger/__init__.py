"""Budgets: reserve before spending, settle after.

Which limit is enforced where, and why:

- *evaluations, proposals*: counted things, known before they are started. `Ledger.reserve` checks and charges in one
  step under one lock, so two callers can never both take the last unit; a settlement may give units back, never take
  more. The caps are exact.
- *tokens, money*: what a model call will cost is known only afterwards. The caller reserves the worst case it can
  bound; `Ledger.settle` books what was really spent. A worst case that was too low may overrun the cap by that one
  settlement; from then on every reservation of that kind is refused.
- *wall clock*: a deadline, not a quantity. It is looked at when something new is reserved; what is already reserved may
  finish, and a reservation that is open stays open.

A process that dies between the two steps leaves a reservation open. Restored from its events, the ledger still holds
it: the caller repeats the work on the same reservation (same key, charged once) or settles it as unknown, which books
the whole reservation and says so.

The ledger lives in memory and stores nothing. Whoever owns a log passes `record`, which is called under the ledger's
lock before the change counts: if recording fails, nothing was reserved or settled.
"""

from __future__ import annotations

from journeyman.ledger.ledger import Ledger, Reserved, Settled
from journeyman.ledger.spend import KINDS, Budget, Spend

__all__ = ["KINDS", "Budget", "Ledger", "Reserved", "Settled", "Spend"]
