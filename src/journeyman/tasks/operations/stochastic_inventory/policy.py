"""The design: a reorder level and an order-up-to level for each period, read strictly."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from journeyman.verify.design import NotADesign, as_design

LOWEST_REORDER = -1_000_000
"""The lowest reorder level. No position falls so low, so it means: never order in this period."""
HIGHEST_LEVEL = 5000
"""The highest order-up-to level, in units."""


@dataclass(frozen=True)
class Policy:
    """In period t, order up to `order_up_to[t]` if the position is at most `reorder[t]` and below `order_up_to[t]`."""

    reorder: tuple[int, ...]
    order_up_to: tuple[int, ...]

    def as_data(self) -> dict[str, list[int]]:
        """The design as a candidate returns it."""
        return {"s": list(self.reorder), "S": list(self.order_up_to)}

    def trigger(self, t: int) -> int:
        """The highest position at which something is ordered in period t."""
        return min(self.reorder[t], self.order_up_to[t] - 1)


class Levels(msgspec.Struct, frozen=True):
    """The shape of a returned design; other keys are ignored."""

    s: list[int]
    S: list[int]


def read_policy(design: object, periods: int) -> Policy | str:
    """The policy in `design`, or one sentence on the first rule that it breaks."""
    try:
        levels = as_design(design, Levels)
    except NotADesign as fault:
        return str(fault)
    for name, row in (("s", levels.s), ("S", levels.S)):
        if len(row) != periods:
            return f"{name} has {len(row)} levels, there must be {periods}, one for each period"
    for t, (s, big_s) in enumerate(zip(levels.s, levels.S, strict=True)):
        if not LOWEST_REORDER <= s <= HIGHEST_LEVEL:
            return f"s[{t}] = {short(s)} lies outside {LOWEST_REORDER} .. {HIGHEST_LEVEL}"
        if not 0 <= big_s <= HIGHEST_LEVEL:
            return f"S[{t}] = {short(big_s)} lies outside 0 .. {HIGHEST_LEVEL}"
        if s > big_s:
            return f"s[{t}] = {s} is above S[{t}] = {big_s} by {s - big_s}"
    return Policy(tuple(levels.s), tuple(levels.S))


def short(number: int) -> str:
    """A number for a sentence: one of hundreds of digits is cut."""
    if abs(number) < 10**30:
        return str(number)
    return f"about {'-' if number < 0 else ''}10^{round(number.bit_length() * 0.30103)}"
