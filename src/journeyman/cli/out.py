"""Where a command's words go: results to stdout, progress to stderr, one JSON document with --json."""

from __future__ import annotations

import io
import json
import math
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout, progress on stderr.")]
Runs = Annotated[str | None, typer.Option("--runs", metavar="DIR", help="Folder of runs (JOURNEYMAN_RUNS, else ./runs).")]


def stdout() -> Console:
    """The console of results. Markup, emoji codes and highlighting are off: text is text."""
    from rich.console import Console

    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        # A character that the terminal's encoding lacks is written as its escape, as on stderr; it ends no command.
        sys.stdout.reconfigure(errors="backslashreplace")
    return Console(markup=False, emoji=False, highlight=False)


def stderr() -> Console:
    """The console of progress."""
    from rich.console import Console

    return Console(stderr=True, markup=False, emoji=False, highlight=False)


def write_json(document: Any) -> None:
    """One JSON document on stdout. Numbers that are not finite become null, bytes their count."""
    sys.stdout.write(json.dumps(plain(document), ensure_ascii=True, allow_nan=False, indent=2) + "\n")


def plain(value: Any) -> Any:
    """`value` as what JSON can say: structs and dataclasses become objects, enums their values."""
    import dataclasses
    import enum
    from collections.abc import Mapping
    from pathlib import PurePath

    import msgspec

    if isinstance(value, enum.Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return {"bytes": len(value)}
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if hasattr(value, "item"):  # a numpy scalar
        return plain(value.item())
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
