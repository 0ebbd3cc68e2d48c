"""The dynamic programme behind the reference and the bound: the hard fill rate becomes a price on each missed unit.

Let C(p) be the expected cost and U(p) the expected missed units of a policy p, and A the units that may be missed. For any
price m >= 0 and any policy with U(p) <= A,

    C(p) >= C(p) + m (U(p) - A) >= min over q of [C(q) + m U(q)] - m A = D(m),

so every D(m) is a lower bound on the cost of every feasible policy, (s, S) or not, randomised or not (weak duality). The
minimum over q is a plain dynamic programme over the inventory position, solved here without any assumption on its form.
D is concave, and A - U(q) of a minimiser q is minus a slope of it, so the best price is found by bisection.

The missed units of a period are no convex function of the position (below zero everything is missed anyway), so the
optimal policy need not be of (s, S) form and is not assumed to be: (s, S) levels are read off it afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from journeyman.tasks.operations.stochastic_inventory.demand import Vector
from journeyman.tasks.operations.stochastic_inventory.item import Item
from journeyman.tasks.operations.stochastic_inventory.policy import HIGHEST_LEVEL, LOWEST_REORDER, Policy


@dataclass(frozen=True)
class Priced:
    """The dynamic programme at one price: its bound D(m) in EUR, missed units of its policy, (s, S) levels read off it."""

    price_eur: float
    bound_eur: float
    missed: float
    policy: Policy


def solve_priced(item: Item, price_eur: float) -> Priced:
    """Minimise expected cost plus `price_eur` for each missed unit, over all policies.

    The grid holds every position that can be reached when no order goes above `top`, so nothing is cut: from the start less
    the largest demands up to the sum of all largest demands. Beyond that one more unit is never needed and, as the salvage
    value is not above the unit cost, never pays.
    """
    widest = [len(law) - 1 for law in item.laws]
    top = max(item.start_position, min(HIGHEST_LEVEL, sum(widest)))
    lows = item.start_position - np.concatenate([[0], np.cumsum(widest)])
    x = np.arange(lows[-1], top + 1)
    # Value (money plus priced misses) and missed units from the next period on, by position before ordering.
    value = item.clearance_cost * np.maximum(-x, 0) - item.salvage_value * np.maximum(x, 0)
    missed = np.zeros(len(x))
    reorder, order_up_to = [0] * item.periods, [0] * item.periods
    for t in reversed(range(item.periods)):
        y = np.arange(lows[t], top + 1)
        stay = np.convolve(value, item.laws[t], "valid")
        stay_missed = np.convolve(missed, item.laws[t], "valid")
        if t < len(item.stages):
            now = item.stages[t].missed(y)
            stay += item.holding_cost * item.stages[t].held(y) + price_eur * now
            stay_missed += now
        best, where = least_above(stay + item.unit_cost * y)
        order = item.order_cost[t] - item.unit_cost * y + best
        orders = order < stay
        value = np.where(orders, order, stay)
        missed = np.where(orders, stay_missed[where], stay_missed)
        reorder[t], order_up_to[t] = levels(y, stay + item.unit_cost * y, orders)
    held, unserved = item.opening
    fixed = item.holding_cost * held.sum() + price_eur * (unserved.sum() - item.allowed_miss)
    return Priced(
        price_eur,
        float(value[-1 - (top - item.start_position)] + fixed),
        float(missed[-1 - (top - item.start_position)] + unserved.sum()),
        Policy(tuple(reorder), tuple(order_up_to)),
    )


def least_above(values: Vector) -> tuple[Vector, Any]:
    """For each index the least value at a higher index (infinite at the last) and where it stands."""
    backwards = values[::-1]
    least = np.minimum.accumulate(backwards)
    where = np.maximum.accumulate(np.where(backwards == least, np.arange(len(values)), 0))
    best = np.concatenate([least[::-1][1:], [np.inf]])
    at = np.concatenate([(len(values) - 1 - where)[::-1][1:], [len(values) - 1]])
    return best, at


def levels(y: Any, total: Vector, orders: Any) -> tuple[int, int]:
    """(s, S) for one period: S is the best level from low stock, s the highest position below it that orders."""
    if not orders.any():
        return LOWEST_REORDER, 0
    level = int(y[np.argmin(total)])
    below = np.flatnonzero(orders & (y < level))
    if level < 0 or len(below) == 0:
        return LOWEST_REORDER, 0
    return int(y[below[-1]]), level


def best_price(item: Item, steps: int = 30) -> tuple[Priced, list[Priced]]:
    """The price with the highest bound, and every programme solved on the way there, by rising price.

    Bisection: a policy that misses more than is allowed asks for a higher price.
    """
    low, high = 0.0, 4.0 * (item.holding_cost + item.unit_cost)
    solved = [solve_priced(item, low)]
    while True:
        found = solve_priced(item, high)
        solved.append(found)
        if found.missed <= item.allowed_miss:
            break
        low, high = high, 4.0 * high
        if high > 1e9:
            raise ValueError("the fill rate cannot be reached: what stock there is at the start decides too much")
    for _ in range(steps):
        middle = 0.5 * (low + high)
        found = solve_priced(item, middle)
        solved.append(found)
        if found.missed <= item.allowed_miss:
            high = middle
        else:
            low = middle
    solved.sort(key=lambda priced: priced.price_eur)
    return max(solved, key=lambda priced: priced.bound_eur), solved
