"""What of this machine can change a verdict: the interpreter and the versions of a task's packages."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Iterable
from importlib import metadata

from journeyman.errors import MissingExtra
from journeyman.verify.task import Task


def package_versions(names: Iterable[str]) -> dict[str, str]:
    """Installed versions by name. Raises MissingExtra naming the first that is absent."""
    versions = {}
    for name in dict.fromkeys(names):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError as error:
            raise MissingExtra(f"the package {name!r} is not installed; run: pip install {name}") from error
    return versions


def fingerprint(task: Task) -> str:
    """A short digest of the interpreter, the machine's architecture and the task's packages."""
    versions = package_versions((*task.packages, *task.file.verifier.packages))
    parts = [
        sys.implementation.cache_tag,
        platform.python_version(),
        platform.machine(),
        repr(sorted(versions.items())),
    ]
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]
