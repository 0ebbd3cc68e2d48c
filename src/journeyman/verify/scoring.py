"""The task's scoring code: verifier.py of its folder, or the user's own simulator named in task.toml."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from journeyman.errors import JourneymanError, VerifierFailure
from journeyman.verify.design import NotADesign
from journeyman.verify.simulator import simulate
from journeyman.verify.task import Instance, Task
from journeyman.verify.verdict import Outcome, Status


class ScoringTimeout(Exception):
    """Raised in the scoring code by the alarm that limits it."""


@dataclass(frozen=True)
class VerifierModule:
    """`score(instance, subject)` and, where the task has one, `draw(instance, subject)`.

    `subject` is what the task's exchange gives: a design, a worker or a build.
    """

    score: Callable[[Instance, Any], Outcome]
    draw: Callable[[Instance, Any], dict[str, bytes]] | None

    @staticmethod
    def wall_s(task: Task) -> float:
        """Seconds that one call may take, the candidate's own included where it is called from within."""
        inner = task.limits.wall_s if task.exchange in ("policy", "build") else 0.0
        if task.file.simulator:
            return task.file.simulator.wall_s + 5.0
        return task.file.verifier.wall_s + inner


def load_verifier(task: Task) -> VerifierModule:
    """Import the task's scoring code into this process. Raises VerifierFailure with the line at fault."""
    section = task.file.simulator
    if section is not None:
        return VerifierModule(score=lambda _instance, design: simulate(task, section, design), draw=None)
    path = task.folder / "verifier.py"
    # Files beside it are importable by their names.
    sys.path.insert(0, str(task.folder))
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location("verifier", path)
    if spec is None or spec.loader is None:
        raise VerifierFailure(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules["verifier"] = module
    try:
        spec.loader.exec_module(module)
    except JourneymanError:
        raise
    except Exception as error:
        raise VerifierFailure(f"{path} cannot be imported: {_where(error)}") from error
    score = getattr(module, "score", None)
    if not callable(score):
        raise VerifierFailure(f"{path} has no function score(instance, …)")
    draw = getattr(module, "draw", None)
    return VerifierModule(score=_named(score), draw=_named_draw(draw) if callable(draw) else None)


def _named(score: Callable[[Instance, Any], Any]) -> Callable[[Instance, Any], Outcome]:
    def named(instance: Instance, subject: Any) -> Outcome:
        try:
            outcome = score(instance, subject)
        except NotADesign as error:
            return Outcome(Status.INFEASIBLE, feedback=str(error))
        except (JourneymanError, ScoringTimeout, MemoryError):
            raise
        except Exception as error:
            raise VerifierFailure(f"the verifier raised {_where(error)}") from error
        if not isinstance(outcome, Outcome):
            raise VerifierFailure(
                f"score() returned {type(outcome).__name__}; return feasible(…) or infeasible(…)"
            )
        return outcome

    return named


def _named_draw(draw: Callable[[Instance, Any], Any]) -> Callable[[Instance, Any], dict[str, bytes]]:
    def named(instance: Instance, subject: Any) -> dict[str, bytes]:
        try:
            return {str(name): bytes(data) for name, data in draw(instance, subject).items()}
        except (JourneymanError, ScoringTimeout):
            raise
        except Exception as error:
            raise VerifierFailure(f"draw() raised {_where(error)}") from error

    return named


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    at = f" at {frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {error}{at}"
