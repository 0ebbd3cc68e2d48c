"""The outer wall, made once for each sandbox: new namespaces and a new root that holds only what a candidate may see."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Any

from . import syscalls as sc

# One user inside, who is nobody outside. Never 0: root in a namespace escapes RLIMIT_NPROC and has capabilities by exec.
INSIDE_ID = 1000


def enter(plan: dict[str, Any], control: socket.socket) -> int:
    """Go behind the wall; return a descriptor of /proc that still shows this process. Only the zygote returns.

    The caller becomes the first process of a PID namespace, which takes a fork: the parent waits for it outside.
    """
    os_root = os.geteuid() == 0
    proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    _volunteer_for_the_oom_killer(proc)
    isolate = sc.NEWUSER | sc.NEWPID | sc.NEWNET | sc.NEWIPC | sc.NEWUTS
    if plan["wall"] == "bubblewrap":
        if os_root:
            become(plan["uid"])
        unshare_mapped(isolate | sc.NEWNS, proc)
        sc.mount("none", "/", None, sc.MS_REC | sc.MS_PRIVATE)
        sc.mount("tmpfs", "/proc", "tmpfs", sc.MS_RDONLY | sc.MS_NOSUID | sc.MS_NODEV, "size=0,mode=755")
    elif os_root:
        sc.unshare(sc.NEWNS)
        _new_root(plan["mounts"])
        become(plan["uid"])
        unshare_mapped(isolate, proc)
    else:
        unshare_mapped(isolate | sc.NEWNS, proc)
        _new_root(plan["mounts"])
    socket.sethostname("sandbox")
    _continue_as_first_process(control)
    return proc


def become(uid: int, *, keep: int = 0) -> None:
    """From root to a user nobody is, keeping the capabilities in `keep`."""
    sc.prctl(sc.PR_SET_KEEPCAPS, 1 if keep else 0)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    if keep:
        sc.set_capabilities(keep)
    sc.prctl(sc.PR_SET_DUMPABLE, 1)  # without this /proc/self/uid_map belongs to root


def unshare_mapped(flags: int, proc: int) -> None:
    """Enter new namespaces, a user namespace among them, in which the caller is INSIDE_ID."""
    uid, gid = os.getuid(), os.getgid()
    sc.unshare(flags)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{INSIDE_ID} {uid} 1"),
        ("gid_map", f"{INSIDE_ID} {gid} 1"),
    ):
        _write_at(proc, f"self/{name}", text)


def _write_at(folder: int, name: str, text: str) -> None:
    fd = os.open(name, os.O_WRONLY, dir_fd=folder)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def _volunteer_for_the_oom_killer(proc: int) -> None:
    with contextlib.suppress(OSError):  # a host that hides this file decides for itself
        _write_at(proc, "self/oom_score_adj", "1000")


def _continue_as_first_process(control: socket.socket) -> None:
    parent = os.getpid()
    child = os.fork()
    if child:
        control.close()
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    sc.prctl(sc.PR_SET_PDEATHSIG, 9)
    if os.getppid() not in (0, parent):  # 0: the parent lives outside this PID namespace
        os._exit(1)


def _new_root(mounts: list[list[str]]) -> None:
    """Move to a root on tmpfs with the given mounts, everything read-only, and let go of the old one."""
    sc.mount("none", "/", None, sc.MS_REC | sc.MS_PRIVATE)
    sc.mount("tmpfs", "/tmp", "tmpfs", sc.MS_NOSUID | sc.MS_NODEV, "size=1m,mode=755")
    os.mkdir("/tmp/old")
    os.mkdir("/tmp/new")
    sc.pivot_root("/tmp", "/tmp/old")
    os.chdir("/")
    sc.mount("tmpfs", "/new", "tmpfs", sc.MS_NOSUID | sc.MS_NODEV, "size=16m,nr_inodes=20000,mode=755")
    os.makedirs("/new/tmp")
    os.makedirs("/new/proc")
    os.mkdir("/empty")
    for kind, target, value in mounts:
        _make(kind, "/new" + target, value)
    os.chdir("/new")
    sc.pivot_root(".", ".")
    sc.umount(".")
    os.chdir("/")
    sc.protect("/", sc.ATTR_RDONLY | sc.ATTR_NOSUID)


def _make(kind: str, target: str, value: str) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if kind == "text":
        with open(target, "w", encoding="utf-8") as file:
            file.write(value)
    elif kind == "link":
        os.symlink(value, target)
    elif kind == "cover":
        sc.mount("/empty", target, None, sc.MS_BIND)
        sc.protect(target, sc.ATTR_RDONLY | sc.ATTR_NOSUID | sc.ATTR_NODEV)
    else:
        source = "/old" + value
        if os.path.isdir(source):
            os.makedirs(target, exist_ok=True)
        elif not os.path.exists(target):
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o444))
        sc.mount(source, target, None, sc.MS_BIND | sc.MS_REC)
        device = sc.ATTR_NOEXEC if kind == "device" else sc.ATTR_NODEV
        sc.protect(target, sc.ATTR_RDONLY | sc.ATTR_NOSUID | device)
