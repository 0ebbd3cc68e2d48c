"""Which claims there are. A claim's module is loaded when the claim is asked for."""

from __future__ import annotations

import importlib

from journeyman.claims.claim import Claim
from journeyman.errors import UsageError

_HOMES = {
    "E0": "estimators",
    "E1": "pattern",
    "E2": "new_knowledge",
    "E3": "reverse",
    "E4": "dynamics",
    "E5": "token_sets",
    "E6": "set_size",
    "E7": "cold_start",
    "E8a": "template",
    "F1": "signature",
    "F2": "worth_of_calls",
    "F3": "learned_gate",
    "F4": "sudden_drop",
    "F5": "dose_response",
    "F6": "planted_faults",
    "F7": "governed_frontier",
    "F8": "reading_or_simulator",
    "F9": "decision_error",
}
"""Id -> module of this package, which has the claim as `CLAIM`."""


def claim_ids() -> list[str]:
    """All ids, in their order."""
    return list(_HOMES)


def find_claim(name: str) -> Claim:
    """The claim with this id, in any case. Raises UsageError where there is none."""
    by_upper = {known.upper(): known for known in _HOMES}
    known = by_upper.get(name.upper())
    if known is None:
        raise UsageError(f"there is no claim {name!r}; there are {', '.join(_HOMES)}")
    claim: Claim = importlib.import_module(f"journeyman.claims.{_HOMES[known]}").CLAIM
    return claim
