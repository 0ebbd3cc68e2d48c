"""Proposers by name. A new one is a class with `name`, `waits`, `propose` and `observe`, and a line in `PROPOSERS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from journeyman.errors import UsageError
from journeyman.optimize.propose.base import NothingLeft, Proposer
from journeyman.optimize.propose.scripted import Scripted
from journeyman.verify import Task

__all__ = ["PROPOSERS", "NothingLeft", "Proposer", "Scripted", "make_proposer"]


def _numeric(task: Task) -> Proposer:
    from journeyman.optimize.propose.numeric import Numeric

    return Numeric.for_task(task)


def _command(task: Task, command: Any = None) -> Proposer:
    from journeyman.optimize.propose.command import Command

    if command is None:
        raise UsageError("the proposer 'command' needs a program: give it as command")
    return Command(command)


PROPOSERS: Mapping[str, Callable[..., Proposer]] = MappingProxyType(
    {"numeric": _numeric, "command": _command}
)
"""Name -> maker. Called with the task and the proposer's own options."""


def make_proposer(name: str, task: Task, options: Mapping[str, Any]) -> Proposer:
    """The proposer called `name`. Raises UsageError for an unknown name or option."""
    if name not in PROPOSERS:
        raise UsageError(f"there is no proposer {name!r}; there are: {', '.join(PROPOSERS)}")
    try:
        return PROPOSERS[name](task, **options)
    except TypeError as error:
        raise UsageError(
            f"the proposer {name!r} does not take these options: {dict(options)} ({error})"
        ) from error
