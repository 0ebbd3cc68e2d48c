"""The --proposer option: numeric, command:'PROGRAM', scripted:FILE."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from journeyman.errors import UsageError

if TYPE_CHECKING:
    from journeyman.optimize.propose.base import Proposer

HELP = "numeric, command:'PROGRAM ARGUMENTS', or scripted:FILE (a JSON list of candidates)."
ProposerOption = Annotated[str, typer.Option("--proposer", metavar="PROPOSER", help=HELP)]


def parse_proposer(text: str) -> tuple[str | Proposer, str | None]:
    """What `journeyman.optimize` takes as `proposer` and as `command`.

    A script is a JSON list; each item is the text of the main file, or an object of path -> text. Raises UsageError.
    """
    name, colon, rest = text.partition(":")
    if name == "command":
        if not rest.strip():
            raise UsageError("the proposer 'command' needs a program, such as --proposer \"command:'python3 propose.py'\"")
        return "command", _unquoted(rest.strip())
    if name == "scripted":
        if not rest.strip():
            raise UsageError("the proposer 'scripted' needs a file of candidates: --proposer scripted:candidates.json")
        from journeyman.optimize import Scripted

        return Scripted(_script(Path(rest.strip()))), None
    if colon:
        raise UsageError(f"the proposer {name!r} takes nothing after a colon, got {text!r}")
    return name, None


def _unquoted(command: str) -> str:
    # command:'a b' typed inside double quotes keeps its inner ones.
    if len(command) > 1 and command[0] == command[-1] and command[0] in "'\"" and command[0] not in command[1:-1]:
        return command[1:-1]
    return command


def _script(path: Path) -> list[dict[str, str] | str]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[dict[str, str] | str])
    except FileNotFoundError as error:
        raise UsageError(f"there is no script {str(path)!r}") from error
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"the script {str(path)!r} is not a JSON list of candidates: {error}") from error
