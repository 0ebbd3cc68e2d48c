"""Run code nobody trusts: isolation, limits, a worker to call into, programs. Knows nothing of tasks or scores."""

from __future__ import annotations

from journeyman.sandbox.box import Sandbox
from journeyman.sandbox.level import Level, LevelReport
from journeyman.sandbox.limits import ENDS, Ended, Limits, Plain
from journeyman.sandbox.probe import best_level, probe
from journeyman.sandbox.program import Program, ProgramEnded
from journeyman.sandbox.worker import Worker

__all__ = [
    "ENDS", "Ended", "Level", "LevelReport", "Limits", "Plain", "Program", "ProgramEnded", "Sandbox", "Worker",
    "best_level", "probe",
]  # fmt: skip
