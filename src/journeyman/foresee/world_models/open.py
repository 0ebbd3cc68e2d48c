"""World models by their names: "exact", "table:transitions=200", "file.py:Model", each with channels after a plus sign."""

from __future__ import annotations

import re
from pathlib import Path

from journeyman.errors import UsageError
from journeyman.foresee.setting import filled, split
from journeyman.foresee.world_models.channels import Channels, channels_of
from journeyman.foresee.world_models.model import WorldModel
from journeyman.foresee.worlds.world import World

NAMES = {
    "exact": "a clone of the world",
    "table": "counts of what happened in which context; learned on the train split (transitions=5000, prior=1, seed=0)",
    "ensemble": "small networks that learned the same (transitions=5000, members=5, hidden=32, steps=1500, seed=0)",
}
"""Name -> what it is, in words."""

_FILE = re.compile(r"(?P<file>.+\.py):(?P<kind>[^+:/]*)(?P<channels>\+.*)?", re.S)


def open_world_model(name: str, world: World) -> WorldModel:
    """A world model for this world: a base, and any of `channels.CHANNELS` joined to it by plus signs.

        exact   exact+transition=0.2+overclaim   table   ensemble:transitions=500+stale=1   my_model.py:Mine+horizon=0.1

    A learned one is learned now, or read from the cache where it was learned before; that takes seconds the first time.

    Raises:
        UsageError: no such base, setting, channel, file or class, a value out of range, or a world that lacks what the
            model needs; the sentence says which.
        ModelUnavailable: what was learned cannot be kept.
    """
    base, channels = _parted(name)
    model = _base(base, world, name if channels == Channels() else base)
    if channels == Channels():
        return model
    from journeyman.foresee.world_models.fidelity import Disturbed

    return Disturbed(model, world, channels, name)


def _parted(name: str) -> tuple[str, Channels]:
    """The base and the channels. A path may hold a plus sign of its own."""
    found = _FILE.fullmatch(name)
    if found is None:
        base, *parts = name.split("+")
    else:
        base, parts = f"{found['file']}:{found['kind']}", (found["channels"] or "").split("+")[1:]
    return base, channels_of(parts, what=name)


def _base(asked: str, world: World, name: str) -> WorldModel:
    found = _FILE.fullmatch(asked)
    if found is not None:
        from journeyman.foresee.world_models.user import Users

        if not found["kind"]:
            raise UsageError(f"'{asked}' names no class; write {found['file']}:Model")
        return Users(Path(found["file"]), found["kind"], world, name)
    base, given = split(asked)
    if base == "exact":
        from journeyman.foresee.world_models.exact import Exact

        if given:
            raise UsageError(f"'{asked}': exact has no settings; channels follow a plus sign: exact+transition=0.2")
        return Exact(world)
    if base == "table":
        from journeyman.foresee.world_models.table import TableSettings, open_table

        return open_table(world, filled(TableSettings, given, what=base, first="transitions"), name)
    if base == "ensemble":
        from journeyman.foresee.world_models.ensemble import EnsembleSettings, open_ensemble

        return open_ensemble(world, filled(EnsembleSettings, given, what=base, first="transitions"), name)
    raise UsageError(
        f"there is no world model '{base}'; world models are {', '.join(NAMES)} and file.py:Model, "
        "each with channels as in exact+transition=0.2"
    )
