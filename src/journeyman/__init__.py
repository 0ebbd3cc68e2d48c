"""Models and agents that learn from feedback, and an honest measure of what the feedback was worth.

    import journeyman as jm

    result = jm.optimize("operations/job_shop", evaluations=100)
    verdict = jm.verify("operations/job_shop", "my_candidate.py", split="held-out")
    result = jm.foresee.evaluate("lake-6", agents="scripted:perception=0.15", modes=["invisible", "normal"])
    report = jm.distill.check("student", "teacher", "prompts.jsonl")
    table = jm.open_run("last").frame()

Everything here is loaded when it is first used, so importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Public name -> the module that has it. `optimize` and `verify` are packages that can be called, `distill` and
# `foresee` have functions.
_HOME = {
    "distill": "",
    "foresee": "",
    "optimize": "",
    "resume": "optimize",
    "Repeats": "optimize",
    "Result": "optimize",
    "Progress": "optimize",
    "verify": "",
    "verify_candidate": "verify",
    "load_task": "verify",
    "list_tasks": "verify",
    "check_task": "verify",
    "check_tasks": "verify",
    "new_task": "verify",
    "wrap_task": "verify",
    "Task": "verify",
    "Candidate": "verify",
    "Verdict": "verify",
    "Budget": "ledger",
    "Run": "runs",
    "open_run": "runs",
    "list_runs": "runs",
    "Checkup": "health",
    "doctor": "health",
    "JourneymanError": "errors",
}

if TYPE_CHECKING:
    from journeyman import distill as distill
    from journeyman import foresee as foresee
    from journeyman.errors import JourneymanError as JourneymanError
    from journeyman.health import Checkup as Checkup
    from journeyman.health import doctor as doctor
    from journeyman.ledger import Budget as Budget
    from journeyman.optimize import Progress as Progress
    from journeyman.optimize import Repeats as Repeats
    from journeyman.optimize import Result as Result
    from journeyman.optimize import optimize as optimize
    from journeyman.optimize import resume as resume
    from journeyman.runs import Run as Run
    from journeyman.runs import list_runs as list_runs
    from journeyman.runs import open_run as open_run
    from journeyman.verify import Candidate as Candidate
    from journeyman.verify import Task as Task
    from journeyman.verify import Verdict as Verdict
    from journeyman.verify import check_task as check_task
    from journeyman.verify import check_tasks as check_tasks
    from journeyman.verify import list_tasks as list_tasks
    from journeyman.verify import load_task as load_task
    from journeyman.verify import new_task as new_task
    from journeyman.verify import verify_candidate as verify
    from journeyman.verify import verify_candidate as verify_candidate
    from journeyman.verify import wrap_task as wrap_task

__all__ = [
    "Budget",
    "Candidate",
    "Checkup",
    "JourneymanError",
    "Progress",
    "Repeats",
    "Result",
    "Run",
    "Task",
    "Verdict",
    "__version__",
    "check_task",
    "check_tasks",
    "distill",
    "doctor",
    "foresee",
    "list_runs",
    "list_tasks",
    "load_task",
    "new_task",
    "open_run",
    "optimize",
    "resume",
    "verify",
    "verify_candidate",
    "wrap_task",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if home == "":
        return importlib.import_module(f"{__name__}.{name}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return __all__
