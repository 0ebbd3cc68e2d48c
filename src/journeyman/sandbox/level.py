"""The levels of isolation, what this host offers, and the best of it."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Level(StrEnum):
    """How strongly a candidate is kept apart, strongest first. Every verdict carries the level it was reached at."""

    NAMESPACES = "namespaces"
    RESTRICTED = "restricted"
    CONTAINER = "container"
    NONE = "none"


class LevelReport(Struct, frozen=True):
    """Whether a level can be had here; `detail` says how or why not, `mend` the command that would give it."""

    level: Level
    available: bool
    detail: str
    mend: str | None = None
