"""The exact expectation of what an (s, S) policy costs and misses: the distribution of the position is carried forward.

In each period the positions at or below the reorder level jump to the order-up-to level, then the period's demand is
convolved in. Nothing is sampled; what is left of error is rounding and the cut of tails below `TAIL`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from journeyman.tasks.operations.stochastic_inventory.demand import Vector
from journeyman.tasks.operations.stochastic_inventory.item import Item
from journeyman.tasks.operations.stochastic_inventory.policy import Policy

TAIL = 1e-14
"""Probability at either end of a distribution that is moved to the nearest position kept."""


@dataclass(frozen=True)
class Spread:
    """A distribution over positions `low`, `low + 1`, ...: `mass[i]` is the probability of `low + i`."""

    low: int
    mass: Vector

    @property
    def positions(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """All positions, in order."""
        return np.arange(self.low, self.low + len(self.mass))

    def mean(self, values: Vector) -> float:
        """Expectation of a function given by its values at the positions."""
        return float(self.mass @ values)

    def ordered(self, trigger: int, level: int) -> tuple[Spread, float, float]:
        """After ordering up to `level` from `trigger` and below; also the probability of an order and its mean units."""
        count = min(max(trigger - self.low + 1, 0), len(self.mass))
        moved = self.mass[:count]
        chance = float(moved.sum())
        units = float(moved @ (level - self.positions[:count]))
        if count == 0:
            return self, 0.0, 0.0
        low = min(self.low + count, level)
        mass = np.zeros(max(self.low + len(self.mass), level + 1) - low)
        mass[self.low + count - low : self.low + len(self.mass) - low] = self.mass[count:]
        mass[level - low] += chance
        return Spread(low, mass), chance, units

    def after_demand(self, law: Vector) -> Spread:
        """After a demand of distribution `law`, with the tails cut."""
        mass = np.convolve(self.mass, law[::-1])
        low = self.low - (len(law) - 1)
        from_left = np.cumsum(mass)
        first = int(np.searchsorted(from_left, TAIL))
        last = int(np.searchsorted(from_left, from_left[-1] - TAIL))
        kept = mass[first : last + 1].copy()
        kept[0] += mass[:first].sum()
        kept[-1] += mass[last + 1 :].sum()
        return Spread(low + first, kept)


@dataclass(frozen=True)
class Account:
    """Expectations period by period: orders (a number), stock and demand (units), money (EUR).

    `held`, `missed` and `backlog` are of the end of a period; `missed` is new backlog, units not served when asked for.
    """

    orders: Vector
    ordered: Vector
    held: Vector
    missed: Vector
    backlog: Vector
    demand: Vector
    fixed_eur: float
    purchase_eur: float
    holding_eur: float
    salvage_eur: float
    clearance_eur: float

    @property
    def cost_eur(self) -> float:
        """Expected total cost over the horizon; what is salvaged counts against it."""
        return self.fixed_eur + self.purchase_eur + self.holding_eur - self.salvage_eur + self.clearance_eur

    @property
    def fill_rate(self) -> float:
        """Share of the expected demand of the horizon that is served at once from stock."""
        return 1.0 - float(self.missed.sum() / self.demand.sum())


def spreads(item: Item, policy: Policy) -> Iterator[tuple[Spread, Spread, float, float]]:
    """For each period: positions before and after ordering, the probability of an order, the expected units ordered."""
    before = Spread(item.start_position, np.ones(1))
    for t, law in enumerate(item.laws):
        after, chance, units = before.ordered(policy.trigger(t), policy.order_up_to[t])
        yield before, after, chance, units
        before = after.after_demand(law)


def account(item: Item, policy: Policy) -> Account:
    """What the policy costs and how it serves, in expectation."""
    periods, lead = item.periods, item.lead_time
    orders, ordered = np.zeros(periods), np.zeros(periods)
    held, missed, backlog = np.zeros(periods), np.zeros(periods), np.zeros(periods)
    held[:lead], missed[:lead] = item.opening
    left = short = 0.0
    for t in range(lead):
        received = item.start_stock + sum(item.on_order[: t + 1])
        backlog[t] = held[t] - received + item.means[: t + 1].sum()
    for t, (_, after, chance, units) in enumerate(spreads(item, policy)):
        orders[t], ordered[t] = chance, units
        if t + lead < periods:
            stage, y = item.stages[t], after.positions
            held[t + lead] = after.mean(stage.held(y))
            missed[t + lead] = after.mean(stage.missed(y))
            backlog[t + lead] = after.mean(stage.backlog(y))
        if t == periods - 1:
            end = after.after_demand(item.laws[t])
            left = end.mean(np.maximum(end.positions, 0).astype(float))
            short = end.mean(np.maximum(-end.positions, 0).astype(float))
    return Account(
        orders=orders,
        ordered=ordered,
        held=held,
        missed=missed,
        backlog=backlog,
        demand=item.means,
        fixed_eur=float(orders @ np.array(item.order_cost)),
        purchase_eur=item.unit_cost * float(ordered.sum()),
        holding_eur=item.holding_cost * float(held.sum()),
        salvage_eur=item.salvage_value * left,
        clearance_eur=item.clearance_cost * short,
    )
