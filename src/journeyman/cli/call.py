"""Call one command, and turn whatever ends it into one sentence and an exit status."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from journeyman.errors import JourneymanError

TRACEBACK = "JOURNEYMAN_TRACEBACK"


HELP_SETTINGS = {"help_option_names": ["--help", "-h"], "max_content_width": 110}


def make_app(help_text: str = "", *, cls: type[TyperGroup] | None = None) -> typer.Typer:
    """A command's parser: plain help, no shell completion, failures left to `call`. `cls`: finds a group's commands."""
    return typer.Typer(
        help=help_text or None, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, cls=cls,
        context_settings=HELP_SETTINGS,
    )  # fmt: skip


def call(app: typer.Typer, name: str, words: list[str]) -> int:
    """Run command `name` with its arguments. A command returns its exit status; None is 0."""
    as_json = "--json" in words
    command = typer.main.get_command(app)
    try:
        status: Any = command.main(args=words, prog_name=f"journeyman {name}", standalone_mode=False)
    except TyperException as error:
        sentence = error.format_message().strip().rstrip(".")
        context = getattr(error, "ctx", None)
        path = context.command_path if context is not None else f"journeyman {name}"
        return complain(f"{sentence}; see '{path} --help'", kind="UsageError", status=2, as_json=as_json)
    except JourneymanError as error:
        return complain(str(error), kind=type(error).__name__, status=error.exit_status, as_json=as_json)
    except (KeyboardInterrupt, typer.Abort):
        return complain("stopped by Ctrl-C", kind="Interrupted", status=130, as_json=as_json)
    except BrokenPipeError:
        raise
    except OSError as error:
        return complain(_of_the_system(error), kind="OSError", status=1, as_json=as_json)
    except MemoryError:
        return complain("this machine has no memory left", kind="MemoryError", status=1, as_json=as_json)
    except Exception as error:  # noqa: BLE001 - the last line before the user: a bug, said as one
        if os.environ.get(TRACEBACK):
            traceback.print_exc()
        found = f"{type(error).__name__}: {error}"
        sentence = f"this is a bug in Journeyman ({found}); run again with {TRACEBACK}=1 and report what it prints"
        return complain(sentence, kind="Bug", status=1, as_json=as_json)
    return status if isinstance(status, int) else 0


def complain(sentence: str, *, kind: str, status: int, as_json: bool) -> int:
    """Say what went wrong: a sentence on stderr, and with --json the document on stdout. Returns `status`."""
    from journeyman.report.text import visible

    sys.stderr.write(f"journeyman: {visible(sentence)}\n")
    if as_json:
        from journeyman.cli.out import write_json

        write_json({"error": sentence, "kind": kind})
    return status


def _of_the_system(error: OSError) -> str:
    where = f" at {error.filename}" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"the disk is full{where}; free some space and resume"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no permission to read or write{where}"
    return f"{error.strerror or error}{where}"
