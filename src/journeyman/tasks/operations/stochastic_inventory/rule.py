"""The rule behind the baseline anchor: lots that last as long as Wilson's, one safety factor for all periods.

With n = Q / d, the time that the economic order quantity Q = sqrt(2 K d / h) lasts at the mean demand d (K the mean order
cost), and M(t, k), V(t, k) the sums of mean and variance of the demand of k periods from t on (none after the horizon),

    s_t = M(t, L + 1) + z sqrt(V(t, L + 1)),    S_t = M(t, L + n) + z sqrt(V(t, L + n)),

and no order where it would arrive after the horizon (E. A. Silver, D. F. Pyke, D. J. Thomas: Inventory and Production
Management in Supply Chains, 4th ed., CRC Press 2017, chapters 4 and 6). z is the smallest multiple of 0.01 from -1 on that
reaches the fill rate.
"""

from __future__ import annotations

import math

import numpy as np

from journeyman.tasks.operations.stochastic_inventory.exact import account
from journeyman.tasks.operations.stochastic_inventory.item import Item
from journeyman.tasks.operations.stochastic_inventory.policy import HIGHEST_LEVEL, LOWEST_REORDER, Policy

STEP = 0.01
LARGEST_FACTOR = 8.0


def textbook_rule(item: Item) -> Policy:
    """The rule with the smallest safety factor that is feasible."""
    low, high = round(-1.0 / STEP), round(LARGEST_FACTOR / STEP)
    if account(item, with_factor(item, high * STEP)).fill_rate < item.fill_rate:
        raise ValueError(f"the rule does not reach a fill rate of {item.fill_rate} with a safety factor of {LARGEST_FACTOR}")
    while low < high:
        middle = (low + high) // 2
        if account(item, with_factor(item, middle * STEP)).fill_rate >= item.fill_rate:
            high = middle
        else:
            low = middle + 1
    return with_factor(item, high * STEP)


def with_factor(item: Item, z: float) -> Policy:
    """The rule for a given safety factor."""
    mean = item.means
    variance = np.array([float(law @ np.arange(len(law)) ** 2) for law in item.laws]) - mean**2
    demand, order_cost = float(mean.mean()), float(np.mean(item.order_cost))
    cover = max(1.0, math.sqrt(2.0 * order_cost / (item.holding_cost * demand)))
    reorder, order_up_to = [], []
    for t in range(item.periods):
        small = over(mean, t, item.lead_time + 1) + z * math.sqrt(over(variance, t, item.lead_time + 1))
        large = over(mean, t, item.lead_time + cover) + z * math.sqrt(over(variance, t, item.lead_time + cover))
        level = min(max(round(large), 0), HIGHEST_LEVEL)
        pointless = t + item.lead_time >= item.periods
        reorder.append(LOWEST_REORDER if pointless else min(round(small), level))
        order_up_to.append(level)
    return Policy(tuple(reorder), tuple(order_up_to))


def over(values: np.ndarray[tuple[int], np.dtype[np.float64]], first: int, count: float) -> float:
    """Sum of `values` over `count` periods from `first` on; a broken last period counts by its part, none after the end."""
    whole = int(count)
    total = float(values[first : first + whole].sum())
    if first + whole < len(values):
        total += (count - whole) * float(values[first + whole])
    return total
