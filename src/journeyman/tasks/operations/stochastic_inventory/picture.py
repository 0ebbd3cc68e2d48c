"""The picture of a policy: stock over time with its levels, demand and misses below, the cost split at the side."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from journeyman.tasks.operations.stochastic_inventory.exact import Account
from journeyman.tasks.operations.stochastic_inventory.item import Item
from journeyman.tasks.operations.stochastic_inventory.policy import Policy
from journeyman.tasks.operations.stochastic_inventory.simulate import Runs

INK, STOCK, UPPER, LOWER, MISSED = "#222222", "#4c78a8", "#2a9d5c", "#d1495b", "#e08e0b"
SHOWN_PATHS = 3


def picture(name: str, item: Item, policy: Policy, books: Account, runs: Runs) -> bytes:
    """A PNG of 1150 x 720 pixels."""
    figure = Figure(figsize=(11.5, 7.2), dpi=100)
    FigureCanvasAgg(figure)
    # Margins by hand: a layout engine would draw everything twice.
    stock_axes = figure.add_axes((0.055, 0.42, 0.69, 0.50))
    demand_axes = figure.add_axes((0.055, 0.08, 0.69, 0.25), sharex=stock_axes)
    cost_axes = figure.add_axes((0.835, 0.11, 0.155, 0.81))
    draw_stock(stock_axes, item, policy, books, runs)
    draw_demand(demand_axes, item, books)
    draw_costs(cost_axes, books)
    stock_axes.set_title(
        f"{name}: expected cost {books.cost_eur:.2f} EUR, fill rate {100 * books.fill_rate:.3f} % "
        f"(at least {100 * item.fill_rate:g} %), {books.orders.sum():.2f} orders, lead time {item.lead_time}",
        fontsize=10,
        loc="left",
    )
    for axes in (stock_axes, demand_axes, cost_axes):
        axes.spines[["top", "right"]].set_visible(False)
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def draw_stock(axes: Any, item: Item, policy: Policy, books: Account, runs: Runs) -> None:
    """Net stock at the end of each period as a fan of percentiles, a few paths, and the levels where orders happen."""
    t = np.arange(item.periods)
    low, quarter, middle, three, high = np.percentile(runs.stock, [5, 25, 50, 75, 95], axis=1)
    axes.fill_between(t, low, high, color=STOCK, alpha=0.18, linewidth=0, label="net stock at period's end, 5-95 %")
    axes.fill_between(t, quarter, three, color=STOCK, alpha=0.30, linewidth=0, label="25-75 %")
    axes.plot(t, middle, color=STOCK, linewidth=1.8, label="median")
    for k in range(SHOWN_PATHS):
        label = f"{SHOWN_PATHS} of {runs.stock.shape[1]} simulated paths" if k == 0 else None
        axes.plot(t, runs.stock[:, k], color=INK, linewidth=0.6, alpha=0.6, label=label)
    # A level is drawn where an order has a chance; a level that is never used says nothing.
    used = books.orders > 1e-4
    upper = np.where(used, np.array(policy.order_up_to, dtype=float), np.nan)
    reorder = np.where(used, np.array(policy.reorder, dtype=float), np.nan)
    for levels, colour, label in (
        (upper, UPPER, "order-up-to level S of the position"),
        (reorder, LOWER, "reorder level s of the position"),
    ):
        # hlines and not steps: a level with unused neighbours would vanish.
        axes.hlines(levels, t - 0.5, t + 0.5, color=colour, linewidth=1.8, label=label)
    axes.axhline(0, color=INK, linewidth=0.8)
    bottom = min(float(low.min()), float(np.nanmin(reorder)) if used.any() else 0.0, 0.0)
    top = max(float(high.max()), float(np.nanmax(upper)) if used.any() else 0.0)
    axes.set_ylim(bottom - 0.06 * (top - bottom), top + 0.22 * (top - bottom))
    axes.set_xlim(-0.7, item.periods - 0.3)
    axes.set_ylabel("units")
    axes.legend(fontsize=7.5, ncols=3, loc="upper left", frameon=False)
    axes.tick_params(labelbottom=True)


def draw_demand(axes: Any, item: Item, books: Account) -> None:
    """Mean demand of each period with its standard deviation, missed units, and the chance of an order."""
    t = np.arange(item.periods)
    pairs = zip(item.laws, item.means, strict=True)
    spread = [float(law @ (np.arange(len(law)) - mean) ** 2) ** 0.5 for law, mean in pairs]
    axes.bar(t, item.means, width=0.8, color="#c3ccd8", label="mean demand")
    low, high = np.maximum(item.means - spread, 0), item.means + spread
    axes.vlines(t, low, high, color="#7f8896", linewidth=1, label="+- 1 sd")
    axes.bar(t, books.missed, width=0.8, color=MISSED, label="expected missed")
    axes.set_xlabel("period")
    axes.set_ylabel("units")
    axes.set_ylim(0, 1.3 * float((item.means + spread).max()))
    chance = axes.twinx()
    line = {"color": UPPER, "marker": "o", "markersize": 3, "linewidth": 0.8}
    chance.plot(t, 100 * books.orders, label="chance of an order", **line)
    chance.set_ylim(0, 130)
    chance.set_yticks([0, 50, 100])
    chance.set_ylabel("%", rotation=0, labelpad=2)
    chance.spines[["top"]].set_visible(False)
    handles = [*axes.get_legend_handles_labels()[0], *chance.get_legend_handles_labels()[0]]
    axes.legend(handles=handles, fontsize=7.5, ncols=4, loc="upper left", frameon=False)


def draw_costs(axes: Any, books: Account) -> None:
    """The parts of the expected cost as bars; salvage counts against it."""
    parts = {
        "orders": books.fixed_eur,
        "purchase": books.purchase_eur,
        "holding": books.holding_eur,
        "salvage": -books.salvage_eur,
        "clearance": books.clearance_eur,
    }
    bars = axes.bar(list(parts), list(parts.values()), color=[STOCK, "#c3ccd8", MISSED, UPPER, LOWER], width=0.7)
    axes.bar_label(bars, labels=[f"{value:.0f}" for value in parts.values()], fontsize=8, padding=2)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_title("expected cost (EUR)", fontsize=10, loc="left")
    axes.tick_params(axis="x", labelrotation=45, labelsize=8)
    axes.margins(y=0.08)
