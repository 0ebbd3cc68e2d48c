"""Amounts of what a budget counts, in exact integers: money in millionths of a dollar, so sums never drift."""

from __future__ import annotations

import math

import msgspec

from journeyman.errors import UsageError

KINDS = ("evaluations", "proposals", "tokens", "micro_usd")
"""What a budget counts, in the order in which a refusal names them."""


class Spend(msgspec.Struct, frozen=True):
    """An amount of each kind. Integers >= 0.

    Args:
        evaluations: candidates verified on a whole split.
        proposals: candidates asked of a proposer, usable or not.
        tokens: tokens read and written by models.
        micro_usd: money, in 1e-6 US dollars.

    Raises:
        UsageError: an amount is negative or not an integer; also from `-`, where a difference would be negative.
    """

    evaluations: int = 0
    proposals: int = 0
    tokens: int = 0
    micro_usd: int = 0

    def __post_init__(self) -> None:
        for kind in KINDS:
            _check_count(kind, getattr(self, kind))

    def __add__(self, other: Spend) -> Spend:
        return Spend(
            self.evaluations + other.evaluations,
            self.proposals + other.proposals,
            self.tokens + other.tokens,
            self.micro_usd + other.micro_usd,
        )

    def __sub__(self, other: Spend) -> Spend:
        return Spend(
            self.evaluations - other.evaluations,
            self.proposals - other.proposals,
            self.tokens - other.tokens,
            self.micro_usd - other.micro_usd,
        )

    def fits(self, limit: Budget | Spend) -> bool:
        """Whether no kind is above `limit`; a kind that `limit` leaves open (None) always fits."""
        for kind in KINDS:
            cap = getattr(limit, kind)
            if cap is not None and getattr(self, kind) > cap:
                return False
        return True


class Budget(msgspec.Struct, frozen=True):
    """A cap for each kind, and a deadline. None: no cap.

    Args:
        evaluations, proposals, tokens, micro_usd: the most that may be spent; see `Spend` for units.
        wall_s: seconds of working time after which nothing new is reserved. Finite, >= 0.

    Raises:
        UsageError: a cap is negative, not an integer, or `wall_s` is no finite number >= 0.
    """

    evaluations: int | None = None
    proposals: int | None = None
    tokens: int | None = None
    micro_usd: int | None = None
    wall_s: float | None = None

    def __post_init__(self) -> None:
        for kind in KINDS:
            cap = getattr(self, kind)
            if cap is not None:
                _check_count(kind, cap)
        if self.wall_s is not None and not (math.isfinite(self.wall_s) and self.wall_s >= 0):
            raise UsageError(f"a wall clock budget must be a number of seconds >= 0, not {self.wall_s!r}")


def _check_count(kind: str, value: object) -> None:
    # type() and not isinstance: True is no count.
    if type(value) is not int or value < 0:
        raise UsageError(f"an amount of {kind} must be an integer >= 0, not {value!r}")
