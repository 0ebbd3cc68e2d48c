"""The classical reference: dynamic programmes at many prices of a missed unit, then local search on the (s, S) levels.

    python -m journeyman.tasks.operations.stochastic_inventory.reference --instances instances/held-out.jsonl

prints one JSON object for each instance: cost in EUR, fill rate, the Lagrangian lower bound, CPU seconds. `--only NAME`
picks instances, `--rounds` sets the length of the local search; nothing in it is random. `--write` stores anchors in the
file, and `--designs FILE` the policies found. Anchors are frozen that way, offline: no verdict ever runs this module.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journeyman.tasks.operations.stochastic_inventory.exact import account
from journeyman.tasks.operations.stochastic_inventory.item import Item
from journeyman.tasks.operations.stochastic_inventory.policy import Policy
from journeyman.tasks.operations.stochastic_inventory.programme import best_price
from journeyman.tasks.operations.stochastic_inventory.search import descend, improve

STARTS = 3
"""From how many of the policies that the programmes gave, the cheapest feasible ones first, the local search starts."""


@dataclass(frozen=True)
class Solution:
    """A feasible policy, its expected cost and fill rate, the lower bound, and the CPU seconds all that took."""

    policy: Policy
    cost_eur: float
    fill_rate: float
    bound_eur: float
    seconds: float


def solve(public: dict[str, Any], *, rounds: int = 12) -> Solution:
    """The best (s, S) policy found for an instance's public part, and the bound that no policy beats."""
    began = time.process_time()
    item = Item.of(public)
    best, solved = best_price(item)
    reached = {}
    for priced in solved:
        books = account(item, priced.policy)
        if books.fill_rate >= item.fill_rate:
            reached[priced.policy] = books.cost_eur
    starts = sorted(reached, key=reached.__getitem__)[:STARTS]
    ends = {descend(item, policy) for policy in starts}
    first = min(ends, key=lambda policy: account(item, policy).cost_eur)
    policy = improve(item, first, best.price_eur, rounds)
    books = account(item, policy)
    if books.fill_rate < item.fill_rate:
        raise ValueError(f"the local search left the feasible policies: fill rate {books.fill_rate}")
    return Solution(policy, books.cost_eur, books.fill_rate, best.bound_eur, time.process_time() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description="Solve the instances of a file and print the results as JSON.")
    parser.add_argument("--instances", type=Path, default=Path(__file__).parent / "instances" / "held-out.jsonl")
    parser.add_argument("--only", nargs="*", help="names of the instances to solve; all by default")
    parser.add_argument("--rounds", type=int, default=12, help="rounds of the search over pairs of changes")
    parser.add_argument("--write", action="store_true", help="store the results as anchors in the file")
    parser.add_argument("--designs", type=Path, help="write the policies to this file, one JSON object a line")
    arguments = parser.parse_args()

    lines = [json.loads(text) for text in arguments.instances.read_text().splitlines()]
    designs = []
    for line in lines:
        if arguments.only and line["name"] not in arguments.only:
            continue
        found = solve(line["public"], rounds=arguments.rounds)
        result = {"instance": line["name"], "cost_eur": found.cost_eur, "fill_rate": found.fill_rate}
        print(json.dumps(result | {"bound_eur": found.bound_eur, "cpu_seconds": round(found.seconds, 1)}), flush=True)
        designs.append({"instance": line["name"], "design": found.policy.as_data()})
        line["anchors"] |= {"reference": found.cost_eur, "bound": found.bound_eur}
    if arguments.write:
        arguments.instances.write_text("".join(json.dumps(x, separators=(",", ":")) + "\n" for x in lines))
    if arguments.designs:
        arguments.designs.write_text("".join(json.dumps(x, separators=(",", ":")) + "\n" for x in designs))


if __name__ == "__main__":
    main()
