"""A second instance of a world, so that whatever is tried out never reaches the live one."""

from __future__ import annotations

import copy
from typing import Any

from journeyman.errors import UsageError
from journeyman.foresee.worlds.world import World


def clone(world: World) -> World:
    """Another instance: what the world's own `clone()` gives, else a deep copy.

    Raises UsageError: the world can be copied in neither way.
    """
    own: Any = getattr(world, "clone", None)
    try:
        other: World = own() if callable(own) else copy.deepcopy(world)
    except Exception as error:
        raise UsageError(
            f"world '{world.about.name}' cannot be copied ({type(error).__name__}: {error}); "
            "give it a method clone() that returns another instance of it"
        ) from error
    if other is world or not isinstance(other, World):
        raise UsageError(f"clone() of world '{world.about.name}' returned {other!r:.60}, not another instance of it")
    return other
