"""What the engine takes from a task: the brief for proposers, and which of two scores is better."""

from __future__ import annotations

import operator
from collections.abc import Callable

from journeyman.optimize.trial import Brief
from journeyman.verify import Task
from journeyman.verify.region import END, START

_EXCHANGES = {
    "data": "is a Python program that defines `{entry}(instance)`: plain data in, a design as plain data out",
    "policy": "is a Python program whose functions are called step by step, as the statement says",
    "build": "is C or C++ source that is compiled and run as the statement says",
    "file": "is itself the design: a file of plain values",
}


def brief_of(task: Task) -> Brief:
    """The brief of a task, the same in every request of a run."""
    return Brief(
        title=task.title,
        statement=task.statement,
        constraints=constraints_of(task),
        main=task.main,
        maximize=task.better(1.0, 0.0),
        unit=task.score_unit,
    )


def constraints_of(task: Task) -> str:
    """The rules a candidate must keep, one a line."""
    kind = _EXCHANGES[task.exchange].format(entry=task.file.candidate.entry)
    lines = [f"The candidate `{task.main}` {kind}."]
    if START in task.seed.text(task.main):
        lines.append(
            f"Only what stands between {START} and {END} may change; everything else must stay as it is."
        )
    if task.exchange in ("data", "policy"):
        packages = ", ".join(task.packages)
        lines.append(f"It may import the standard library{' and ' + packages if packages else ' only'}.")
    if task.exchange != "file":
        limits = task.limits
        lines.append(
            f"Limits for one instance: {limits.wall_s:g} s of wall time, {limits.cpu_s:g} s of CPU, "
            f"{limits.memory_mb} MB of memory, no network, no files but its own scratch folder."
        )
        if task.exchange == "policy":
            lines.append(f"One call may use {limits.step_cpu_s:g} s of CPU.")
    for name, parameter in task.parameters.items():
        if parameter.choices:
            lines.append(f"`{name}` is one of {', '.join(map(repr, parameter.choices))}.")
        else:
            low = "" if parameter.min is None else f" at least {parameter.min:g}"
            high = "" if parameter.max is None else f" at most {parameter.max:g}"
            kind = "an integer" if parameter.integer else "a number"
            lines.append(f"`{name}` is {kind}{low}{' and' if low and high else ''}{high}.")
    lines.append(f"A {'larger' if task.better(1.0, 0.0) else 'smaller'} score is better.")
    return "\n".join(lines)


def comparison(task: Task) -> Callable[[float, float], bool]:
    """`task.better` as a plain operator: the direction is looked up once, not at every comparison."""
    return operator.gt if task.better(1.0, 0.0) else operator.lt
