"""Proposers by name. A new one is a class with `name`, `waits`, `propose` and `observe`, and a line in `PROPOSERS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from journeyman.errors import UsageError
from journeyman.optimize.propose.base import NothingLeft, Proposer
from journeyman.optimize.propose.scripted import Scripted
from journeyman.verify import Task

if TYPE_CHECKING:
    from journeyman.models import Model

__all__ = ["PROPOSERS", "NothingLeft", "Proposer", "Scripted", "make_proposer", "parts_of"]


def _numeric(task: Task, models: Sequence[Model]) -> Proposer:
    from journeyman.optimize.propose.numeric import Numeric

    return Numeric.for_task(task)


def _random(task: Task, models: Sequence[Model]) -> Proposer:
    from journeyman.optimize.propose.random_editor import RandomEditor

    return RandomEditor.for_task(task)


def _command(task: Task, models: Sequence[Model], command: Any = None) -> Proposer:
    from journeyman.optimize.propose.command import Command

    if command is None:
        raise UsageError("the proposer 'command' needs a program: give it as command")
    return Command(command)


def _model(task: Task, models: Sequence[Model]) -> Proposer:
    if len(models) != 1:
        said = "needs a model" if not models else f"takes one model, not {len(models)}"
        raise UsageError(f"the proposer 'model' {said}: give one, or mix several with the proposer 'mixed'")
    from journeyman.optimize.propose.model import ModelProposer

    return ModelProposer.for_task(task, models[0])


def _mixed(task: Task, models: Sequence[Model], parts: Sequence[str] | None = None) -> Proposer:
    """All models and the named `parts`; by default `numeric` beside models where there is a number to tune, else both of
    those that need no model."""
    from journeyman.optimize.propose.mixed import Mixed
    from journeyman.optimize.propose.model import ModelProposer

    names = [model.name for model in models]
    if len(set(names)) < len(names):
        raise UsageError(f"the models of a mixture must differ, not {', '.join(names)}")
    made: list[Proposer] = [ModelProposer.for_task(task, model, name=model.name) for model in models]
    if parts is None:
        try:
            made.append(_numeric(task, ()))
        except UsageError:
            if not made:
                raise
        if not models:
            made.append(_random(task, ()))
    else:
        made += [make_proposer(part, task, {}) for part in parts]
    return Mixed(made)


PROPOSERS: Mapping[str, Callable[..., Proposer]] = MappingProxyType(
    {"numeric": _numeric, "random": _random, "command": _command, "model": _model, "mixed": _mixed}
)
"""Name -> maker. Called with the task, the run's models and the proposer's own options."""


def make_proposer(
    name: str, task: Task, options: Mapping[str, Any], models: Sequence[Model] = ()
) -> Proposer:
    """The proposer called `name`. Raises UsageError for an unknown name or option."""
    if name not in PROPOSERS:
        raise UsageError(f"there is no proposer {name!r}; there are: {', '.join(PROPOSERS)}")
    if models and name not in ("model", "mixed"):
        raise UsageError(
            f"the proposer {name!r} asks no model; use 'model' or 'mixed', or leave the model out"
        )
    try:
        return PROPOSERS[name](task, models, **options)
    except TypeError as error:
        raise UsageError(
            f"the proposer {name!r} does not take these options: {dict(options)} ({error})"
        ) from error


def check_asks_models(name: str, models: int) -> None:
    """Raise UsageError if there are models and the proposer called `name` asks none."""
    if models and name not in ("model", "mixed"):
        raise UsageError(f"the proposer {name!r} asks no model; use 'model' or 'mixed', or leave the model out")


def parts_of(proposer: Proposer) -> tuple[str, ...]:
    """The names under which a proposer's trials go on record: those of its parts, if it is a mixture."""
    parts: Sequence[Proposer] = getattr(proposer, "parts", (proposer,))
    return tuple(part.name for part in parts)
