"""A class or function of a user's own Python file: "file.py:Agent"."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from journeyman.errors import UsageError


def load_member(file: str, name: str, *, what: str) -> Callable[..., Any]:
    """What `name` is in the file, which is run once for each content of it.

    Args:
        what: "an agent", for messages.

    Raises UsageError: no such file or name, or code that raises; the text names the line.
    """
    path = Path(file).expanduser()
    if not path.is_file():
        raise UsageError(f"there is no file {file}; {what} of your own is FILE.py:CLASS")
    # Registered, as dataclasses and pickle want to find it, under a name that is no module's.
    where = path.resolve()
    known = f"journeyman {where} {hashlib.blake2b(where.read_bytes(), digest_size=8).hexdigest()}"
    module = sys.modules.get(known)
    if module is None:
        spec = importlib.util.spec_from_file_location(known, where)
        if spec is None or spec.loader is None:
            raise UsageError(f"{file} cannot be loaded as Python")
        module = importlib.util.module_from_spec(spec)
        sys.modules[known] = module
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            del sys.modules[known]
            raise UsageError(f"{file} cannot be loaded: {in_words(error, where)}") from error
    found: Callable[..., Any] | None = getattr(module, name, None)
    if not callable(found):
        classes = [n for n, one in vars(module).items() if isinstance(one, type) and one.__module__ == known]
        there = f"; it has {', '.join(classes)}" if classes else ""
        raise UsageError(f"{file} has no class '{name}'{there}")
    return found


def in_words(error: BaseException, path: Path) -> str:
    """The error with the line of `path` that it came through last."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    if isinstance(error, SyntaxError):
        lines = [error.lineno]
    at = f" (line {lines[-1]})" if lines else ""
    return f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}{at}"
