"""Worlds by their names: "lake-6:slip=0.1"."""

from __future__ import annotations

from dataclasses import dataclass

from journeyman.errors import UsageError
from journeyman.foresee.setting import filled, split
from journeyman.foresee.worlds.lake_maps import SIZES
from journeyman.foresee.worlds.world import World


@dataclass(frozen=True)
class _LakeSettings:
    slip: float = 0.0


def names() -> list[str]:
    """Names of the built-in worlds."""
    return [f"lake-{size}" for size in SIZES]


def open_world(asked: str) -> World:
    """A world by its name, with settings after a colon.

    Raises UsageError: a name, setting or value that is not there.
    """
    name, settings = split(asked)
    if name in names():
        from journeyman.foresee.worlds.lake import Lake

        return Lake(int(name.removeprefix("lake-")), filled(_LakeSettings, settings, what=name).slip)
    raise UsageError(f"there is no world '{asked}'; worlds are {', '.join(names())}")
