"""What a task is, and how a candidate gets its verdict.

A verifier module needs only `feasible`, `infeasible`, `Metric`, `Instance` and `as_design` from here.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from journeyman.verify.candidate import Candidate, make_candidate, read_candidate
from journeyman.verify.design import as_design
from journeyman.verify.score import Anchors, normalised
from journeyman.verify.task import DEV, HELD_OUT, Instance, Task, list_tasks, load_task
from journeyman.verify.verdict import (
    POLICY,
    InstanceVerdict,
    Metric,
    Outcome,
    Policy,
    Status,
    Verdict,
    feasible,
    infeasible,
    tampered,
)

if TYPE_CHECKING:
    from journeyman.verify.gate import Check, GateReport, check_task
    from journeyman.verify.gates import check_tasks
    from journeyman.verify.once import verify_candidate
    from journeyman.verify.readiness import preflight
    from journeyman.verify.scaffold import new_task
    from journeyman.verify.verifier import Verifier
    from journeyman.verify.wrap import wrap_task

__all__ = [
    "DEV",
    "HELD_OUT",
    "POLICY",
    "Anchors",
    "Candidate",
    "Check",
    "GateReport",
    "Instance",
    "InstanceVerdict",
    "Metric",
    "Outcome",
    "Policy",
    "Status",
    "Task",
    "Verdict",
    "Verifier",
    "as_design",
    "check_task",
    "check_tasks",
    "feasible",
    "infeasible",
    "list_tasks",
    "load_task",
    "make_candidate",
    "new_task",
    "normalised",
    "preflight",
    "read_candidate",
    "tampered",
    "verify_candidate",
    "wrap_task",
]

_LAZY = {
    "Check": "gate",
    "GateReport": "gate",
    "check_task": "gate",
    "check_tasks": "gates",
    "verify_candidate": "once",
    "preflight": "readiness",
    "new_task": "scaffold",
    "Verifier": "verifier",
    "wrap_task": "wrap",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(f"journeyman.verify.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _CallablePackage(ModuleType):
    """`journeyman.verify(task, candidate)` verifies once; the package of that name is what carries it."""

    def __call__(self, *args: Any, **kwargs: Any) -> Verdict:
        from journeyman.verify.once import verify_candidate

        return verify_candidate(*args, **kwargs)


sys.modules[__name__].__class__ = _CallablePackage
