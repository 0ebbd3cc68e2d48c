"""Does an agent use its world model, does it read it right, and does it pay? Measured, explained and governed.

    import journeyman as jm

    result = jm.foresee.evaluate("lake-6", agents="scripted:perception=0.15", modes=["invisible", "normal", "force"])
    for row in result.rows():
        print(row.cell.key, row.success, row.helps, row.hurts)

Names are loaded when they are first used: importing the package imports neither Gymnasium nor NumPy.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from journeyman.foresee.agents.open import open_agent as open_agent
    from journeyman.foresee.attribution.attribute import attribute as attribute
    from journeyman.foresee.attribution.record import Attribution as Attribution
    from journeyman.foresee.attribution.wanted import Wanted as Wanted
    from journeyman.foresee.cell import Cell as Cell
    from journeyman.foresee.draws import Draws as Draws
    from journeyman.foresee.evaluate import evaluate as evaluate
    from journeyman.foresee.evaluate import forecast as forecast
    from journeyman.foresee.evaluate import resume as resume
    from journeyman.foresee.evaluation.forecast import Forecast as Forecast
    from journeyman.foresee.evaluation.opened import open_scene as open_scene
    from journeyman.foresee.evaluation.progress import Progress as Progress
    from journeyman.foresee.evaluation.result import Result as Result
    from journeyman.foresee.evaluation.result import Row as Row
    from journeyman.foresee.governors.lesson import Lesson as Lesson
    from journeyman.foresee.governors.lesson import learn_from as learn_from
    from journeyman.foresee.governors.open import open_governor as open_governor
    from journeyman.foresee.protocol.decision import Decision as Decision
    from journeyman.foresee.protocol.decision import Episode as Episode
    from journeyman.foresee.protocol.episode import play as play
    from journeyman.foresee.protocol.scene import Scene as Scene
    from journeyman.foresee.score.compare import Comparison as Comparison
    from journeyman.foresee.score.compare import compare as compare
    from journeyman.foresee.score.scores import Scores as Scores
    from journeyman.foresee.score.scores import score as score
    from journeyman.foresee.score.traces import read_traces as read_traces
    from journeyman.foresee.score.traces import write_episodes as write_episodes
    from journeyman.foresee.score.value import Prices as Prices
    from journeyman.foresee.world_models.measure import Measured as Measured
    from journeyman.foresee.world_models.measure import measure as measure
    from journeyman.foresee.world_models.open import open_world_model as open_world_model
    from journeyman.foresee.worlds.registry import open_world as open_world

# Public name -> the module of this package that has it.
_HOME = {
    "Attribution": "attribution.record",
    "Cell": "cell",
    "Comparison": "score.compare",
    "Decision": "protocol.decision",
    "Draws": "draws",
    "Episode": "protocol.decision",
    "Forecast": "evaluation.forecast",
    "Lesson": "governors.lesson",
    "Measured": "world_models.measure",
    "Prices": "score.value",
    "Progress": "evaluation.progress",
    "Result": "evaluation.result",
    "Row": "evaluation.result",
    "Scene": "protocol.scene",
    "Scores": "score.scores",
    "Wanted": "attribution.wanted",
    "attribute": "attribution.attribute",
    "compare": "score.compare",
    "evaluate": "evaluate",
    "forecast": "evaluate",
    "learn_from": "governors.lesson",
    "measure": "world_models.measure",
    "open_agent": "agents.open",
    "open_governor": "governors.open",
    "open_scene": "evaluation.opened",
    "open_world": "worlds.registry",
    "open_world_model": "world_models.open",
    "play": "protocol.episode",
    "read_traces": "score.traces",
    "resume": "evaluate",
    "score": "score.scores",
    "write_episodes": "score.traces",
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

    After `import journeyman.foresee.evaluate`, Python binds `evaluate`, the module, to its name here; `jm.foresee.evaluate`
    is the function all the same, and `from journeyman.foresee.evaluate import resume` goes on to work.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
