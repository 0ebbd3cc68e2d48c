"""A user's world model: a class in a file of theirs, given a clone of the world.

    class Mine:
        def __init__(self, world): ...                            # a clone: free to be used
        def predict(self, snapshot, actions, asked): ...          # a Prediction
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from journeyman.errors import UsageError
from journeyman.foresee.member import in_words, load_member
from journeyman.foresee.world_models.clone import clone
from journeyman.foresee.world_models.model import Asked, Prediction
from journeyman.foresee.worlds.world import Observation, Snapshot, World


class Users:
    """What a user's class predicts, looked at before it goes on.

    Args:
        file: the Python file. kind: the class in it. name: the world model's, as it was asked for.

    Raises UsageError: no such file or class, or the class or its `predict` raises or gives something else than asked.
    """

    def __init__(self, file: Path, kind: str, world: World, name: str) -> None:
        self._file, self._name = file.expanduser().resolve(), name
        made = load_member(str(file), kind, what="a world model")
        try:
            self._model = made(clone(world))
        except UsageError:
            raise
        except Exception as error:
            raise UsageError(f"{kind}(world) of {file} raised {in_words(error, self._file)}") from error
        if not callable(getattr(self._model, "predict", None)):
            raise UsageError(f"{kind} of {file} has no method predict(snapshot, actions, asked)")

    @property
    def name(self) -> str:
        return self._name

    def predict(self, snapshot: Snapshot, actions: Sequence[int], asked: Asked) -> Prediction:
        """What the user's model predicts."""
        try:
            made = self._model.predict(snapshot, actions, asked)
        except UsageError:
            raise
        except Exception as error:
            raise UsageError(f"predict() of '{self._name}' raised {in_words(error, self._file)}") from error
        fault = _fault(made, len(actions))
        if fault:
            raise UsageError(f"predict() of '{self._name}' returned {fault}")
        assert isinstance(made, Prediction)
        return made


def _fault(made: Any, actions: int) -> str:
    """What is wrong with a prediction, or ""."""
    if not isinstance(made, Prediction):
        return f"{type(made).__name__}, not a Prediction"
    if not isinstance(made.observation, Observation):
        return f"an observation that is {type(made.observation).__name__}, not an Observation"
    if not isinstance(made.snapshot, bytes):
        return f"a snapshot that is {type(made.snapshot).__name__}, not bytes"
    if not isinstance(made.digest, Mapping):
        return f"a digest that is {type(made.digest).__name__}, not a mapping"
    for name in ("terminal", "success"):
        if not isinstance(made.digest.get(name), bool):
            return f"a digest without the boolean '{name}'"
    if not (isinstance(made.confidence, int | float) and 0.0 <= made.confidence <= 1.0):
        return f"confidence {made.confidence!r}, not a number from 0 to 1"
    if not (isinstance(made.done, int) and 0 <= made.done <= actions):
        return f"done={made.done!r} of {actions} actions"
    return ""
