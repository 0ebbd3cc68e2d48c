"""Improve a design against a verifier under an exact budget.

    import journeyman as jm

    result = jm.optimize("operations/job_shop", evaluations=100)
    print(result.best.score, result.best_held_out.score, result.run)

The package can be called: that is `journeyman.optimize.run.optimize`. Its names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from journeyman.optimize.progress import Progress as Progress
    from journeyman.optimize.propose import PROPOSERS as PROPOSERS
    from journeyman.optimize.propose.base import NothingLeft as NothingLeft
    from journeyman.optimize.propose.base import Proposer as Proposer
    from journeyman.optimize.propose.scripted import Scripted as Scripted
    from journeyman.optimize.result import Repeats as Repeats
    from journeyman.optimize.result import Result as Result
    from journeyman.optimize.result import pictures_of as pictures_of
    from journeyman.optimize.result import result_of as result_of
    from journeyman.optimize.run import optimize as optimize
    from journeyman.optimize.run import resume as resume
    from journeyman.optimize.search import SEARCHES as SEARCHES
    from journeyman.optimize.search.base import Search as Search
    from journeyman.optimize.search.chains import Chains as Chains
    from journeyman.optimize.trial import Proposal as Proposal
    from journeyman.optimize.trial import Request as Request
    from journeyman.optimize.trial import Trial as Trial

_HOME = {
    "Chains": "search.chains",
    "NothingLeft": "propose.base",
    "PROPOSERS": "propose",
    "Progress": "progress",
    "Proposal": "trial",
    "Proposer": "propose.base",
    "Repeats": "result",
    "Request": "trial",
    "Result": "result",
    "SEARCHES": "search",
    "Scripted": "propose.scripted",
    "Search": "search.base",
    "Trial": "trial",
    "optimize": "run",
    "pictures_of": "result",
    "result_of": "result",
    "resume": "run",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return __all__


class _Callable(ModuleType):
    """The package itself, as a function."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As `journeyman.optimize.run.optimize`."""
        from journeyman.optimize.run import optimize

        return optimize(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
