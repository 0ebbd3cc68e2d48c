"""Distill: a student learns from a teacher that scores the student's own tokens; whether that can work is said beforehand.

    import journeyman as jm

    report = jm.distill.check("student", "teacher", prompts="prompts.jsonl")
    print(report.verdict.sentence, report.verdict.remedy)

    spec = jm.distill.TrainSpec("student", "teacher", "prompts.jsonl", steps=200)
    result = jm.distill.train(spec)

Names are loaded when they are first used: importing the package imports neither torch nor transformers.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from journeyman.distill.check.check import CheckReport as CheckReport
    from journeyman.distill.check.check import check as check
    from journeyman.distill.check.figures import PairFigures as PairFigures
    from journeyman.distill.check.figures import Verdict as Verdict
    from journeyman.distill.check.finding import Finding as Finding
    from journeyman.distill.compare import Comparison as Comparison
    from journeyman.distill.compare import compare as compare
    from journeyman.distill.data.grade import grader as grader
    from journeyman.distill.data.prompts import read_prompts as read_prompts
    from journeyman.distill.diagnose import Diagnosis as Diagnosis
    from journeyman.distill.diagnose import diagnose as diagnose
    from journeyman.distill.lab.build import lab_model as lab_model
    from journeyman.distill.losses.spec import LossSpec as LossSpec
    from journeyman.distill.model import open_model as open_model
    from journeyman.distill.presets import preset as preset
    from journeyman.distill.recipes.cold_start import cold_start as cold_start
    from journeyman.distill.recipes.evaluate import Evaluation as Evaluation
    from journeyman.distill.recipes.evaluate import evaluate as evaluate
    from journeyman.distill.recipes.length import useful_depth as useful_depth
    from journeyman.distill.recipes.prompts import compare_templates as compare_templates
    from journeyman.distill.recipes.prompts import mix_prompts as mix_prompts
    from journeyman.distill.recipes.prompts import select_prompts as select_prompts
    from journeyman.distill.result import TrainResult as TrainResult
    from journeyman.distill.rollout.sampling import Sampling as Sampling
    from journeyman.distill.train import resume as resume
    from journeyman.distill.train import train as train
    from journeyman.distill.train_spec import TrainSpec as TrainSpec
    from journeyman.distill.watch import Watch as Watch

# Public name -> the module of this package that has it.
_HOME = {
    "CheckReport": "check.check",
    "Comparison": "compare",
    "Diagnosis": "diagnose",
    "Evaluation": "recipes.evaluate",
    "Finding": "check.finding",
    "LossSpec": "losses.spec",
    "PairFigures": "check.figures",
    "Sampling": "rollout.sampling",
    "TrainResult": "result",
    "TrainSpec": "train_spec",
    "Verdict": "check.figures",
    "Watch": "watch",
    "check": "check.check",
    "cold_start": "recipes.cold_start",
    "compare": "compare",
    "compare_templates": "recipes.prompts",
    "diagnose": "diagnose",
    "evaluate": "recipes.evaluate",
    "grader": "data.grade",
    "lab_model": "lab.build",
    "mix_prompts": "recipes.prompts",
    "open_model": "model",
    "preset": "presets",
    "read_prompts": "data.prompts",
    "resume": "train",
    "select_prompts": "recipes.prompts",
    "train": "train",
    "useful_depth": "recipes.length",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return __all__


class _Package(ModuleType):
    """The package: a module in it that has the name of a function does not take the function's place.

    After `import journeyman.distill.check.check`, Python binds `check`, the package, to its name here; `jm.distill.check`
    is the function all the same, and `from journeyman.distill.check.finding import Finding` goes on to work.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
