"""One literal as a coordinate of the search, chosen so that steps of a quarter are reasonable ones to begin with.

| literal | value at coordinate u | domain of u |
|---|---|---|
| range low .. high | low + u (high - low) | 0 .. 1 |
| range over two decades or more, low > 0 | low (high / low)^u | 0 .. 1 |
| choice of n | choice number round(u / step), with step = 1 / max(n - 1, 4) | 0 .. (n - 1) step |
| integer range of at most 64 | low + round(u / step), likewise | 0 .. (high - low) step |
| open, v not 0 | v e^(1.2 u): sign kept, a first step changes it by about 30 % | any |
| open, v = 0 | 1.2 u | any |
| open on one side | bound ± abs(distance + scale u) | any |

A switch between two values is a quarter wide, not one: it must change in a first generation now and then.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from journeyman.optimize.propose.literal import Literal
from journeyman.optimize.propose.scan import Value

_OPEN = 1.2
_FEW = 64
_LARGEST_STEP = 0.25
_TWO_DECADES = math.log(100.0)
_LARGEST = 1e300


@dataclass(frozen=True, slots=True)
class Axis:
    """`literal` with its coordinate. `step` is the grid of u (0: none); `bounded`: u stays in 0 .. `width`."""

    literal: Literal
    bounded: bool
    step: float
    width: float = 1.0

    def coordinate(self, value: Value) -> float:
        """The coordinate at which `value` lies; the nearest one, if it is outside of its range."""
        literal = self.literal
        if literal.choices:
            where = literal.choices.index(value) if value in literal.choices else 0
            return where * self.step
        if isinstance(value, str):
            return 0.0
        if self.bounded:
            assert literal.low is not None
            assert literal.high is not None
            inside = min(max(float(value), literal.low), literal.high)
            if self._logarithmic:
                return (math.log(inside) - math.log(literal.low)) / _log_ratio(literal.low, literal.high)
            return self.width * (inside - literal.low) / (literal.high - literal.low)
        # An open axis is centred at the value it was made from.
        return 0.0

    def value(self, u: float) -> Value:
        """The value at coordinate `u`: inside its range, an integer if it must be."""
        literal = self.literal
        if literal.choices:
            return literal.choices[min(max(round(u / self.step), 0), len(literal.choices) - 1)]
        exact = self._exact(u)
        if literal.low is not None:
            exact = max(exact, literal.low)
        if literal.high is not None:
            exact = min(exact, literal.high)
        if not literal.integer:
            return exact
        whole = round(exact)
        # Rounding may step over a bound that is no integer.
        if literal.low is not None and whole < literal.low:
            whole += 1
        if literal.high is not None and whole > literal.high:
            whole -= 1
        return whole

    @property
    def _logarithmic(self) -> bool:
        low, high = self.literal.low, self.literal.high
        return low is not None and high is not None and low > 0 and _log_ratio(low, high) >= _TWO_DECADES

    def _exact(self, u: float) -> float:
        low, high = self.literal.low, self.literal.high
        start = float(self.literal.value)
        if low is not None and high is not None:
            inside = min(max(u / self.width, 0.0), 1.0)
            if self._logarithmic:
                return math.exp(math.log(low) + inside * _log_ratio(low, high))
            return low + inside * (high - low)
        if low is None and high is None:
            if start == 0.0:
                return _OPEN * u
            return math.copysign(min(abs(start) * math.exp(min(_OPEN * u, 600.0)), _LARGEST), start)
        bound = low if low is not None else high
        assert bound is not None
        distance = abs(start - bound)
        moved = (
            abs(distance + _OPEN * max(distance, abs(start)) * u)
            if start != 0.0
            else abs(distance + _OPEN * u)
        )
        return bound + moved if low is not None else bound - moved


def axis_of(literal: Literal) -> Axis:
    """The axis of a literal; an open one is centred at the literal's value."""
    if literal.choices:
        return _stepped(literal, len(literal.choices) - 1)
    if literal.low is None or literal.high is None:
        return Axis(literal, False, 0.0)
    width = literal.high - literal.low
    axis = Axis(literal, True, 0.0)
    if literal.integer and 1 <= width <= _FEW and not axis._logarithmic:
        return _stepped(literal, width)
    return axis


def _log_ratio(low: float, high: float) -> float:
    # Not the logarithm of the quotient, which may be too large a number.
    return math.log(high) - math.log(low)


def _stepped(literal: Literal, steps: float) -> Axis:
    step = min(1.0 / steps, _LARGEST_STEP)
    return Axis(literal, True, step, steps * step)
