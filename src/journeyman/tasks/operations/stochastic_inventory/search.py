"""Local search on (s, S) levels under the hard fill rate: all changes of one level at once, each judged exactly.

With the distribution of the position carried forward and the cost and misses to go carried backward under the present
policy, what a change of one level in one period does to expected cost and missed units is a product of the two, so one
sweep prices every value of every level. The search takes the cheapest feasible change until there is none, then tries the
most promising changes of any kind, feasible or not, each followed by the best second change.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from journeyman.tasks.operations.stochastic_inventory.exact import account, spreads
from journeyman.tasks.operations.stochastic_inventory.item import Item
from journeyman.tasks.operations.stochastic_inventory.policy import LOWEST_REORDER, Policy

LEAST_GAIN_EUR = 1e-6
BELOW = 250
"""How far below the positions that the present policy reaches a changed one is followed, in units."""
FIRST_CHANGES = 60
"""How many changes are tried as the first of two, in each round."""


@dataclass(frozen=True)
class Change:
    """One level of one period set to `value`: the change of expected cost (EUR) and of missed units."""

    period: int
    reorder: bool
    value: int
    cost_eur: float
    missed: float

    def applied(self, policy: Policy) -> Policy:
        """The policy with this level."""
        if self.reorder:
            row = policy.reorder
            return replace(policy, reorder=(*row[: self.period], self.value, *row[self.period + 1 :]))
        row = policy.order_up_to
        return replace(policy, order_up_to=(*row[: self.period], self.value, *row[self.period + 1 :]))


def changes(item: Item, policy: Policy) -> list[Change]:
    """Every change of one level, over all values that matter under the present policy."""
    forward = [before for before, _, _, _ in spreads(item, policy)]
    reach = item.start_position - sum(len(law) - 1 for law in item.laws)
    low = min(max(reach, min(spread.low for spread in forward) - BELOW), min(policy.order_up_to))
    high = max(max(policy.order_up_to), item.start_position) + int(3 * item.means.max())
    x = np.arange(low, high + 1)
    cost = item.clearance_cost * np.maximum(-x, 0) - item.salvage_value * np.maximum(x, 0)
    missed = np.zeros(len(x))
    found: list[Change] = []
    for t in reversed(range(item.periods)):
        law = item.laws[t]
        # Below the grid the functions are continued flat; what is found so is checked by an exact account.
        pad = len(law) - 1
        stay = np.convolve(np.concatenate([np.full(pad, cost[0]), cost]), law, "valid")
        stay_missed = np.convolve(np.concatenate([np.full(pad, missed[0]), missed]), law, "valid")
        if t < len(item.stages):
            now = item.stages[t].missed(x)
            stay = stay + item.holding_cost * item.stages[t].held(x)
            stay_missed = stay_missed + now
        level, trigger = policy.order_up_to[t], policy.trigger(t)
        mass = np.zeros(len(x))
        at = forward[t].low - low
        mass[at : at + len(forward[t].mass)] = forward[t].mass
        order = item.order_cost[t] + item.unit_cost * (level - x) + stay[level - low]
        found += reorder_changes(t, x, mass, order - stay, stay_missed[level - low] - stay_missed, trigger, level)
        chance = float(mass[x <= trigger].sum())
        if chance > 1e-9:
            above = x > trigger
            to_cost = chance * (item.unit_cost * (x - level) + stay - stay[level - low])
            to_missed = chance * (stay_missed - stay_missed[level - low])
            found += [
                Change(t, False, int(y), float(c), float(m))
                for y, c, m in zip(x[above], to_cost[above], to_missed[above], strict=True)
                # Where s equals S, a higher S would have the position S order as well: another change than this one.
                if y >= max(0, policy.reorder[t]) and y != level and min(policy.reorder[t], y - 1) == trigger
            ]
        orders = x <= trigger
        cost = np.where(orders, order, stay)
        missed = np.where(orders, stay_missed[level - low], stay_missed)
    return found


def reorder_changes(
    t: int, x: np.ndarray[tuple[int], np.dtype[np.int64]], mass: np.ndarray[tuple[int], np.dtype[np.float64]],
    extra: np.ndarray[tuple[int], np.dtype[np.float64]], extra_missed: np.ndarray[tuple[int], np.dtype[np.float64]],
    trigger: int, level: int,
) -> list[Change]:  # fmt: skip
    """Changes of the reorder level; `extra` and `extra_missed` are what ordering adds at each position."""
    now = x <= trigger
    cost = np.cumsum(mass * extra) - float((mass * extra)[now].sum())
    missed = np.cumsum(mass * extra_missed) - float((mass * extra_missed)[now].sum())
    used = (mass > 1e-12) & (x < level) & (x != trigger)
    values = [Change(t, True, int(x[i]), float(cost[i]), float(missed[i])) for i in np.flatnonzero(used)]
    never = Change(t, True, LOWEST_REORDER, float(-(mass * extra)[now].sum()), float(-(mass * extra_missed)[now].sum()))
    return [*values, never] if now.any() else values


def improve(item: Item, policy: Policy, price_eur: float, rounds: int) -> Policy:
    """A feasible policy no dearer than `policy`, which must be feasible; `price_eur` is the price of a missed unit."""
    policy = descend(item, policy)
    for _ in range(rounds):
        cost, _ = totals(item, policy)
        best = policy
        options = sorted(changes(item, policy), key=lambda c: c.cost_eur + price_eur * c.missed)
        for first in options[:FIRST_CHANGES]:
            moved = first.applied(policy)
            now, misses = totals(item, moved)
            second = cheapest(changes(item, moved), item.allowed_miss - misses)
            if second is None or now + second.cost_eur > cost - LEAST_GAIN_EUR:
                continue
            both = second.applied(moved)
            checked, misses = totals(item, both)
            if misses <= item.allowed_miss and checked < cost - LEAST_GAIN_EUR:
                best, cost = both, checked
        if best is policy:
            return policy
        policy = descend(item, best)
    return policy


def descend(item: Item, policy: Policy) -> Policy:
    """The cheapest feasible change of one level, again and again until none is left."""
    while True:
        cost, missed = totals(item, policy)
        change = cheapest(changes(item, policy), item.allowed_miss - missed)
        if change is None or change.cost_eur > -LEAST_GAIN_EUR:
            return policy
        moved = change.applied(policy)
        now, missed = totals(item, moved)
        if now > cost - 0.5 * LEAST_GAIN_EUR or missed > item.allowed_miss:
            return policy
        policy = moved


def cheapest(found: list[Change], slack: float) -> Change | None:
    """The change of least cost that adds at most `slack` missed units."""
    return min((c for c in found if c.missed <= slack - 1e-10), key=lambda c: c.cost_eur, default=None)


def totals(item: Item, policy: Policy) -> tuple[float, float]:
    """Expected cost and expected missed units."""
    books = account(item, policy)
    return books.cost_eur, float(books.missed.sum())
