"""Names with settings, as agents, world models and governors are asked for: "voi:cost=0.02,depth=2"."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

from journeyman.errors import UsageError

T = TypeVar("T")


def split(asked: str) -> tuple[str, dict[str, str]]:
    """`"voi:cost=0.02,depth=2"` as ("voi", {"cost": "0.02", "depth": "2"}). A single value has the key "".

    Raises UsageError: an empty name, or a setting twice.
    """
    name, _, rest = asked.partition(":")
    if not name:
        raise UsageError(f"'{asked}' begins with no name; write NAME or NAME:setting=value,...")
    found: dict[str, str] = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        key, value = (key, value) if equals else ("", part)
        if key in found:
            raise UsageError(f"'{asked}' gives {f'{key!r} twice' if key else 'two values without a name'}")
        found[key] = value
    return name, found


def filled(kind: type[T], given: Mapping[str, str], *, what: str, first: str = "") -> T:
    """A dataclass of numbers, booleans and words from text settings; "" stands for the field called `first`.

    Raises UsageError: a setting that it does not have, or a value that is none of its type.
    """
    known: dict[str, Field[Any]] = {field.name: field for field in fields(kind) if field.init}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, text in given.items():
        name = key or first
        if name not in known:
            raise UsageError(f"{what} has no setting '{key or text}'; it has {', '.join(known) or 'none'}")
        values[name] = _value(text, known[name], what)
    lacking = [n for n, f in known.items() if n not in values and f.default is MISSING and f.default_factory is MISSING]
    if lacking:
        raise UsageError(f"{what} needs {', '.join(lacking)}; write {what}:{lacking[0]}=VALUE")
    return kind(**values)


def plain_value(text: str) -> Any:
    """A setting of what is a user's own, as JSON has it (numbers, true, false), else as the text it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _value(text: str, field: Field[Any], what: str) -> Any:
    kind = str(field.type)
    try:
        if kind.startswith("bool"):
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]
        if kind.startswith("int"):
            return int(text)
        if kind.startswith("float"):
            return float(text)
    except (ValueError, KeyError):
        raise UsageError(f"{what}: '{text}' is no {kind} for '{field.name}'") from None
    return text
