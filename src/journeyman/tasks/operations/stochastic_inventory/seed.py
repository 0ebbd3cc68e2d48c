# EVOLVE-BLOCK-START
"""Reorder levels by rule: lots of Wilson's size, a safety stock, and the safety factor that just reaches the fill rate."""

import math

import numpy as np

# As the numbers stand, this is the textbook rule of the baseline. STEADY is for demand that hardly varies, LUMPY for demand
# whose standard deviation is its mean or more; in between the two are mixed.

# Periods that a lot lasts, as a multiple of those that Wilson's lot lasts.
COVER_STEADY = 1.0  # tune: 0.6 .. 1.6
COVER_LUMPY = 1.0  # tune: 0.6 .. 1.6
# Periods beyond the lead time that the reorder level is to last.
REORDER_STEADY = 1.0  # tune: 0.2 .. 1.4
REORDER_LUMPY = 1.0  # tune: 0.2 .. 1.4
# 0: the same cover in all periods; 1: the same lot in all periods.
COVER_FOLLOWS_DEMAND = 0.0  # tune: 0.0 .. 1.0
# Share of the safety stock of its cover that the order-up-to level gets.
SAFETY_IN_LOT = 1.0  # tune: 0.8 .. 1.2
# Share of the safety factor that is given up in the last period, and the number of periods over which it is.
SAFETY_LOST_AT_END = 0.0  # tune: 0.0 .. 1.0
END = 6  # tune: 2 .. 12
# How much earlier to reorder, in periods, where the order cost is about to double.
CHEAP_ORDERS = 0.0  # tune: 0.0 .. 0.6

NEVER = -1_000_000
TAIL = 1e-12


def solve(instance):
    laws = distributions(instance)
    shortages = prepare(instance, laws)
    low, high = -100, 800
    while low < high:
        middle = (low + high) // 2
        if fill_rate(instance, laws, shortages, *levels(instance, laws, 0.01 * middle)) >= instance["fill_rate"]:
            high = middle
        else:
            low = middle + 1
    s, S = levels(instance, laws, 0.01 * high)
    return {"s": s, "S": S}


def levels(instance, laws, z):
    """The rule for a safety factor z."""
    periods, lead, order_cost = instance["periods"], instance["lead_time"], instance["order_cost"]
    mean = np.array([law @ np.arange(len(law)) for law in laws])
    variance = np.array([law @ np.arange(len(law)) ** 2 for law in laws]) - mean**2
    average = mean.mean()
    wilson = math.sqrt(2.0 * np.mean(order_cost) / (instance["holding_cost"] * average))
    lumpy = min(1.0, float(np.mean(np.sqrt(variance)) / average))
    longest = (COVER_STEADY + lumpy * (COVER_LUMPY - COVER_STEADY)) * wilson
    next_order = REORDER_STEADY + lumpy * (REORDER_LUMPY - REORDER_STEADY)
    s, S = [], []
    for t in range(periods):
        if t + lead >= periods:
            s.append(NEVER)  # it would arrive after the horizon
            S.append(0)
            continue
        local = over(mean, t + lead, 3.0) / min(3, periods - t - lead) / average
        cover = max(1.0, longest * max(local, 0.05) ** -COVER_FOLLOWS_DEMAND)
        factor = z * (1.0 - SAFETY_LOST_AT_END * max(0.0, 1.0 - (periods - lead - t - 1) / END))
        saved = (order_cost[min(t + 1, periods - 1)] - order_cost[t]) / order_cost[t]
        ahead = lead + max(0.0, next_order + CHEAP_ORDERS * saved)
        small = over(mean, t, ahead) + factor * math.sqrt(over(variance, t, ahead))
        large = over(mean, t, lead + cover) + SAFETY_IN_LOT * factor * math.sqrt(over(variance, t, lead + cover))
        S.append(min(max(round(large), 0), 5000))
        s.append(min(round(small), S[-1]))
    return s, S


def over(values, first, count):
    """Sum over `count` periods from `first` on; a broken last period counts by its part, none after the end."""
    whole = int(count)
    total = values[first : first + whole].sum()
    if first + whole < len(values):
        total += (count - whole) * values[first + whole]
    return float(total)


def fill_rate(instance, laws, shortages, s, S):
    """The exact expected fill rate: the distribution of the inventory position, carried from period to period."""
    missed = missed_before_any_order(instance, laws)
    low, mass = instance["start_stock"] + sum(instance["on_order"]), np.ones(1)
    for t, (before, after) in enumerate(shortages):
        count = max(0, min(s[t], S[t] - 1) - low + 1)
        if count:  # the lowest positions go to S
            ordered = np.zeros(max(low + len(mass), S[t] + 1) - low)
            ordered[count : len(mass)] = mass[count:]
            ordered[S[t] - low] += mass[:count].sum()
            mass = ordered
        # Missed in the period of arrival: short after its demand less short before it.
        y = np.arange(low, low + len(mass))
        missed += mass @ (short(after, y) - short(before, y))
        mass = np.convolve(mass, laws[t][::-1])
        low -= len(laws[t]) - 1
        inside = np.flatnonzero(np.minimum(np.cumsum(mass), np.cumsum(mass[::-1])[::-1]) > TAIL)
        mass, low = mass[inside[0] : inside[-1] + 1], low + int(inside[0])
    return 1.0 - missed / sum(law @ np.arange(len(law)) for law in laws)


def missed_before_any_order(instance, laws):
    """Expected units missed in the first periods, which no order reaches."""
    missed = 0.0
    for t in range(instance["lead_time"]):
        received = instance["start_stock"] + sum(instance["on_order"][: t + 1])
        missed += short(total_demand(laws, 0, t + 1), received) - short(total_demand(laws, 0, t), received)
    return missed


def prepare(instance, laws):
    """For each period whose order arrives in time: the demand before the period of arrival, and with it."""
    lead = instance["lead_time"]
    return [
        (total_demand(laws, t, lead), total_demand(laws, t, lead + 1)) for t in range(instance["periods"] - lead)
    ]


def total_demand(laws, first, count):
    """The demand of `count` periods from `first` on: a table of what it leaves of a stock y = 0, 1, ..., and its mean."""
    law = np.ones(1)
    for t in range(first, first + count):
        law = np.convolve(law, laws[t])
    return np.concatenate([[0.0], np.cumsum(np.cumsum(law))]), float(law @ np.arange(len(law)))


def short(total, y):
    """Expected units short when there are y."""
    table, mean = total
    top = len(table) - 1
    return table[np.clip(y, 0, top)] + np.maximum(y - top, 0) - y + mean


def distributions(instance):
    """The probability of each demand 0, 1, ... in each period."""
    laws = []
    for chance, mean, sd in zip(instance["chance"], instance["mean"], instance["sd"], strict=True):
        largest = math.ceil(mean + 8 * sd)
        if instance["family"] == "normal":
            edges = [(d - 0.5 - mean) / sd / math.sqrt(2.0) for d in range(largest + 2)]
            law = np.diff([0.5 * math.erfc(-edge) for edge in edges])
        else:
            r = mean**2 / (sd**2 - mean)
            law = [1.0]
            for d in range(largest):
                law.append(law[-1] * (d + r) / (d + 1) * mean / (r + mean))
        law = chance * np.array(law) / sum(law)
        law[0] += 1.0 - chance
        laws.append(law)
    return laws


# EVOLVE-BLOCK-END
