# EVOLVE-BLOCK-START
"""Levels by dynamic programming: a price on each missed unit, found by bisection, stands in for the fill rate."""

import math

import numpy as np

NEVER = -1_000_000
TAIL = 1e-12
STEPS = 16


def solve(instance):
    laws = distributions(instance)
    low, high = 0.0, 4.0 * instance["unit_cost"]
    while not enough(instance, laws, programme(instance, laws, high)):
        low, high = high, 4.0 * high
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        if enough(instance, laws, programme(instance, laws, middle)):
            high = middle
        else:
            low = middle
    s, S = programme(instance, laws, high)
    return {"s": s, "S": S}


def enough(instance, laws, levels):
    return fill_rate(instance, laws, *levels) >= instance["fill_rate"]


def programme(instance, laws, price):
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
            later = short(total_demand(laws, t, lead + 1), x)
            held = later + x - total_demand(laws, t, lead + 1)[1]
            missed = later - short(total_demand(laws, t, lead), x)
            total = total + instance["holding_cost"] * held + price * missed
        best = int(np.argmin(total))
        order = instance["order_cost"][t] + total[best]
        due = np.flatnonzero(total[:best] > order)
        if len(due) and x[best] >= 0:
            s[t], S[t] = int(x[due[-1]]), int(x[best])
        value = np.minimum(total, np.where(x < x[best], order, np.inf)) - unit_cost * x
    return s, S


def fill_rate(instance, laws, s, S):
    """The exact expected fill rate: the distribution of the inventory position, carried from period to period."""
    periods, lead, start = instance["periods"], instance["lead_time"], instance["start_stock"]
    missed = 0.0
    for t in range(lead):  # no order reaches these periods
        received = start + sum(instance["on_order"][: t + 1])
        missed += short(total_demand(laws, 0, t + 1), received) - short(total_demand(laws, 0, t), received)
    low, mass = start + sum(instance["on_order"]), np.ones(1)
    for t in range(periods - lead):
        count = max(0, min(s[t], S[t] - 1) - low + 1)
        if count:
            after = np.zeros(max(low + len(mass), S[t] + 1) - low)
            after[count : len(mass)] = mass[count:]
            after[S[t] - low] += mass[:count].sum()
        else:
            after = mass
        # Missed in the period of arrival: short after its demand less short before it.
        y = np.arange(low, low + len(after))
        missed += after @ (short(total_demand(laws, t, lead + 1), y) - short(total_demand(laws, t, lead), y))
        mass = np.convolve(after, laws[t][::-1])
        low -= len(laws[t]) - 1
        inside = np.flatnonzero(np.minimum(np.cumsum(mass), np.cumsum(mass[::-1])[::-1]) > TAIL)
        mass, low = mass[inside[0] : inside[-1] + 1], low + int(inside[0])
    return 1.0 - missed / sum(law @ np.arange(len(law)) for law in laws)


TOTALS = {}


def total_demand(laws, first, count):
    """Distribution of the demand of `count` periods from `first` on, and a table of what it leaves of a stock."""
    if (first, count) not in TOTALS:
        law = np.ones(1)
        for t in range(first, first + count):
            law = np.convolve(law, laws[t])
        table = np.concatenate([[0.0], np.cumsum(np.cumsum(law))])
        TOTALS[first, count] = table, float(law @ np.arange(len(law)))
    return TOTALS[first, count]


def short(total, y):
    """Expected units short when there are y."""
    table, mean = total
    top = len(table) - 1
    return table[np.clip(y, 0, top)] + np.maximum(y - top, 0) - y + mean


def distributions(instance):
    """The probability of each demand 0, 1, ... in each period."""
    laws = []
    for chance, mean, sd in zip(instance["chance"], instance["mean"], instance["sd"]):
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
