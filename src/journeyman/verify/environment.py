"""What of this machine can change a verdict: the interpreter and the versions of a task's packages."""

from __future__ import annotations

import hashlib
import platform
import sys
from importlib import metadata

from journeyman.errors import MissingExtra
from journeyman.verify.task import Task, is_built_in


def task_versions(task: Task) -> dict[str, str]:
    """Installed versions, by name, of the packages that a task's candidates and its verifier may import.

    Raises MissingExtra naming the task and every package that is absent.
    """
    absent = absent_packages(task)
    if absent:
        how = "'journeyman[tasks]'" if is_built_in(task) else " ".join(absent)
        what = ", ".join(map(repr, absent))
        raise MissingExtra(f"the task {task.id!r} needs {what}, not installed here; run: pip install {how}")
    return {name: metadata.version(name) for name in _packages(task)}


def absent_packages(task: Task) -> tuple[str, ...]:
    """Names of the packages that the task needs and that are not installed, in the order of task.toml."""
    return tuple(name for name in _packages(task) if not _installed(name))


def fingerprint(task: Task) -> str:
    """A short digest of the interpreter, the machine's architecture and the task's packages. Raises MissingExtra."""
    parts = [
        sys.implementation.cache_tag,
        platform.python_version(),
        platform.machine(),
        repr(sorted(task_versions(task).items())),
    ]
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


def _packages(task: Task) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*task.packages, *task.file.verifier.packages)))


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
