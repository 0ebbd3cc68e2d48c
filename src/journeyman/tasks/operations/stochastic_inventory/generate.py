"""Fresh items: a demand profile, costs and a starting stock from a seed.

    python -m journeyman.tasks.operations.stochastic_inventory.generate --seeds 1 2 3 > instances.jsonl

Costs follow from a wished-for lot: the order cost is the one for which Wilson's lot lasts some periods. The opening stock,
with what is on order, lasts a little longer than the lead time. Every number is rounded to what is published.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
from typing import Any

import numpy as np

from journeyman.tasks.operations.stochastic_inventory.exact import account
from journeyman.tasks.operations.stochastic_inventory.item import Item
from journeyman.tasks.operations.stochastic_inventory.programme import best_price
from journeyman.tasks.operations.stochastic_inventory.rule import textbook_rule
from journeyman.tasks.operations.stochastic_inventory.search import descend

PROFILES = ("seasonal", "ramp", "lumpy", "intermittent")
CPU_LIMIT_S = 5
"""What a candidate may spend on one instance, as it is told; the same number as `cpu_s` in task.toml."""


STARTS = 3
"""From how many of the policies found the reference of a fresh instance is improved."""


def public_part(profile: str, periods: int, lead_time: int, fill_rate: float, seed: int) -> dict[str, Any]:
    """What a candidate is told of one item; `profile` is one of PROFILES."""
    rng = np.random.default_rng(seed)
    shape, family, cv, chance = demand_profile(profile, periods, rng)
    mean = np.round(shape, 1)
    sd = np.round(cv * mean, 1)
    if family == "negative_binomial":
        # A negative binomial law has a variance above its mean.
        sd = np.maximum(sd, np.ceil(10.0 * np.sqrt(1.05 * mean)) / 10.0)
    unit_cost = round(float(rng.uniform(4.0, 12.0)), 2)
    holding = round(unit_cost * float(rng.uniform(0.04, 0.09)), 2)
    average = float((chance * mean).mean())
    lot_periods = float(rng.uniform(2.5, 5.5))
    order_cost = np.full(periods, 0.5 * holding * average * lot_periods**2)
    if rng.random() < 0.5:
        # Freight: every fourth period is cheaper, some weeks in the middle are dearer.
        order_cost *= np.where(np.arange(periods) % 4 == int(rng.integers(4)), 0.7, 1.0)
        dear = int(rng.integers(periods // 3, periods // 2))
        order_cost[dear : dear + periods // 6] *= 1.4
    expected = chance * mean
    return {
        "periods": periods,
        "lead_time": lead_time,
        "order_cost": [float(round(k, 1)) for k in order_cost],
        "unit_cost": unit_cost,
        "holding_cost": holding,
        "salvage_value": round(unit_cost * float(rng.uniform(0.3, 0.7)), 2),
        "clearance_cost": round(unit_cost * float(rng.uniform(1.3, 2.0)), 2),
        "start_stock": math.ceil(float(expected[: lead_time + 1].max()) * float(rng.uniform(1.3, 2.0))),
        "on_order": [math.ceil(float(expected[t]) * float(rng.uniform(1.0, 1.5))) for t in range(lead_time)],
        "fill_rate": fill_rate,
        "family": family,
        "chance": [float(c) for c in chance],
        "mean": [float(m) for m in mean],
        "sd": [float(s) for s in sd],
        "cpu_limit_s": CPU_LIMIT_S,
    }


def demand_profile(profile: str, periods: int, rng: np.random.Generator) -> tuple[Any, str, float, Any]:
    """Mean of each period's demand where there is any, its family, its coefficient of variation, the chance of any."""
    t = np.arange(periods)
    noise = 1.0 + 0.1 * rng.standard_normal(periods)
    certain = np.ones(periods)
    if profile == "seasonal":
        base, swing, season = rng.uniform(25, 45), rng.uniform(0.45, 0.75), float(rng.choice([12, 13, 26]))
        shape = base * (1.0 + swing * np.sin(2.0 * np.pi * (t / season + rng.random()))) * noise
        return np.maximum(shape, 4.0), "normal", float(rng.uniform(0.2, 0.35)), certain
    if profile == "ramp":
        first, last = rng.uniform(8, 15), rng.uniform(45, 65)
        shape = np.linspace(first, last, periods) * noise
        return (shape if rng.random() < 0.5 else shape[::-1]), "normal", float(rng.uniform(0.2, 0.35)), certain
    if profile == "lumpy":
        shape = rng.uniform(14, 22) * np.maximum(rng.lognormal(-0.15, 0.55, periods), 0.2)
        return np.minimum(shape, 60.0), "negative_binomial", float(rng.uniform(0.7, 1.0)), certain
    if profile == "intermittent":
        shape = rng.uniform(9, 16) * (1.0 + 0.3 * np.sin(2.0 * np.pi * (t / 26.0 + rng.random()))) * noise
        chance = np.round(np.clip(rng.uniform(0.3, 0.5) + 0.1 * np.sin(2.0 * np.pi * t / 26.0), 0.2, 0.6), 2)
        return shape, "negative_binomial", float(rng.uniform(0.5, 0.7)), chance
    raise ValueError(f"no demand profile {profile!r}; there are {', '.join(PROFILES)}")


def instance_line(name: str, profile: str, periods: int, lead_time: int, fill_rate: float, seed: int) -> dict[str, Any]:
    """The instance line of these parameters, with all three anchors."""
    public = public_part(profile, periods, lead_time, fill_rate, seed)
    item = Item.of(public)
    best, solved = best_price(item)
    rule = textbook_rule(item)
    books = {policy: account(item, policy) for policy in {priced.policy for priced in solved} | {rule}}
    reached = {policy: found.cost_eur for policy, found in books.items() if found.fill_rate >= item.fill_rate}
    starts = sorted(reached, key=lambda policy: (reached[policy], policy.reorder))[:STARTS]
    return {
        "name": name,
        "public": public,
        "hidden": {
            "source": f"profile {profile}, seed {seed}",
            "simulation_seed": stream_seed(seed, "simulation"),
        },
        "anchors": {
            "baseline": books[rule].cost_eur,
            "reference": min(account(item, descend(item, start)).cost_eur for start in starts),
            "bound": best.bound_eur,
        },
    }


def stream_seed(seed: int, what: str) -> int:
    """A seed for a random stream from a seed of any size: the hash keeps neighbours from being related."""
    digest = hashlib.sha256(f"journeyman stochastic_inventory {what} {seed}".encode()).digest()
    return int.from_bytes(digest[:6], "big")


def generate(seed: int) -> dict[str, Any]:
    """One fresh instance line for any integer seed; equal seeds give equal lines.

    The reference is the best feasible (s, S) policy among those read off the priced dynamic programmes, improved level by
    level but without the search over pairs of `reference.py`, so a score above 1 is possible; the bound holds for every
    policy.
    """
    rng = np.random.default_rng(stream_seed(seed, "kind"))
    return instance_line(
        f"fresh-{seed}",
        PROFILES[int(rng.integers(len(PROFILES)))],
        int(rng.integers(12, 53)),
        int(rng.integers(0, 3)),
        float(rng.choice([0.95, 0.97, 0.98, 0.99])),
        stream_seed(seed, "item"),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Print fresh, anchored instance lines (JSON).")
    parser.add_argument("--seeds", type=int, nargs="+", required=True, help="one instance for each of these integers")
    for seed in parser.parse_args().seeds:
        print(json.dumps(generate(seed), separators=(",", ":")))


if __name__ == "__main__":
    main()
