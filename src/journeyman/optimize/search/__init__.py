"""Searches by name. A new one is a class with `ask`, `tell` and `failed`, and a line in `SEARCHES`."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from journeyman.errors import UsageError
from journeyman.optimize.search.base import Search
from journeyman.optimize.search.chains import Chains

__all__ = ["SEARCHES", "Chains", "Search", "make_search", "options_of"]

_HERE = "journeyman.optimize.search"

SEARCHES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "chains": ("chains", "Chains"),
        "independent": ("independent", "Independent"),
        "sequential": ("sequential", "Sequential"),
        "best_of_n": ("best_of_n", "BestOfN"),
        "islands": ("islands", "Islands"),
        "pool": ("pool", "Pool"),
        "ab_mcts": ("ab_mcts", "AbMcts"),
        "adaptive": ("adaptive", "Adaptive"),
    }
)
"""Name -> module and class. The class is called with `better`, its own options as keywords, and those of `seed`,
`proposers` and `evaluations` that it takes."""

FILLED_IN = ("seed", "proposers", "evaluations")


def search_class(name: str) -> Callable[..., Search]:
    """The class called `name`. Raises UsageError for an unknown name."""
    if name not in SEARCHES:
        raise UsageError(f"there is no search {name!r}; there are: {', '.join(SEARCHES)}")
    module, attribute = SEARCHES[name]
    made: Callable[..., Search] = getattr(importlib.import_module(f"{_HERE}.{module}"), attribute)
    return made


def options_of(name: str) -> dict[str, Any]:
    """The options of the search called `name` and their defaults."""
    return {
        option: parameter.default
        for option, parameter in inspect.signature(search_class(name)).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and option not in FILLED_IN
    }


def make_search(
    name: str,
    better: Callable[[float, float], bool],
    options: Mapping[str, Any],
    *,
    seed: int = 0,
    proposers: Sequence[str] = (),
    evaluations: int | None = None,
) -> Search:
    """The search called `name`. Raises UsageError for an unknown name or option, or a value out of range."""
    known = options_of(name)
    unknown = [option for option in options if option not in known]
    if unknown:
        said = f"it takes: {', '.join(known)}" if known else "it takes none"
        raise UsageError(f"the search {name!r} has no option {unknown[0]!r}; {said}")
    make = search_class(name)
    given = {"seed": seed, "proposers": tuple(proposers), "evaluations": evaluations}
    wanted = inspect.signature(make).parameters
    return make(better, **options, **{key: value for key, value in given.items() if key in wanted})
