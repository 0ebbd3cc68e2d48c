"""How the zygote of a level is begun on this host, from the strongest way to the weakest."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from journeyman.errors import NoSandbox, UsageError
from journeyman.sandbox import bubblewrap, landlock, visible
from journeyman.sandbox.level import Level
from journeyman.sandbox.remove import remove_tree
from journeyman.sandbox.zygote import CannotIsolate, StartsThreads, Zygote, filters, free_uid

WALLS = (
    "bubblewrap",
    "bubblewrap-once",
    "embedded",
)  # "-once": a new one for each run, where it allows no nesting
_TASKS_INSIDE = (
    3  # our own in a sandbox's user namespace: the outer waiter, the zygote, a room's first process
)


@dataclass
class Start:
    """A begun zygote and what its rooms need to know."""

    zygote: Zygote
    level: Level
    detail: str
    nested: bool  # every room has namespaces of its own
    uid: int | None  # whom root became
    imports_in_each_run: tuple[str, ...]
    single_use: bool = False  # the whole wall ends with its first room
    scratch_mb: int = 64
    folder: Path | None = None  # for rooms that have no private /tmp
    _rooms: int = field(default=0)

    def new_scratch(self) -> str:
        """The scratch folder of the next room, as seen from inside."""
        if self.folder is None:
            return "/tmp"
        self._rooms += 1
        rooms = self.folder / "rooms"
        room = rooms / str(self._rooms)
        rooms.chmod(0o711)
        room.mkdir(mode=0o700)
        if self.uid is not None:
            os.chown(room, self.uid, self.uid)
        # Not even its owner may write beside a room: a candidate of the same user could leave something for the next.
        rooms.chmod(0o511)
        return str(room)

    def clear_scratch(self) -> None:
        if self.folder is not None:
            (self.folder / "rooms").chmod(0o711)
            remove_tree(self.folder / "rooms" / str(self._rooms))

    def filter_names(self, *, processes: int, executes: bool) -> list[str]:
        """The seccomp programs a room stacks."""
        if self.level is Level.NONE:
            return []
        names = ["base"]
        if not self.nested:
            names.append("offline")
        if processes == 1:
            names.append("single")
            if not executes:
                names.append("noexec")
        return names

    def tasks_before_a_run(self) -> int | None:
        """Tasks that RLIMIT_NPROC counts before the candidate's own; None where it would count strangers."""
        if self.nested:
            return _TASKS_INSIDE if _counts_by_namespace() or self.uid is not None else None
        return 2 if self.uid is not None else None

    def close(self) -> None:
        self.zygote.close()
        if self.folder is not None:
            remove_tree(self.folder)


def _counts_by_namespace() -> bool:
    """Since Linux 5.14 a user namespace counts the processes in it by itself."""
    numbers = platform.release().split("-")[0].split(".")
    return tuple(int("".join(c for c in part if c.isdigit()) or 0) for part in numbers[:2]) >= (5, 14)


def begin(level: Level | None, packages: tuple[str, ...], wall: str | None, scratch_mb: int) -> Start:
    """Start at `level`, or at the best level there is. Raises NoSandbox saying what to install or to set."""
    if wall is not None and wall not in WALLS:
        raise UsageError(f"the wall {wall!r} is not one of {', '.join(WALLS)}")
    if platform.system() != "Linux":
        raise NoSandbox(
            f"candidates run on Linux only, and this is {platform.system()}; use a Linux machine or container"
        )
    found = visible.find_packages(packages)
    if level is None:
        return _best(found, scratch_mb)
    if level is Level.NAMESPACES:
        return _namespaces(found, wall, scratch_mb)
    if level is Level.RESTRICTED:
        return _restricted(found)
    if level is Level.NONE:
        return _plain(found)
    raise NoSandbox(
        f"the level {level.value!r} is not offered by this host; choose namespaces, restricted or none"
    )


def _best(found: visible.Packages, scratch_mb: int) -> Start:
    try:
        return _namespaces(found, None, scratch_mb)
    except NoSandbox as first:
        try:
            return _restricted(found)
        except NoSandbox as second:
            raise NoSandbox(f"no isolation can be had here: {first}; and {second}") from None


def _namespaces(found: visible.Packages, wall: str | None, scratch_mb: int) -> Start:
    """By bubblewrap where it is installed, since some hosts allow user namespaces to it alone; else by ourselves."""
    problems = []
    if wall != "embedded":
        for nested in (True, False) if wall != "bubblewrap-once" else (False,):
            try:
                return _bubblewrap(found, None if nested else scratch_mb)
            except CannotIsolate as error:
                problems.append(str(error))
    if wall in (None, "embedded"):
        try:
            return _embedded(found)
        except CannotIsolate as error:
            problems.append(str(error))
    raise NoSandbox(f"no namespaces ({'; '.join(dict.fromkeys(problems))}): {mend_namespaces()}")


