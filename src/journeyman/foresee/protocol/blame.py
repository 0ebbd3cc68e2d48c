"""Whose fault it was: what agents, worlds, world models and governors raise ends the run with a sentence that names them."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from journeyman.errors import EpisodeFailed, JourneymanError

P = ParamSpec("P")
T = TypeVar("T")


class Blame:
    """Calls what is somebody else's in one episode. `instance`: its id, for the sentence."""

    def __init__(self, instance: str) -> None:
        self._instance = instance

    def __call__(self, whose: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `function` gives. Raises EpisodeFailed for whatever it raises that Journeyman has no name for."""
        try:
            return function(*args, **kwargs)
        except JourneymanError:
            raise
        except (Exception, SystemExit) as error:
            raise EpisodeFailed(f"{whose} failed in instance '{self._instance}': {_where(error)}") from error


def _where(error: BaseException) -> str:
    """What was raised, and in which line of which file."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" ({trace.tb_frame.f_code.co_filename}, line {trace.tb_lineno})" if trace is not None else ""
    return f"{type(error).__name__}: {error}{place}"
