"""The rule behind the baseline anchor: nondelay dispatch, shortest processing time first."""

from __future__ import annotations

from journeyman.tasks.operations.job_shop.schedule import Shop


def spt_nondelay(shop: Shop) -> list[list[int]]:
    """Start times of the schedule that never keeps a machine idle while work for it waits.

    Of the operations that can start earliest, the one with the shortest duration goes first; ties go to the job with the
    lower number.
    """
    start: list[list[int]] = [[] for _ in range(shop.jobs)]
    job_free = [0] * shop.jobs
    machine_free = [0] * shop.machines
    unfinished = set(range(shop.jobs))
    while unfinished:
        earliest, p, j = min(
            (max(job_free[j], machine_free[shop.machine[j][k]]), shop.duration[j][k], j)
            for j in unfinished
            for k in [len(start[j])]
        )
        machine_free[shop.machine[j][len(start[j])]] = job_free[j] = earliest + p
        start[j].append(earliest)
        if len(start[j]) == len(shop.machine[j]):
            unfinished.remove(j)
    return start
