"""Fresh job shops by Taillard's published generator.

E. Taillard, "Benchmarks for basic scheduling problems", European Journal of Operational Research 64 (1993) 278-285:
a multiplicative congruential generator x <- 16807 x mod (2^31 - 1) (Bratley, Fox and Schrage 1983), durations uniform on
1..99 drawn job by job from the time seed, then the machine order of each job shuffled with draws from the machine seed.
With a published pair of seeds it gives the published instance (ta01: 840612802 and 398197754, 15 jobs, 15 machines).

    python -m journeyman.tasks.operations.job_shop.generate --seeds 1 2 3 > instances.jsonl
"""

from __future__ import annotations

import argparse
import hashlib
import json
from typing import Any

from journeyman.tasks.operations.job_shop.dispatch import spt_nondelay
from journeyman.tasks.operations.job_shop.schedule import Shop, lower_bound, makespan

MULTIPLIER, MODULUS = 16807, 2**31 - 1

# (jobs, machines) of fresh instances; the seed chooses one.
SIZES = ((15, 10), (15, 15), (20, 10), (20, 15), (30, 10))

# What a candidate may spend on one instance, as it is told; the same number as `cpu_s` in task.toml.
CPU_LIMIT_S = 5


class Stream:
    """Taillard's stream of uniform integers; `state` in 1..2^31-2.

    Python's integers do not overflow, so the recursion is written as it is defined, without Schrage's decomposition.
    """

    def __init__(self, state: int) -> None:
        if not 0 < state < MODULUS:
            raise ValueError(f"the generator's seed must lie in 1..{MODULUS - 1}, got {state}")
        self.state = state

    def integer(self, low: int, high: int) -> int:
        """The next integer, uniform on low..high, both included."""
        self.state = self.state * MULTIPLIER % MODULUS
        return low + int(self.state / MODULUS * (high - low + 1))


def taillard(jobs: int, machines: int, time_seed: int, machine_seed: int) -> Shop:
    """The job shop of `jobs` jobs that each visit all `machines` machines once, for a pair of seeds."""
    times = Stream(time_seed)
    duration = [[times.integer(1, 99) for _ in range(machines)] for _ in range(jobs)]
    swaps = Stream(machine_seed)
    machine = []
    for _ in range(jobs):
        order = list(range(machines))
        for k in range(machines):
            other = swaps.integer(k, machines - 1)
            order[k], order[other] = order[other], order[k]
        machine.append(order)
    return Shop(machines, machine, duration)


def stream_seed(seed: int, what: str) -> int:
    """A generator state from a seed of any size: the hash keeps neighbouring seeds from giving related streams."""
    digest = hashlib.sha256(f"journeyman job_shop {what} {seed}".encode()).digest()
    return 1 + int.from_bytes(digest[:8], "big") % (MODULUS - 1)


def generate(seed: int) -> dict[str, Any]:
    """One fresh instance line for any integer seed; equal seeds give equal lines.

    The anchors need no long run: the baseline is the makespan of shortest-processing-time dispatch, the reference is the
    lower bound of `schedule.lower_bound`, which no schedule can beat and most instances cannot reach, so a score on a
    fresh instance stays below the score that the same schedule would get against a solved reference.
    """
    jobs, machines = SIZES[stream_seed(seed, "size") % len(SIZES)]
    return instance_line(
        f"fresh-{seed}", jobs, machines, stream_seed(seed, "time"), stream_seed(seed, "machine")
    )


def instance_line(name: str, jobs: int, machines: int, time_seed: int, machine_seed: int) -> dict[str, Any]:
    """The instance line of a pair of generator seeds, anchored by a rule and a bound."""
    shop = taillard(jobs, machines, time_seed, machine_seed)
    bound = lower_bound(shop)
    return {
        "name": name,
        "public": {
            "jobs": jobs,
            "machines": machines,
            "machine": shop.machine,
            "duration": shop.duration,
            "cpu_limit_s": CPU_LIMIT_S,
        },
        "hidden": {
            "source": f"Taillard generator, time seed {time_seed}, machine seed {machine_seed}",
            "reference_kind": "lower bound",
        },
        "anchors": {
            "baseline": float(makespan(shop, spt_nondelay(shop))),
            "reference": float(bound),
            "bound": float(bound),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Print fresh instance lines (JSON), anchored by a rule and a bound."
    )
    parser.add_argument(
        "--seeds", type=int, nargs="+", required=True, help="one instance for each of these integers"
    )
    for seed in parser.parse_args().seeds:
        print(json.dumps(generate(seed), separators=(",", ":")))


if __name__ == "__main__":
    main()
