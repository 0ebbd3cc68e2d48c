"""Start a new task folder with files that already pass as a task, to be replaced one by one."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from journeyman.errors import JourneymanError, UsageError
from journeyman.verify.task import Task, load_task


def new_task(folder: str | Path, *, exchange: str = "data") -> Task:
    """Make a working task at `folder`, which must not exist: a small real problem to replace with one's own.

    Raises UsageError for an unknown exchange, a bad name or a folder that is already there.
    """
    target = Path(folder)
    templates = Path(str(resources.files("journeyman.verify") / "templates"))
    known = sorted(p.name for p in templates.iterdir() if p.is_dir())
    if exchange not in known:
        raise UsageError(
            f"the exchange {exchange!r} has no template; use one of {', '.join(known)}, or 'task wrap' for a simulator"
        )
    name = target.resolve().name
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
        raise UsageError(f"the name {name!r} may have letters, digits, '_', '-' and '.' only")
    root = templates / exchange
    files = {
        path.relative_to(root).as_posix(): path.read_text("utf-8").replace("TASK_NAME", name)
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    return write_folder(target, files)


def write_folder(folder: Path, files: Mapping[str, str | bytes]) -> Task:
    """Write a task folder whole or not at all, and read it back.

    Raises UsageError if it exists, TaskError if the files are no task.
    """
    if folder.exists():
        raise UsageError(f"{str(folder)!r} exists already; choose another name or remove it")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise UsageError(f"the folder {str(folder)!r} cannot be made: {error.strerror}") from error
    try:
        made.chmod(0o755)
        for path, content in files.items():
            target = made / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        load_task(made)
        made.rename(folder)
    except (JourneymanError, OSError):
        shutil.rmtree(made, ignore_errors=True)
        raise
    return load_task(folder)
