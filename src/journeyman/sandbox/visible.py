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
SYSTEM = ("/usr/libexec", "/usr/bin", "/usr/include", "/usr/share/zoneinfo", "/nix/store")
LIBRARIES = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32")
ROOT_LINKS = ("/lib", "/lib32", "/lib64", "/libx32", "/bin")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
ETC = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime")
_HIDDEN = ("site-packages", "dist-packages")
# Of the folders among the system's libraries: those that the linker, a compiler or the interpreter looks into.
_NEEDED = re.compile(
    r"(.*-linux-(gnu|musl).*|gcc.*|llvm.*|clang.*|python3\.\d+t?|(bfd|gold|compat)-.*|locale|engines.*)"
)
_FLAT = 100  # a folder with more libraries than this is shown as one, its other folders covered


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


@dataclass(frozen=True)
class View:
    """What of the system is shown: folders and files as they are, symbolic links, and folders in them that are hidden."""

    places: tuple[str, ...]
    links: tuple[str, ...]
    hidden: tuple[str, ...]


@cache
def system_view() -> View:
    """The system's libraries and programs and the interpreter, but no installed package, and nothing of this one."""
    python = this_python()
    places, links, hidden = [path for path in SYSTEM if os.path.isdir(path)], [], []
    folders = dict.fromkeys(
        path
        for path in (
            *LIBRARIES,
            *ROOT_LINKS,
            *python.libraries,
            *(os.path.realpath(p) for p in python.libraries),
        )
        if os.path.isdir(path) and (not os.path.islink(path) or path in python.libraries)
    )
    for folder in folders:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        unneeded = [
            e.path for e in entries if e.is_dir(follow_symlinks=False) and not _NEEDED.fullmatch(e.name)
        ]
        flat = [e.path for e in entries if e.is_file(follow_symlinks=False) and ".so" in e.name]
        if len(flat) > _FLAT:
            places.append(folder)
            hidden += unneeded
        else:
            places += flat
            places += [e.path for e in entries if e.is_dir(follow_symlinks=False) and e.path not in unneeded]
            links += [e.path for e in entries if e.is_symlink() and ".so" in e.name]
    places.append(python.executable)
    places = [
        place for place in dict.fromkeys(places) if not any(_within(place, o) for o in places if o != place)
    ]
    hidden += [
        place for place in _package_folders(places) if not any(_within(place, other) for other in hidden)
    ]
    return View(tuple(places), tuple(link for link in links if link not in places), tuple(hidden))


def _package_folders(places: Sequence[str]) -> list[str]:
    """Folders of installed packages below the places shown, and the folder that holds this package's own source."""
    found: dict[str, None] = {}
    for place in places:
        base = Path(place)
        parents = [
            base,
            *(
                found
                for pattern in ("*python*", "*/*python*", "*/lib/*python*")
                for found in base.glob(pattern)
            ),
        ]
        found |= dict.fromkeys(
            str(parent / name) for parent in parents for name in _HIDDEN if (parent / name).is_dir()
        )
    own = str(Path(__file__).resolve().parents[2])
    if any(_within(own, place) for place in places) and not any(_within(own, folder) for folder in found):
        found[own] = None
    return list(found)


def mounts(packages: Packages) -> list[list[str]]:
    """The new root, as [kind, place inside, source or text], in an order in which it can be made."""
    view = system_view()
    made = [["bind", place, os.path.realpath(place)] for place in view.places]
    made += [["link", path, os.readlink(path)] for path in (*view.links, *ROOT_LINKS) if os.path.islink(path)]
    made += [["cover", place, ""] for place in view.hidden]
    made += [["bind", path, os.path.realpath(path)] for path in ETC if os.path.exists(path)]
    made += [["device", path, path] for path in DEVICES if os.path.exists(path)]
    made += [
        ["text", "/etc/passwd", "candidate:x:1000:1000::/tmp:/bin/false\n"],
        ["text", "/etc/group", "candidate:x:1000:\n"],
        ["text", "/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"],
        ["link", "/dev/shm", "/tmp"],
    ]
    return made + [["bind", f"{SITE}/{name}", place] for name, place in packages.entries.items()]


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def readable(packages: Packages) -> list[str]:
    """For Landlock, which can only add: the same places, where one holds a hidden folder its other children one by one."""
    view = system_view()
    hidden = {os.path.realpath(place) for place in view.hidden}
    found: dict[str, None] = {}
    for place in (*view.places, *(path for path in ETC if os.path.exists(path))):
        found |= dict.fromkeys(_without(os.path.realpath(place), hidden))
    return list(found | dict.fromkeys(packages.entries.values()))


def _without(place: str, hidden: set[str]) -> list[str]:
    """`place` itself, or, where something below it is hidden, its children without that."""
    if place in hidden:
        return []
    if not any(_within(other, place) for other in hidden):
        return [place]
    return [p for entry in os.scandir(place) if not entry.is_symlink() for p in _without(entry.path, hidden)]


def reachable_by_anyone(path: str) -> bool:
    """Whether a user without privileges can get to `path`."""
    place = Path(path)
    return all(parent.stat().st_mode & 0o001 for parent in (place, *place.parents) if parent.is_dir())
