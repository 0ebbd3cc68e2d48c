"""The same policy run on sampled demand, with stock, backlog and orders under way kept as what they are.

Nothing of the exact evaluation is used here, no inventory position is carried and no distribution propagated: the two
agree only if both are right. The paths belong to the instance's hidden seed and are the same for every policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from journeyman.tasks.operations.stochastic_inventory.demand import Vector
from journeyman.tasks.operations.stochastic_inventory.item import Item
from journeyman.tasks.operations.stochastic_inventory.policy import Policy

PATHS = 20_000

Units = NDArray[np.int64]


@dataclass(frozen=True)
class Runs:
    """One row for each path. `cost_eur[i]`, `missed[i]`, `demand[i]` are totals of the horizon; `stock[t, i]` is net stock
    (on hand less backlog) at the end of period t."""

    cost_eur: Vector
    missed: Units
    demand: Units
    stock: Units

    @property
    def mean_cost_eur(self) -> float:
        """Mean total cost of a path."""
        return float(self.cost_eur.mean())

    @property
    def cost_error_eur(self) -> float:
        """Standard error of the mean cost."""
        return float(self.cost_eur.std(ddof=1) / np.sqrt(len(self.cost_eur)))

    def fill_rate(self, expected_demand: float) -> float:
        """Share of the expected demand that is served at once: its expectation is the exact fill rate."""
        return 1.0 - float(self.missed.mean()) / expected_demand

    def fill_error(self, expected_demand: float) -> float:
        """Standard error of that share."""
        return float(self.missed.std(ddof=1) / np.sqrt(len(self.missed)) / expected_demand)


def demand_paths(item: Item, seed: int, paths: int = PATHS) -> Units:
    """Sampled demand, one row a period, one column a path: exact draws by inversion of each period's distribution."""
    rng = np.random.default_rng(seed)
    rows = np.empty((item.periods, paths), dtype=np.int64)
    for t, law in enumerate(item.laws):
        rows[t] = inverted(np.cumsum(law), rng.random(paths))
    return rows


def inverted(cumulative: Vector, chances: Vector) -> Any:
    """The smallest d with P(D <= d) > chance."""
    return np.minimum(np.searchsorted(cumulative, chances, side="right"), len(cumulative) - 1)


def simulate(item: Item, policy: Policy, demand: Units) -> Runs:
    """Run the policy along every column of `demand`, period by period, in the order of events of the statement."""
    periods, paths = demand.shape
    on_hand = np.full(paths, max(item.start_stock, 0), dtype=np.int64)
    backlog = np.full(paths, max(-item.start_stock, 0), dtype=np.int64)
    under_way = [np.full(paths, units, dtype=np.int64) for units in item.on_order]
    cost, missed = np.zeros(paths), np.zeros(paths, dtype=np.int64)
    stock = np.empty((periods, paths), dtype=np.int64)
    for t in range(periods):
        # 1. Review and order.
        position = on_hand - backlog + sum(under_way)
        places = (position <= policy.reorder[t]) & (position < policy.order_up_to[t])
        order = np.where(places, policy.order_up_to[t] - position, 0)
        cost += item.order_cost[t] * places + item.unit_cost * order
        # 2. What was ordered a lead time ago arrives and first serves the backlog.
        under_way.append(order)
        arrived = under_way.pop(0)
        late = np.minimum(backlog, arrived)
        backlog -= late
        on_hand += arrived - late
        # 3. Demand: from stock as far as it reaches, the rest is backlogged.
        served = np.minimum(on_hand, demand[t])
        on_hand -= served
        missed += demand[t] - served
        backlog += demand[t] - served
        # 4. Holding cost on what is left.
        cost += item.holding_cost * on_hand
        stock[t] = on_hand - backlog
    end = on_hand - backlog + sum(under_way)
    cost += item.clearance_cost * np.maximum(-end, 0) - item.salvage_value * np.maximum(end, 0)
    return Runs(cost, missed, demand.sum(axis=0), stock)
