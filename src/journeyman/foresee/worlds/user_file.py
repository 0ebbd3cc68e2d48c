"""A world from a user's file: "file.py:World"."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from journeyman.errors import UsageError
from journeyman.foresee.member import in_words, load_member
from journeyman.foresee.worlds.world import About, World

NEEDED = {
    "about": "a property that gives an About: the world in words",
    "instances": "instances(n=None, split='test') gives a list of Instance",
    "snapshot": "snapshot() gives the state as bytes",
    "restore": "restore(snapshot) is in that state again",
    "digest": "digest() gives what is the case, with 'terminal' and 'success'",
    "observe": "observe(format='symbols') gives an Observation",
    "reset": "reset(seed=None, options=None), as Gymnasium has it",
    "step": "step(action), as Gymnasium has it",
}
"""What a world must have, each with a word of what it does."""


def world_from_file(file: str, name: str, settings: Mapping[str, Any]) -> World:
    """Load the file, call its class or function `name` with the settings, and see that a world comes of it.

    Raises UsageError: no such file or name, code that raises, or a member that is lacking.
    """
    made = load_member(file, name, what="a world")
    where = f"{file}:{name}"
    try:
        world = made(**settings)
    except Exception as error:
        raise UsageError(f"{where} could not be made: {in_words(error, Path(file).resolve())}") from error
    check_world(world, where)
    checked: World = world
    return checked


def check_world(world: Any, where: str) -> None:
    """Whether all members are there and the plain ones give what they should. `where` names it in messages.

    Raises UsageError with the first thing that is not so.
    """
    for member, does in NEEDED.items():
        if not hasattr(type(world), member) and not hasattr(world, member):
            raise UsageError(f"{where} has no '{member}'; {does}")
        if member != "about" and not callable(getattr(world, member)):
            raise UsageError(f"'{member}' of {where} is no method; {does}")
    try:
        about = world.about
        instances = list(world.instances(1))
        world.reset(options={"instance": instances[0].id} if instances else None)
        state, digest, seen = world.snapshot(), world.digest(), world.observe()
        world.restore(state)
        again = world.snapshot()
    except Exception as error:
        raise UsageError(f"{where} fails before the first step: {type(error).__name__}: {error}") from error
    if not isinstance(about, About):
        raise UsageError(f"'about' of {where} gives {_short(about)}; {NEEDED['about']}")
    if not instances or not all(hasattr(instances[0], part) for part in ("id", "cap")):
        raise UsageError(f"'instances' of {where} gives {_short(instances)}; {NEEDED['instances']}")
    if not isinstance(state, bytes):
        raise UsageError(f"'snapshot' of {where} gives {_short(state)}; {NEEDED['snapshot']}")
    if not isinstance(digest, Mapping) or not {"terminal", "success"} <= set(digest):
        raise UsageError(f"'digest' of {where} gives {_short(digest)}; {NEEDED['digest']}")
    try:
        msgspec.json.encode(dict(digest))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise UsageError(f"'digest' of {where} is no plain data: {error}; give numbers, texts, lists and dicts") from error
    if not all(hasattr(seen, part) for part in ("text", "symbols", "image")):
        raise UsageError(f"'observe' of {where} gives {_short(seen)}; {NEEDED['observe']}")
    if again != state:
        raise UsageError(f"'restore' of {where} does not bring the state back: snapshot() after it gives another one")


def _short(thing: Any) -> str:
    return f"{thing!r:.60}"
