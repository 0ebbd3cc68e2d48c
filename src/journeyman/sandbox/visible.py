"""What a candidate can see: the interpreter, the system's libraries and the declared packages' own files; nothing else."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path

from journeyman.errors import SandboxFailure

SITE = "/site"  # where the declared packages lie inside
SYSTEM = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32", "/usr/libexec", "/usr/bin", "/usr/include", "/nix/store",
          "/usr/share/zoneinfo")  # fmt: skip
ROOT_LINKS = ("/lib", "/lib32", "/lib64", "/libx32", "/bin")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
ETC = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime")
_HIDDEN = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class Python:
    """The interpreter that sandboxes start: the base one, never a virtual environment's."""

    executable: str
    libraries: tuple[str, ...]  # folders that hold the standard library and libpython
    path: tuple[str, ...]  # sys.path without any site-packages


@cache
def this_python() -> Python:
    executable = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    stdlib = sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix})
    platstdlib = sysconfig.get_path(
        "platstdlib", vars={"platbase": sys.base_exec_prefix, "base": sys.base_prefix}
    )
    version = f"python{sys.version_info.major}{sys.version_info.minor}.zip"
    dynload = next(
        (p for p in sys.path if p.endswith("lib-dynload")), os.path.join(platstdlib, "lib-dynload")
    )
    path = (os.path.join(os.path.dirname(stdlib), version), stdlib, dynload)
    folders = dict.fromkeys(os.path.dirname(p) for p in (stdlib, platstdlib))
    folders.update(dict.fromkeys(os.path.join(sys.base_exec_prefix, name) for name in ("lib", "lib64")))
    return Python(executable, tuple(f for f in folders if os.path.isdir(f)), path)


@dataclass(frozen=True)
class Packages:
    """The files of the declared distributions and of everything they need: name below SITE -> place on this host."""

    entries: dict[str, str] = field(default_factory=dict)
    imports: tuple[str, ...] = ()


@cache
def find_packages(names: tuple[str, ...]) -> Packages:
    """The distributions `names` and, transitively, those they require. Raises SandboxFailure for one that is not there."""
    entries: dict[str, str] = {}
    imports: list[str] = []
    waiting = [(name, True) for name in names]
    seen: set[str] = set()
    while waiting:
        name, declared = waiting.pop(0)
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in seen:
            continue
        seen.add(key)
        distribution = _distribution(name, declared)
        if distribution is None:
            continue
        tops = _top_levels(distribution, name)
        entries.update(tops)
        if declared:
            imports += [stem for top in tops if (stem := _importable(top, tops[top]))]
        for requirement in distribution.requires or []:
            if "extra" not in requirement.partition(";")[2]:
                waiting.append((re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0], False))
    return Packages(entries, tuple(imports))


def _distribution(name: str, declared: bool) -> metadata.Distribution | None:
    """By the name it is installed under, else by the name it is imported under; undeclared ones may be missing."""
    if re.sub(r"[-_.]+", "-", name).lower() == "journeyman":
        raise SandboxFailure(
            "a candidate cannot declare the package 'journeyman': it must never see the code that scores it"
        )
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        if not declared:
            return None
    owners = metadata.packages_distributions().get(name)
    if not owners:
        raise SandboxFailure(
            f"the declared package {name!r} is not installed; install it with: pip install {name}"
        )
    return metadata.distribution(owners[0])


def _top_levels(distribution: metadata.Distribution, name: str) -> dict[str, str]:
    tops: dict[str, str] = {}
    for file in distribution.files or []:
        top = file.parts[0]
        if top in ("..", "__pycache__") or top.endswith((".pth", ".egg-link")) or top in tops:
            continue
        tops[top] = os.path.realpath(str(distribution.locate_file(top)))
    if not any(_importable(top, place) for top, place in tops.items()):
        raise SandboxFailure(
            f"the declared package {name!r} has no files of its own (an editable install?); "
            f"install it as a regular package with: pip install {name}"
        )
    return tops


def _importable(top: str, place: str) -> str | None:
    """The module name of a top-level entry, or None where it is metadata, a folder of libraries or private."""
    stem = top.split(".")[0]
    if not stem.isidentifier() or stem.startswith("_") or top.endswith((".dist-info", ".libs", ".egg-info")):
        return None
    if os.path.isdir(place):
        return stem if os.path.exists(os.path.join(place, "__init__.py")) else None
    return stem if top.endswith((".py", ".so")) else None


def mounts(packages: Packages) -> list[list[str]]:
    """The new root, as [kind, place inside, source or text], in an order in which it can be made."""
    made: list[list[str]] = []
    shown: list[str] = []

    def bind(target: str, kind: str = "bind") -> None:
        if os.path.exists(target):
            made.append([kind, target, os.path.realpath(target)])
            if kind == "bind":
                shown.append(target)

    for path in SYSTEM:
        if not os.path.islink(path):
            bind(path)
    for path in ROOT_LINKS:
        if os.path.islink(path):
            made.append(["link", path, os.readlink(path)])
        else:
            bind(path)
    python = this_python()
    for path in (*python.libraries, *(os.path.realpath(p) for p in python.libraries)):
        if not any(_within(path, other) for other in shown):
            bind(path)
    if not any(_within(python.executable, other) for other in shown):
        bind(python.executable)
    for path in hidden(shown):
        made.append(["cover", path, ""])
    for path in ETC:
        bind(path)
    for path in DEVICES:
        bind(path, "device")
    made.append(["text", "/etc/passwd", "candidate:x:1000:1000::/tmp:/bin/false\n"])
    made.append(["text", "/etc/group", "candidate:x:1000:\n"])
    made.append(["text", "/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"])
    made.append(["link", "/dev/shm", "/tmp"])
    for name, place in packages.entries.items():
        made.append(["bind", f"{SITE}/{name}", place])
    return made


def hidden(shown: Sequence[str]) -> list[str]:
    """Folders of installed packages below the folders shown, and this package's own: to be covered."""
    found: dict[str, None] = {}
    for folder in shown:
        base = Path(folder)
        for pattern in ("*python*", "*/*python*"):
            for parent in base.glob(pattern):
                for name in _HIDDEN:
                    if (parent / name).is_dir():
                        found[str(parent / name)] = None
    own = str(Path(__file__).resolve().parents[2])
    if any(_within(own, folder) for folder in shown) and not any(_within(own, place) for place in found):
        found[own] = None
    return list(found)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def readable(packages: Packages) -> list[str]:
    """For Landlock: places to read, the standard library's children one by one so that site-packages is not among them."""
    python = this_python()
    places = [path for path in (*SYSTEM, *ROOT_LINKS, *ETC) if os.path.exists(path)]
    folders = [*places, *python.libraries]
    covered = {os.path.realpath(path) for path in hidden(folders)}
    found: dict[str, None] = {}
    for folder in folders:
        for place in _without(os.path.realpath(folder), covered):
            found[place] = None
    found.update(dict.fromkeys([python.executable, *packages.entries.values()]))
    return list(found)


def _without(folder: str, covered: set[str]) -> list[str]:
    """`folder` itself, or, where something below it is covered, its children without that."""
    if folder in covered:
        return []
    if not any(_within(place, folder) for place in covered):
        return [folder]
    places = []
    for entry in os.scandir(folder):
        if not entry.is_symlink():
            places += _without(entry.path, covered)
    return places


def reachable_by_anyone(path: str) -> bool:
    """Whether a user without privileges can get to `path`."""
    place = Path(path)
    return all(parent.stat().st_mode & 0o001 for parent in (place, *place.parents) if parent.is_dir())
