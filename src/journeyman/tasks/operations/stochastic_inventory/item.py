"""The stocked item: its costs, its demand, and what a position in one period costs later.

An order placed in period t arrives at the start of period t + L, so what is on hand at the end of period t + L follows from
the inventory position y after ordering in period t alone: it is y - D(t, t+L), with D(a, b) the demand of the periods a to
b. That is what makes an exact evaluation cheap: the position is the whole state (Scarf 1960).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from journeyman.tasks.operations.stochastic_inventory.demand import Vector, distributions


@dataclass(frozen=True)
class Item:
    """One problem. Money in EUR, stock in units, time in periods numbered from 0.

    `on_order[k]` arrives at the start of period k, k < lead_time. `laws[t][d]` is the probability of demand d in period t.
    """

    lead_time: int
    order_cost: tuple[float, ...]
    unit_cost: float
    holding_cost: float
    salvage_value: float
    clearance_cost: float
    start_stock: int
    on_order: tuple[int, ...]
    fill_rate: float
    laws: tuple[Vector, ...]

    @classmethod
    def of(cls, public: dict[str, Any]) -> Item:
        """The item of an instance's public part."""
        return cls(
            lead_time=public["lead_time"],
            order_cost=tuple(public["order_cost"]),
            unit_cost=public["unit_cost"],
            holding_cost=public["holding_cost"],
            salvage_value=public["salvage_value"],
            clearance_cost=public["clearance_cost"],
            start_stock=public["start_stock"],
            on_order=tuple(public["on_order"]),
            fill_rate=public["fill_rate"],
            laws=distributions(public),
        )

    @property
    def periods(self) -> int:
        """Length of the horizon."""
        return len(self.laws)

    @property
    def start_position(self) -> int:
        """Inventory position before the first order."""
        return self.start_stock + sum(self.on_order)

    @cached_property
    def means(self) -> Vector:
        """Expected demand of each period, in units."""
        return np.array([float(law @ np.arange(len(law))) for law in self.laws])

    @property
    def allowed_miss(self) -> float:
        """Units that may be missed over the horizon, in expectation."""
        return (1.0 - self.fill_rate) * float(self.means.sum())

    def total_demand(self, first: int, count: int) -> Vector:
        """Distribution of the demand of `count` periods from `first` on; a certain 0 where `count` is 0."""
        law = np.ones(1)
        for t in range(first, first + count):
            law = np.convolve(law, self.laws[t])
        return law

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of the periods whose orders arrive within the horizon."""
        last = self.periods - self.lead_time
        return tuple(
            Stage(
                before=Surplus.of(self.total_demand(t, self.lead_time)),
                after=Surplus.of(self.total_demand(t, self.lead_time + 1)),
            )
            for t in range(last)
        )

    @cached_property
    def opening(self) -> tuple[Vector, Vector]:
        """Expected stock on hand at the end of the first periods, which no order reaches, and the units missed in them."""
        held, missed = np.zeros(self.lead_time), np.zeros(self.lead_time)
        for t in range(self.lead_time):
            received = np.array([self.start_stock + sum(self.on_order[: t + 1])])
            stage = Stage(Surplus.of(self.total_demand(0, t)), Surplus.of(self.total_demand(0, t + 1)))
            held[t], missed[t] = stage.held(received)[0], stage.missed(received)[0]
        return held, missed


@dataclass(frozen=True)
class Surplus:
    """E[(y - X)^+] of a demand X, as a table for 0 <= y <= its largest value; beyond that it is y - E[X]."""

    table: Vector
    mean: float

    @classmethod
    def of(cls, law: Vector) -> Surplus:
        """The sum over k < y of P(X <= k), which is E[(y - X)^+] for a whole-numbered X."""
        table = np.concatenate([[0.0], np.cumsum(np.cumsum(law))])
        return cls(table, float(law @ np.arange(len(law))))

    def left(self, y: Any) -> Vector:
        """Expected stock left from `y` units (an integer array)."""
        top = len(self.table) - 1
        return np.asarray(self.table[np.clip(y, 0, top)] + np.maximum(y - top, 0), dtype=float)

    def short(self, y: Any) -> Vector:
        """Expected units short of the demand when there are `y` (an integer array)."""
        return np.asarray(self.left(y) - y + self.mean, dtype=float)


@dataclass(frozen=True)
class Stage:
    """What a position after ordering means one lead time later: demand `before` the period in question, and with it."""

    before: Surplus
    after: Surplus

    def held(self, y: Any) -> Vector:
        """Expected stock on hand at the end of the period in which the order arrives."""
        return self.after.left(y)

    def missed(self, y: Any) -> Vector:
        """Expected new backlog of that period: what is short after its demand, less what was short before it."""
        return self.after.short(y) - self.before.short(y)

    def backlog(self, y: Any) -> Vector:
        """Expected backlog at the end of that period."""
        return self.after.short(y)
