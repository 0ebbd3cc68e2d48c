"""The options --proposer, --model and --set, as `journeyman.optimize` takes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from journeyman.errors import UsageError

if TYPE_CHECKING:
    from journeyman.optimize.propose.base import Proposer

HELP = (
    "model, numeric, random, mixed[:PART,PART], command:'PROGRAM ARGUMENTS', or scripted:FILE (a JSON list of candidates) "
    "[model with --model, else numeric]."
)
ProposerOption = Annotated[str | None, typer.Option("--proposer", metavar="PROPOSER", help=HELP)]


def parse_proposer(text: str | None) -> tuple[str | Proposer | None, dict[str, Any] | None]:
    """What `journeyman.optimize` takes as `proposer` and as `proposer_options`.

    A script is a JSON list; each item is the text of the main file, or an object of path -> text. Raises UsageError.
    """
    if text is None:
        return None, None
    name, colon, rest = text.partition(":")
    if name == "command":
        if not rest.strip():
            raise UsageError(
                "the proposer 'command' needs a program, such as --proposer \"command:'python3 propose.py'\""
            )
        return "command", {"command": _unquoted(rest.strip())}
    if name == "mixed" and rest.strip():
        return "mixed", {"parts": [part.strip() for part in rest.split(",") if part.strip()]}
    if name == "scripted":
        if not rest.strip():
            raise UsageError(
                "the proposer 'scripted' needs a file of candidates: --proposer scripted:candidates.json"
            )
        from journeyman.optimize import Scripted

        return Scripted(_script(Path(rest.strip()))), None
    if colon:
        raise UsageError(f"the proposer {name!r} takes nothing after a colon, got {text!r}")
    return name, None


def parse_options(search: str, words: Sequence[str]) -> dict[str, Any]:
    """What `journeyman.optimize` takes as `search_options`: each word is NAME=VALUE. Raises UsageError."""
    from journeyman.optimize.search import options_of

    known = options_of(search)
    options: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or name not in known:
            said = (
                f"--search {search} takes: {', '.join(known)}" if known else f"--search {search} takes none"
            )
            raise UsageError(
                f"--set {word!r} is no option of the search; {said}, such as --set {next(iter(known), 'N')}=4"
            )
        options[name] = _value(name, value.strip(), known[name])
    return options


def _value(name: str, text: str, default: Any) -> Any:
    """The text as a value of the default's kind; without a default as a number, if it is one."""
    if isinstance(default, str):
        return text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        value = msgspec.json.decode(text.encode())
    except msgspec.DecodeError:
        value = text
    wanted = "a number" if isinstance(default, int | float) else None
    if wanted and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise UsageError(f"--set {name}={text} must be {wanted}")
    if isinstance(default, int) and not isinstance(value, int):
        raise UsageError(f"--set {name}={text} must be a whole number")
    return value


def one_or_all(models: Sequence[str] | None) -> str | list[str] | None:
    """One model as its name, several as a list."""
    if not models:
        return None
    return models[0] if len(models) == 1 else list(models)


def _unquoted(command: str) -> str:
    # command:'a b' typed inside double quotes keeps its inner ones.
    if (
        len(command) > 1
        and command[0] == command[-1]
        and command[0] in "'\""
        and command[0] not in command[1:-1]
    ):
        return command[1:-1]
    return command


def _script(path: Path) -> list[dict[str, str] | str]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[dict[str, str] | str])
    except FileNotFoundError as error:
        raise UsageError(f"there is no script {str(path)!r}") from error
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"the script {str(path)!r} is not a JSON list of candidates: {error}") from error
