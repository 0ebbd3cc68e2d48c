"""Verdict on (s, S) levels: the expectations are computed exactly, then the same policy is run on sampled demand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journeyman.tasks.operations.stochastic_inventory.exact import Account, account
from journeyman.tasks.operations.stochastic_inventory.item import Item
from journeyman.tasks.operations.stochastic_inventory.policy import Policy, read_policy
from journeyman.tasks.operations.stochastic_inventory.simulate import PATHS, Runs, demand_paths, simulate
from journeyman.verify import Instance, Metric, Outcome, feasible, infeasible

FILL_TOLERANCE = 1e-9
"""How far the exact expected fill rate may lie below the one asked for: rounding only."""
STANDARD_ERRORS = 5.0
"""How many standard errors the simulated fill rate may lie below it. A policy that keeps the exact constraint fails this
with a probability below 3e-7."""


@dataclass(frozen=True)
class Judged:
    """A policy with its exact account and its simulated runs."""

    item: Item
    policy: Policy
    books: Account
    runs: Runs


def judge(instance: Instance, design: object) -> Judged | str:
    """The evaluation of a design that keeps every constraint, or one sentence on the first that it breaks."""
    item = Item.of(instance.public)
    policy = read_policy(design, item.periods)
    if isinstance(policy, str):
        return policy
    books = account(item, policy)
    wanted = item.fill_rate
    if books.fill_rate < wanted - FILL_TOLERANCE:
        excess = float(books.missed.sum()) - item.allowed_miss
        return (
            f"the expected fill rate is {books.fill_rate:.7f}, {wanted - books.fill_rate:.3g} below the {wanted:g} "
            f"asked for: {books.missed.sum():.4g} units are missed, {excess:.3g} more than allowed, most of them in "
            f"{worst(books)}"
        )
    runs = simulate(item, policy, demand_paths(item, instance.hidden["simulation_seed"]))
    expected = float(item.means.sum())
    if runs.fill_rate(expected) < wanted - STANDARD_ERRORS * runs.fill_error(expected):
        return (
            f"the simulated fill rate is {runs.fill_rate(expected):.5f}, more than {STANDARD_ERRORS:g} standard errors "
            f"({runs.fill_error(expected):.2g} each) below the {wanted:g} asked for"
        )
    return Judged(item, policy, books, runs)


def score(instance: Instance, design: object) -> Outcome:
    """The expected total cost of the policy in EUR, or the first rule it breaks."""
    judged = judge(instance, design)
    if isinstance(judged, str):
        return infeasible(judged)
    item, books, runs = judged.item, judged.books, judged.runs
    expected = float(item.means.sum())
    metrics = {
        "fill_rate": Metric(100 * books.fill_rate, "%"),
        "missed_units_to_spare": Metric(item.allowed_miss - float(books.missed.sum()), "units"),
        "orders": Metric(float(books.orders.sum()), "orders"),
        "mean_stock": Metric(float(books.held.mean()), "units"),
        "order_cost": Metric(books.fixed_eur, "EUR"),
        "purchase_cost": Metric(books.purchase_eur, "EUR"),
        "holding_cost": Metric(books.holding_eur, "EUR"),
        "salvage": Metric(books.salvage_eur, "EUR"),
        "clearance_cost": Metric(books.clearance_eur, "EUR"),
        "simulated_cost": Metric(runs.mean_cost_eur, "EUR"),
        "simulated_cost_standard_error": Metric(runs.cost_error_eur, "EUR"),
        "simulated_fill_rate": Metric(100 * runs.fill_rate(expected), "%"),
    }
    return feasible(books.cost_eur, metrics=metrics, feedback=describe(judged))


def describe(judged: Judged) -> str:
    """Where the money goes and how close the service is, from public data and the design alone; under 500 characters."""
    item, books = judged.item, judged.books
    spare = item.allowed_miss - float(books.missed.sum())
    return (
        f"cost {books.cost_eur:.2f} EUR = {books.fixed_eur:.1f} for {books.orders.sum():.2f} orders "
        f"+ {books.purchase_eur:.1f} purchase + {books.holding_eur:.1f} holding ({books.held.mean():.1f} units on average) "
        f"- {books.salvage_eur:.1f} salvage + {books.clearance_eur:.1f} clearance. "
        f"Fill rate {books.fill_rate:.5f}, asked for {item.fill_rate:g}: {spare:.3g} of {item.allowed_miss:.3g} allowed "
        f"missed units to spare; most are missed in {worst(books)}. "
        f"Simulation of {PATHS} paths: {judged.runs.mean_cost_eur:.1f} +- {judged.runs.cost_error_eur:.1f} EUR."
    )


def worst(books: Account) -> str:
    """The three periods that miss the most, with their units."""
    first = np.argsort(-books.missed, kind="stable")[:3]
    return "periods " + ", ".join(f"{t} ({books.missed[t]:.3g})" for t in sorted(int(i) for i in first))


def draw(instance: Instance, design: object) -> dict[str, bytes]:
    """Stock over time with levels, demand and costs, `inventory.png`; nothing for a design that breaks a rule."""
    from journeyman.tasks.operations.stochastic_inventory.picture import picture

    judged = judge(instance, design)
    if isinstance(judged, str):
        return {}
    return {"inventory.png": picture(instance.name, judged.item, judged.policy, judged.books, judged.runs)}
