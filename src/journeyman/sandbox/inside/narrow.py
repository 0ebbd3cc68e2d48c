"""A program's own, smaller view: only the files it was promised, the devices and the scratch folder. No /proc either."""

from __future__ import annotations

import os

from . import confine
from . import syscalls as sc

_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def new_root(only: list[str]) -> None:
    """Move this mount namespace to a root with nothing but `only`, at the places where it is now; /tmp stays empty."""
    sc.mount("none", "/", None, sc.MS_REC | sc.MS_PRIVATE)
    sc.mount("root", "/tmp", "tmpfs", sc.MS_NOSUID | sc.MS_NODEV, "size=1m,nr_inodes=4000,mode=755")
    os.mkdir("/tmp/tmp")
    for path in sorted({*only, *_DEVICES}):  # a folder before what lies in it
        _show(path, "/tmp" + path)
    os.chdir("/tmp")
    sc.pivot_root(".", ".")
    sc.umount(".")
    os.chdir("/")


def _show(path: str, target: str) -> None:
    if not os.path.exists(path) or os.path.exists(target):
        return  # absent here, or already there as part of a folder
    if os.path.isdir(path):
        os.makedirs(target)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o444))
    sc.mount(path, target, None, sc.MS_BIND | sc.MS_REC)


def close_root() -> None:
    """Make the root itself read-only, once the scratch folder is mounted on it."""
    sc.mount("none", "/", None, sc.MS_REMOUNT | sc.MS_BIND | sc.MS_RDONLY | sc.MS_NOSUID | sc.MS_NODEV)


def landlock(only: list[str], scratch: str) -> None:
    """The same by Landlock, on top of what is enforced already, where there are no mounts of our own."""
    ruleset = confine.landlock_ruleset({"read": only, "write": [scratch], "devices": list(_DEVICES)})
    confine.enforce_landlock(ruleset)
