"""Searches by name. A new one is a class with `ask`, `tell` and `failed`, and a line in `SEARCHES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from journeyman.errors import UsageError
from journeyman.optimize.search.base import Search
from journeyman.optimize.search.chains import Chains

__all__ = ["SEARCHES", "Chains", "Search", "make_search"]

SEARCHES: Mapping[str, Callable[..., Search]] = MappingProxyType({"chains": Chains})
"""Name -> class. Called with `better` and the search's own options."""


def make_search(name: str, better: Callable[[float, float], bool], options: Mapping[str, Any]) -> Search:
    """The search called `name`. Raises UsageError for an unknown name or option."""
    if name not in SEARCHES:
        raise UsageError(f"there is no search {name!r}; there are: {', '.join(SEARCHES)}")
    try:
        return SEARCHES[name](better, **options)
    except TypeError as error:
        raise UsageError(
            f"the search {name!r} does not take these options: {dict(options)} ({error})"
        ) from error
