"""The job-shop problem itself: what an instance is, whether start times obey it, how long the schedule takes, how short
any schedule could be.

Pure functions on plain lists, standard library only. A job j is a fixed sequence of operations k = 0, 1, ...; operation
(j, k) occupies machine `machine[j][k]` for `duration[j][k]` whole time units without interruption, and a machine works on
one operation at a time. All times are integers, in the instance's time unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any

# A start time beyond this is refused. It is far above the sum of all durations of any instance of the task, and small
# enough that every later sum is exact.
LATEST_START = 1_000_000


@dataclass(frozen=True)
class Shop:
    """`machine[j][k]` in 0..machines-1 and `duration[j][k]` >= 1, for job j and its k-th operation."""

    machines: int
    machine: list[list[int]]
    duration: list[list[int]]

    @classmethod
    def of(cls, public: Mapping[str, Any]) -> Shop:
        """The shop of the public part of an instance line."""
        return cls(public["machines"], public["machine"], public["duration"])

    @property
    def jobs(self) -> int:
        return len(self.machine)

    def loads(self) -> list[int]:
        """Total processing time on each machine."""
        load = [0] * self.machines
        for machines, durations in zip(self.machine, self.duration, strict=True):
            for m, p in zip(machines, durations, strict=True):
                load[m] += p
        return load


def first_fault(shop: Shop, design: object) -> str | None:
    """The first rule that `design` breaks, in one sentence that names job and operation; None where it breaks none.

    `design` is whatever a candidate returned: nothing about its types is assumed.
    """
    if not isinstance(design, dict) or "start" not in design:
        return f'the design must be a dict with the key "start", got {_kind(design)}'
    fault = _shape_fault(shop, design["start"])
    if fault is None:
        fault = _order_fault(shop, design["start"])
    if fault is None:
        fault = _overlap_fault(shop, design["start"])
    return fault


def _shape_fault(shop: Shop, start: object) -> str | None:
    if type(start) is not list or len(start) != shop.jobs:
        return f'"start" must be a list of {shop.jobs} lists, one for each job, got {_kind(start)}'
    for j, row in enumerate(start):
        if type(row) is not list or len(row) != len(shop.machine[j]):
            return f"start[{j}] must be a list of {len(shop.machine[j])} integers, got {_kind(row)}"
        for k, t in enumerate(row):
            # `type(t) is int` and not isinstance: True and False are instances of int.
            if type(t) is not int:
                return f"start[{j}][{k}] must be an integer, got {_kind(t)}"
            if not 0 <= t <= LATEST_START:
                return f"start[{j}][{k}] = {t} lies outside 0..{LATEST_START}"
    return None


def _order_fault(shop: Shop, start: list[list[int]]) -> str | None:
    for j, row in enumerate(start):
        for k in range(1, len(row)):
            ready = row[k - 1] + shop.duration[j][k - 1]
            if row[k] < ready:
                return (
                    f"job {j}: operation {k} starts at {row[k]}, {ready - row[k]} before its operation {k - 1} "
                    f"ends at {ready}"
                )
    return None


def _overlap_fault(shop: Shop, start: list[list[int]]) -> str | None:
    for m, operations in enumerate(sequences(shop, start)):
        for (t, j, k), (t_next, j_next, k_next) in pairwise(operations):
            end = t + shop.duration[j][k]
            if t_next < end:
                return (
                    f"machine {m}: job {j_next} operation {k_next} starts at {t_next}, {end - t_next} before "
                    f"job {j} operation {k} ends at {end}"
                )
    return None


def _kind(value: object) -> str:
    """A short description of a value of unknown type, safe to print."""
    if isinstance(value, (list, dict)):
        return f"a {type(value).__name__} of {len(value)} items"
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)[:40]
    return f"a {type(value).__name__}"


def sequences(shop: Shop, start: list[list[int]]) -> list[list[tuple[int, int, int]]]:
    """For each machine its operations (start, job, operation), in order of start."""
    on: list[list[tuple[int, int, int]]] = [[] for _ in range(shop.machines)]
    for j, row in enumerate(start):
        for k, t in enumerate(row):
            on[shop.machine[j][k]].append((t, j, k))
    for operations in on:
        operations.sort()
    return on


def makespan(shop: Shop, start: list[list[int]]) -> int:
    """When the last operation ends; work starts at time 0."""
    return max(row[-1] + durations[-1] for row, durations in zip(start, shop.duration, strict=True))


def critical_path(shop: Shop, start: list[list[int]]) -> list[tuple[int, int, int]]:
    """One chain of operations (start, job, operation) without a gap that ends at the makespan, first operation first.

    The chain follows, backwards from the last end, whichever predecessor (same job or same machine) ends exactly when the
    operation starts; it reaches back to time 0 in a schedule in which every operation starts as early as its order allows.
    """
    previous: dict[tuple[int, int], tuple[int, int, int]] = {}
    for operations in sequences(shop, start):
        for before, (_, j, k) in pairwise(operations):
            previous[j, k] = before
    end = makespan(shop, start)
    last = next(j for j, row in enumerate(start) if row[-1] + shop.duration[j][-1] == end)
    path = [(start[last][-1], last, len(start[last]) - 1)]
    while True:
        t, j, k = path[-1]
        before_in_job = [(start[j][k - 1], j, k - 1)] if k else []
        before_on_machine = [previous[j, k]] if (j, k) in previous else []
        tight = [o for o in before_on_machine + before_in_job if o[0] + shop.duration[o[1]][o[2]] == t]
        if not tight:
            return path[::-1]
        path.append(tight[0])


def lower_bound(shop: Shop) -> int:
    """A makespan that no schedule can beat: the longest job, or the best preemptive schedule of one machine.

    For a machine alone, each of its operations has a head (work of its job before it) and a tail (work after it). Letting
    the machine interrupt work, always for the waiting operation with the longest tail (Jackson's rule; Carlier 1982), gives
    the least possible end of that relaxed problem, which is at least min head + load + min tail.
    """
    bound = max(sum(durations) for durations in shop.duration)
    heads_and_tails: list[list[tuple[int, int, int]]] = [[] for _ in range(shop.machines)]
    for machines, durations in zip(shop.machine, shop.duration, strict=True):
        head, total = 0, sum(durations)
        for m, p in zip(machines, durations, strict=True):
            heads_and_tails[m].append((head, p, total - head - p))
            head += p
    return max([bound, *(_preemptive_end(operations) for operations in heads_and_tails)])


def _preemptive_end(operations: list[tuple[int, int, int]]) -> int:
    """Least max(end + tail) of (head, duration, tail) operations on one machine that may interrupt its work."""
    arrivals = sorted(operations, reverse=True)  # earliest head last, so that pop() gives it
    waiting: list[tuple[int, int]] = []  # (-tail, remaining duration): longest tail first
    time = worst = 0
    while arrivals or waiting:
        if not waiting:
            time = max(time, arrivals[-1][0])
        while arrivals and arrivals[-1][0] <= time:
            _, p, tail = arrivals.pop()
            heappush(waiting, (-tail, p))
        tail_negative, p = heappop(waiting)
        until = min(time + p, arrivals[-1][0]) if arrivals else time + p
        if until - time < p:
            heappush(waiting, (tail_negative, p - (until - time)))
        else:
            worst = max(worst, until - tail_negative)
        time = until
    return worst
