"""A program's own, smaller view: only the files it was promised, the devices and the scratch folder. No /proc either."""

from __future__ import annotations

import os

from . import confine
from . import syscalls as sc

_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_ROOT_LINKS = ("/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin")


def new_root(only: list[str]) -> None:
    """Move this mount namespace to a root with nothing but `only`, at the places where it is now; /tmp stays empty."""
    sc.mount("none", "/", None, sc.MS_REC | sc.MS_PRIVATE)
    sc.mount("root", "/tmp", "tmpfs", sc.MS_NOSUID | sc.MS_NODEV, "size=1m,nr_inodes=4000,mode=755")
    os.mkdir("/tmp/tmp")
    links = {name: os.readlink(name).strip("/") for name in _ROOT_LINKS if os.path.islink(name)}
    places = {_past_link(path, links) for path in (*only, *_DEVICES)}
    for path in sorted(places):  # a folder before what lies in it
        _show(path, "/tmp" + path)
    for name, value in links.items():
        os.symlink(value, "/tmp" + name)
    os.chdir("/tmp")
    sc.pivot_root(".", ".")
    sc.umount(".")
    os.chdir("/")


def _past_link(path: str, links: dict[str, str]) -> str:
    """/lib/x is /usr/lib/x where /lib is a link: the link is made again, what it leads to is shown."""
    root, _, rest = path[1:].partition("/")
    return f"/{links['/' + root]}/{rest}" if "/" + root in links else path


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
