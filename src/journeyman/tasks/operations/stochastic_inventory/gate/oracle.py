# EVOLVE-BLOCK-START
"""Levels by dynamic programming: a price on each missed unit, found by bisection, stands in for the fill rate."""

import math

import numpy as np

NEVER = -1_000_000
TAIL = 1e-12
STEPS = 16


def solve(instance):
    laws = distributions(instance)
    shortages = prepare(instance, laws)
    low, high = 0.0, 4.0 * instance["unit_cost"]
    while not enough(instance, laws, shortages, programme(instance, laws, shortages, high)):
        low, high = high, 4.0 * high
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        if enough(instance, laws, shortages, programme(instance, laws, shortages, middle)):
            high = middle
        else:
            low = middle
    s, S = programme(instance, laws, shortages, high)
    return {"s": s, "S": S}


def enough(instance, laws, shortages, levels):
    return fill_rate(instance, laws, shortages, *levels) >= instance["fill_rate"]


def programme(instance, laws, shortages, price):
    """(s, S) levels of the cheapest policy when each missed unit costs `price`, on a grid wide enough in practice."""
    periods, lead, unit_cost = instance["periods"], instance["lead_time"], instance["unit_cost"]
    mean = sum(law @ np.arange(len(law)) for law in laws) / periods
    low, high = -int(12 * mean) - 100, int(25 * mean) + 200
    x = np.arange(low, high + 1)
    value = instance["clearance_cost"] * np.maximum(-x, 0) - instance["salvage_value"] * np.maximum(x, 0)
    s, S = [NEVER] * periods, [0] * periods
    for t in reversed(range(periods)):
        pad = len(laws[t]) - 1
        # Below the grid an order is due at once, so the value goes on with the slope of the unit cost.
        below = value[0] + unit_cost * np.arange(pad, 0, -1)
        total = unit_cost * x + np.convolve(np.concatenate([below, value]), laws[t], "valid")
        if t + lead < periods:
            before, after = shortages[t]
            later = short(after, x)
            held = later + x - after[1]
            missed = later - short(before, x)
            total = total + instance["holding_cost"] * held + price * missed
        best = int(np.argmin(total))
        order = instance["order_cost"][t] + total[best]
        due = np.flatnonzero(total[:best] > order)
        if len(due) and x[best] >= 0:
            s[t], S[t] = int(x[due[-1]]), int(x[best])
        value = np.minimum(total, np.where(x < x[best], order, np.inf)) - unit_cost * x
    return s, S


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
