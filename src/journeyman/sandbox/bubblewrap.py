"""The outer wall made by bubblewrap: on some hosts it alone may create user namespaces."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path


@cache
def version(program: str) -> str:
    """For people: "bubblewrap 0.8.0"."""
    result = subprocess.run(
        [program, "--version"], capture_output=True, text=True, timeout=10, check=False, env={}
    )
    return result.stdout.strip() or "bubblewrap"


def command(program: str, mounts: Sequence[Sequence[str]], scratch_mb: int | None) -> tuple[str, ...]:
    """The words before the interpreter's own command line that put it behind the same mounts as the embedded wall."""
    words = [
        program,
        "--unshare-ipc",
        "--unshare-pid",
        "--unshare-net",
        "--unshare-uts",
        "--hostname",
        "sandbox",
    ]
    words += ["--die-with-parent", "--proc", "/proc", "--perms", "0755", "--dir", "/tmp"]
    if os.geteuid() == 0:
        words += ["--cap-add", "ALL"]  # given up inside, once it is nobody
    made = {"/"}
    for kind, target, value in mounts:
        for folder in reversed(Path(target).parents):
            if str(folder) not in made:  # else bubblewrap makes it for its own user only
                words += ["--perms", "0755", "--dir", str(folder)]
                made.add(str(folder))
        made.add(target)
        if kind == "bind":
            words += ["--ro-bind", value, target]
        elif kind == "device":
            words += ["--dev-bind", value, target]
        elif kind == "link":
            words += ["--symlink", value, target]
        elif kind == "cover":
            words += ["--tmpfs", target, "--remount-ro", target]
    if scratch_mb is not None:
        words += ["--perms", "1777", "--size", str(scratch_mb << 20), "--tmpfs", "/tmp"]
    return (*words, "--remount-ro", "/", "--chdir", "/", "--")
