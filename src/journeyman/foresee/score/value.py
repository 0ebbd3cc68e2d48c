"""What success is worth after its costs (spec d.2.10): V = mean of y - c calls - r real actions - t kilotokens."""

from __future__ import annotations

import msgspec

from journeyman.errors import UsageError
from journeyman.foresee.score.interval import Numbers, Sample, Sums, measure, ratio
from journeyman.foresee.score.measured import Measured

CALL_PRICES = (0.0, 0.005, 0.02, 0.05)
"""Prices of a call, in successes, by which systems are ranked (spec J10)."""
NAMES = tuple(f"value/net_{price:g}" for price in CALL_PRICES)


class Prices(msgspec.Struct, frozen=True):
    """In successes: of a call, of a real action, of a thousand tokens in and out. All at least 0."""

    call: float = 0.02
    real: float = 0.0
    kilotokens: float = 0.0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if not getattr(self, name) >= 0:
                raise UsageError(f"the price of a {name} is {getattr(self, name):g}; it is 0 or more")


def net(sums: Sample, prices: Prices) -> Measured:
    """V of the sums of `success.totals`; at most 1."""

    def statistic(s: Sums) -> Numbers:
        spent = prices.call * s["charged"] + prices.real * s["real"] + prices.kilotokens * s["kilotokens"]
        return ratio(s["solved"] - spent, s["n"])

    return measure(sums, statistic, why="there is no episode")


def value(sums: Sample, prices: Prices) -> dict[str, Measured]:
    """`value/net_*` at each of `CALL_PRICES`, the other prices as given."""
    return {
        name: net(sums, msgspec.structs.replace(prices, call=price)) for name, price in zip(NAMES, CALL_PRICES, strict=True)
    }