def mend_namespaces() -> str:
    """What would give this host the level `namespaces`."""
    apparmor = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    if apparmor.exists() and apparmor.read_text().strip() == "1":
        return "install bubblewrap, or run: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
    clone = Path("/proc/sys/kernel/unprivileged_userns_clone")
    if clone.exists() and clone.read_text().strip() == "0":
        return "run: sudo sysctl kernel.unprivileged_userns_clone=1"
    most = Path("/proc/sys/user/max_user_namespaces")
    if most.exists() and most.read_text().strip() == "0":
        return "run: sudo sysctl user.max_user_namespaces=10000"
    return "install bubblewrap (apt install bubblewrap); in a container, allow user namespaces"


def _plan(found: visible.Packages, level: Level, **more: Any) -> dict[str, Any]:
    """What a zygote is told. The site folder comes first in `path`: there a package may replace a standard module."""
    path = [*visible.this_python().path, *([more.pop("site", visible.SITE)] if found.entries else [])]
    return {
        "level": level.value, "wall": None, "nest": False, "uid": None, "keep_read": False, "confined": True,
        "mounts": [], "landlock": None, "packages": found.imports, "path": path,
        "filters": _filters(), **more,
    }  # fmt: skip


def _filters() -> dict[str, str]:
    found = filters(platform.machine())
    if not found:
        raise NoSandbox(
            f"there is no system call filter for {platform.machine()}; use a machine with x86-64 or aarch64"
        )
    return found


def _start(
    plan: dict[str, Any], *, detail: str, wrapper: tuple[str, ...] = (), folder: Path | None = None
) -> Start:
    """Start a zygote; where the packages start threads as they are imported, without them, and each run imports them."""
    executable, imports = visible.this_python().executable, ()
    try:
        zygote = Zygote(plan, executable, wrapper)
    except StartsThreads:
        imports, plan = tuple(plan["packages"]), {**plan, "packages": ()}
        zygote = Zygote(plan, executable, wrapper)
        detail += ", packages imported in each run"
    return Start(
        zygote=zygote, level=Level(plan["level"]), detail=detail, nested=plan["nest"], uid=plan["uid"],
        imports_in_each_run=imports, folder=folder,
    )  # fmt: skip


def _embedded(found: visible.Packages) -> Start:
    plan = _plan(
        found, Level.NAMESPACES, wall="embedded", nest=True, uid=free_uid() if os.geteuid() == 0 else None,
        mounts=visible.mounts(found),
    )  # fmt: skip
    return _start(plan, detail="embedded")


def _bubblewrap(found: visible.Packages, scratch_mb: int | None) -> Start:
    """Rooms with namespaces of their own; or, with `scratch_mb`, one room whose /tmp bubblewrap has made."""
    nested = scratch_mb is None
    program = shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin")
    if program is None:
        raise CannotIsolate("bubblewrap is not installed")
    plan = _plan(
        found, Level.NAMESPACES, wall="bubblewrap", nest=nested, uid=free_uid() if os.geteuid() == 0 else None
    )
    detail = bubblewrap.version(program)
    start = _start(
        plan,
        detail=detail if nested else f"{detail}, started anew for each run",
        wrapper=bubblewrap.command(program, visible.mounts(found), scratch_mb),
    )
    start.single_use, start.scratch_mb = not nested, scratch_mb or 0
    return start


def _restricted(found: visible.Packages) -> Start:
    abi = landlock.abi()
    if abi < landlock.NEEDED_ABI:
        have = f"Landlock ABI {abi}" if abi > 0 else "no Landlock"
        raise NoSandbox(
            f"this kernel offers {have}, and restricted needs ABI {landlock.NEEDED_ABI} (Linux 6.12)"
        )
    return _on_host_files(found, Level.RESTRICTED, f"Landlock ABI {abi}")


def _plain(found: visible.Packages) -> Start:
    return _on_host_files(found, Level.NONE, "limits only")


def _on_host_files(found: visible.Packages, level: Level, detail: str) -> Start:
    """A zygote that sees the host's files: a folder of links takes the place of the site folder."""
    restricted = level is Level.RESTRICTED
    folder = Path(tempfile.mkdtemp(prefix="journeyman-sandbox-"))
    try:
        folder.chmod(0o711)
        (folder / "rooms").mkdir(mode=0o711)
        site = folder / "site"
        site.mkdir(mode=0o755)
        for name, place in found.entries.items():
            (site / name).symlink_to(place)
        uid = free_uid() if restricted and os.geteuid() == 0 else None
        needed = [visible.this_python().executable, *visible.this_python().libraries, *found.entries.values()]
        plan = _plan(
            found, level, uid=uid, confined=restricted, site=str(site),
            keep_read=uid is not None and not all(visible.reachable_by_anyone(place) for place in needed),
            landlock=landlock.rules(found, folder) if restricted else None,
        )  # fmt: skip
        return _start(plan, detail=detail, folder=folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
