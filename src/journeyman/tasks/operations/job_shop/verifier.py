"""Verdict on a job-shop schedule: the start times are checked against every rule, then the makespan is recomputed."""

from __future__ import annotations

from itertools import pairwise

from journeyman.tasks.operations.job_shop.schedule import (
    Shop,
    critical_path,
    first_fault,
    lower_bound,
    makespan,
    sequences,
)
from journeyman.verify import Instance, Metric, Outcome, feasible, infeasible


def score(instance: Instance, design: object) -> Outcome:
    """The makespan of `design["start"]` in time units, or the first rule it breaks."""
    shop = Shop.of(instance.public)
    fault = first_fault(shop, design)
    if fault is not None:
        return infeasible(fault)
    assert isinstance(design, dict)
    start: list[list[int]] = design["start"]
    end = makespan(shop, start)
    loads = shop.loads()
    critical = max(range(shop.machines), key=loads.__getitem__)
    bound = lower_bound(shop)
    metrics = {
        "lower_bound": Metric(bound, "time units"),
        "gap_to_bound": Metric(100 * (end - bound) / bound, "%"),
        "largest_machine_load": Metric(loads[critical], "time units"),
        "critical_machine_utilisation": Metric(100 * loads[critical] / end, "%"),
        "mean_machine_utilisation": Metric(100 * sum(loads) / (shop.machines * end), "%"),
    }
    return feasible(end, metrics=metrics, feedback=describe(shop, start))


def describe(shop: Shop, start: list[list[int]]) -> str:
    """Where the time of a feasible schedule goes, from public data alone; under 500 characters."""
    end = makespan(shop, start)
    loads = shop.loads()
    m = max(range(shop.machines), key=loads.__getitem__)
    on_machine = sequences(shop, start)[m]
    before = on_machine[0][0]
    _, j, k = on_machine[-1]
    after = end - on_machine[-1][0] - shop.duration[j][k]
    between = end - loads[m] - before - after
    path = critical_path(shop, start)
    machines = [shop.machine[j][k] for _, j, k in path]
    blocks = 1 + sum(a != b for a, b in pairwise(machines))
    text = (
        f"makespan {end} on {shop.jobs} jobs x {shop.machines} machines (no schedule is below {lower_bound(shop)}). "
        f"Most loaded machine: {m}, {loads[m]} of work, busy {100 * loads[m] / end:.0f} % of the makespan, idle {before} "
        f"before its first operation, {between} between operations, {after} after its last. "
        f"Critical path: {len(path)} operations in {blocks} blocks of one machine each, last job {path[-1][1]}"
    )
    if path[0][0] > 0:
        text += f"; it begins only at {path[0][0]}, so operations could start earlier in the same order"
    return text + "."


def draw(instance: Instance, design: object) -> dict[str, bytes]:
    """A Gantt chart of the schedule, `gantt.png`; nothing for a design that breaks a rule."""
    from journeyman.tasks.operations.job_shop.gantt import chart

    shop = Shop.of(instance.public)
    if first_fault(shop, design) is not None:
        return {}
    assert isinstance(design, dict)
    return {"gantt.png": chart(shop, design["start"], instance.name)}
