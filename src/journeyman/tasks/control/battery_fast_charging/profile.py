"""A charging profile: the current at 29 states of charge, linear in time between them. Charge and time follow exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from journeyman.tasks.control.battery_fast_charging.cell import SOC_FIRST, SOC_LAST, Array
from journeyman.verify.design import as_design

KNOTS = 29
# The states of charge of the knots: 10 %, 12.5 %, ..., 80 %.
SOC_KNOTS: Array = SOC_FIRST + (SOC_LAST - SOC_FIRST) * np.arange(KNOTS) / (KNOTS - 1)


class Design(msgspec.Struct, frozen=True):
    """What a candidate returns: `current_c[k]`, the C-rate at knot k, 29 numbers."""

    current_c: list[float]


@dataclass(frozen=True)
class Profile:
    """`current_a` (29,) in A at the knots and the times `seconds` (29,) at which they are reached; the first is 0."""

    current_a: Array
    seconds: Array

    @property
    def minutes(self) -> float:
        """From 10 % to 80 %."""
        return float(self.seconds[-1]) / 60

    def soc_at(self, seconds: float) -> float:
        """The state of charge after `seconds`: the charge under straight pieces, so it is exact."""
        k = min(max(int(np.searchsorted(self.seconds, seconds, side="right")) - 1, 0), KNOTS - 2)
        span = self.seconds[k + 1] - self.seconds[k]
        part = (seconds - self.seconds[k]) / span
        first, last = self.current_a[k], self.current_a[k + 1]
        share = (first + 0.5 * (last - first) * part) * part / (0.5 * (first + last))
        return float(SOC_KNOTS[k] + share * (SOC_KNOTS[k + 1] - SOC_KNOTS[k]))

    def current_at(self, seconds: Array) -> Array:
        """The current in A at the given times."""
        return np.interp(seconds, self.seconds, self.current_a)


def profile_of(current_c: Array, capacity_ah: float) -> Profile:
    """The profile of C-rates (29,), all positive: over a piece, mean current times duration is the charge."""
    current = current_c * capacity_ah
    charge = np.diff(SOC_KNOTS) * capacity_ah * 3600  # A s
    steps = 2 * charge / (current[1:] + current[:-1])
    return Profile(current, np.concatenate([[0.0], np.cumsum(steps)]))


def fault_of(current_c: list[float], lowest: float, highest: float) -> str | None:
    """What is wrong with the numbers themselves, in one sentence; None if nothing is."""
    if len(current_c) != KNOTS:
        return f"current_c has {len(current_c)} numbers, it must have {KNOTS}, one for each state of charge"
    for k, value in enumerate(current_c):
        if not lowest <= value <= highest:
            return (
                f"current_c[{k}] = {value:g} (at {100 * SOC_KNOTS[k]:g} % state of charge) lies outside "
                f"{lowest:g} .. {highest:g}"
            )
    return None


def decode(design: Any) -> list[float]:
    """The C-rates of a returned design. Raises NotADesign for what is no list of finite numbers."""
    return as_design(design, Design).current_c
