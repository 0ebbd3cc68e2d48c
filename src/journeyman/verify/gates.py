"""The admission gate on many tasks."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from journeyman.errors import JourneymanError
from journeyman.verify.gate import Check, GateReport, check_task
from journeyman.verify.task import Task


def check_tasks(
    tasks: Sequence[Task],
    *,
    level: str | None = None,
    parallel: int | None = None,
    on_report: Callable[[GateReport], None] | None = None,
) -> list[GateReport]:
    """Run the gate on each of `tasks`, `parallel` at a time (None: as many as there are cores, at most 8).

    The reports come in the order of `tasks`; `on_report` is called with each as it ends. A task that cannot be run at all,
    for want of a package say, has a report with the one check that says why. Tasks whose verdicts are measurements (a
    declared noise) come first and one by one, so that nothing else of the gate disturbs them.
    """
    done: dict[str, GateReport] = {}

    def keep(report: GateReport) -> None:
        done[report.task] = report
        if on_report is not None:
            on_report(report)

    for task in tasks:
        if task.noisy:
            keep(_report(task, level))
    cores = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(max_workers=parallel or min(cores, 8)) as pool:
        for ended in as_completed([pool.submit(_report, task, level) for task in tasks if not task.noisy]):
            keep(ended.result())
    return [done[task.id] for task in tasks]


def _report(task: Task, level: str | None) -> GateReport:
    try:
        return check_task(task, level=level)
    except JourneymanError as error:
        return GateReport(task.id, "", (Check("task can be run", False, str(error)),))
