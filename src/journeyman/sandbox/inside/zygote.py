"""The process that every run is forked from. It knows the declared packages and nothing else: it never reads an instance, a
key, a verifier or a candidate, and it has one thread."""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from typing import Any

from . import confine, room, wall
from . import syscalls as sc

_GRACE_S = 3.0  # after a run's own wall limit, in case our side is gone and cannot enforce it


def main(control: socket.socket, plan: dict[str, Any]) -> None:
    stage = "wall"
    try:
        proc = _isolate(plan, control)
        if plan["nest"]:
            rehearse()
        stage = "packages"
        state = _prepare(plan, proc)
    except Exception as error:  # noqa: BLE001  reported to our side, which raises it as a named failure
        if isinstance(error, ThreadsStarted):
            stage = "threads"
        text = f"{type(error).__name__}: {error}" if stage == "packages" else str(error)
        control.send(json.dumps({"fault": text, "stage": stage}).encode())
        os._exit(1)
    serve(control, plan, *state)


def rehearse() -> None:
    """Find out now, in a child, whether a room's own namespaces are allowed here. Raises OSError."""
    pid = os.fork()
    if pid == 0:
        try:
            sc.unshare(room.NAMESPACES)
            room.mount_scratch(1 << 20, executable=False)
        except OSError as error:
            os._exit(error.errno or 1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status:
        raise OSError(status, f"no namespaces inside namespaces: {os.strerror(status)}")


def _isolate(plan: dict[str, Any], control: socket.socket) -> int:
    """Go behind this level's outer wall. Returns a descriptor of a /proc that shows this process."""
    if plan["level"] == "namespaces" and plan["nest"]:
        return wall.enter(plan, control)
    proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    if os.geteuid() == 0 and plan["uid"]:
        wall.become(plan["uid"], keep=confine.CAP_DAC_READ_SEARCH if plan["keep_read"] else 0)
    sc.prctl(sc.PR_SET_CHILD_SUBREAPER, 1)
    return proc


def _prepare(plan: dict[str, Any], proc: int) -> tuple[int, int, int, int]:
    """Import what candidates declare, then look at ourselves: (own PID namespace, ruleset, kept capabilities, bytes)."""
    sys.dont_write_bytecode = True
    sys.path[:] = plan["path"]
    for name in plan["packages"]:
        importlib.import_module(name)
    if "numpy" in sys.modules:
        importlib.import_module("numpy.random")  # it comes lazily, and every run reseeds it
    threads = os.open("self/task", os.O_RDONLY | os.O_DIRECTORY, dir_fd=proc)
    if len(os.listdir(threads)) != 1:
        raise ThreadsStarted("the declared packages start threads when they are imported")
    own = os.open("self/ns/pid", os.O_RDONLY, dir_fd=proc) if plan["nest"] else -1
    with os.fdopen(os.open("self/statm", os.O_RDONLY, dir_fd=proc)) as file:
        size = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    os.close(threads)
    os.close(proc)  # from here on nothing leads out
    ruleset = confine.landlock_ruleset(plan["landlock"]) if plan["landlock"] else -1
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)
    if plan["nest"]:
        sc.prctl(sc.PR_SET_DUMPABLE, 0)
    gc.collect()
    gc.freeze()  # a collection in a fork would touch, and so copy, every page
    return own, ruleset, confine.CAP_DAC_READ_SEARCH if plan["keep_read"] else 0, size


class ThreadsStarted(RuntimeError):
    """A fork would copy locks that other threads hold, so the packages must be imported anew in each run."""


def serve(control: socket.socket, plan: dict[str, Any], own: int, ruleset: int, keep: int, size: int) -> None:
    """One run after the other, until our side closes the socket."""
    control.send(json.dumps({"ready": True, "address_space": size}).encode())
    while True:
        data, fds, _, _ = socket.recv_fds(control, 1 << 18, 8)
        if not data:
            os._exit(0)
        request = json.loads(data)
        if request["kind"] != "program":
            request["limits"]["AS"] += size
        try:
            pid = _fork(plan, own)
        except OSError as error:
            control.send(json.dumps({"fault": f"cannot start a run: {error}"}).encode())
            for fd in fds:
                os.close(fd)
            continue
        if pid == 0:
            control.close()
            try:
                room.run(request, plan, list(fds), ruleset, keep)
            finally:
                os._exit(0)
        for fd in fds:
            os.close(fd)
        _see_it_through(control, plan, pid, request["wall_s"] + _GRACE_S)


def _fork(plan: dict[str, Any], own: int) -> int:
    """Fork, into a PID namespace of its own where there are any."""
    if not plan["nest"]:
        return os.fork()
    sc.unshare(sc.NEWPID)
    pid = -1
    try:
        pid = os.fork()
    finally:
        if pid != 0:
            sc.setns(own, sc.NEWPID)  # so that the next run can have one too
    return pid


def _see_it_through(control: socket.socket, plan: dict[str, Any], pid: int, wall_s: float) -> None:
    """Wait until the run is over, and end it if our side goes away or forgets it."""
    pidfd = os.pidfd_open(pid)
    socket.send_fds(control, [b'{"born": true}'], [pidfd])
    poller = select.poll()
    poller.register(pidfd, select.POLLIN)
    poller.register(control, 0)  # only its end
    events = poller.poll(wall_s * 1000)
    if not any(fd == pidfd for fd, _ in events):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    os.close(pidfd)
    if not plan["nest"]:
        room.end_all(nested=False)
    control.send(
        json.dumps(
            {"gone": status, "cpu_s": usage.ru_utime + usage.ru_stime, "kilobytes": usage.ru_maxrss}
        ).encode()
    )
