"""One run, seen from inside.

Its first process reads the job and lays out the scratch folder. A run or a worker that may have one process only *is* that
process from then on: it gives up what it must and becomes the candidate. Otherwise the first process forks the candidate,
and when that has ended kills whatever is left and hands out the files that were asked for; no candidate can signal it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import sys
from typing import Any

from . import candidate, confine, narrow, wire
from . import syscalls as sc

# And a PID namespace, which a room's first process is born into.
NAMESPACES = sc.NEWNS | sc.NEWIPC | sc.NEWUTS | sc.NEWNET
_FETCH_PIECE = 1 << 20
_HIGH = 200  # above every descriptor a room begins with, below the smallest usual limit


def mount_scratch(size: int, *, executable: bool) -> None:
    """The private folder of one run, in memory: /tmp, and through a link /dev/shm."""
    flags = sc.MS_NOSUID | sc.MS_NODEV | (0 if executable else sc.MS_NOEXEC)
    sc.mount("scratch", "/tmp", "tmpfs", flags, f"size={size},nr_inodes=10000,mode=700")


def run(request: dict[str, Any], plan: dict[str, Any], fds: list[int], ruleset: int, keep: int) -> None:
    """Live one run; the caller exits afterwards. `fds`: line, input, output, stdout, stderr."""
    line = socket.socket(fileno=fds[0])
    try:
        os.setsid()
        if plan["nest"]:
            _separate(request)
        else:
            sc.prctl(sc.PR_SET_CHILD_SUBREAPER, 1)
        if plan["confined"]:
            confine.drop_capabilities(keep)
        job = wire.read_message(fds[0])
        arguments = bytes(wire.read_exactly(fds[0], job["arguments"]))
        os.chdir(job["scratch"])
        _lay_out(job, fds[0])
        child = 0 if request["alone"] else os.fork()
    except (OSError, EOFError) as error:
        wire.send_message(line, {"fault": f"{type(error).__name__}: {error}"})
        return
    if child == 0:
        _be_the_candidate(request, plan, job, arguments, fds, ruleset)
        os._exit(0)
    for fd in fds[1:]:
        os.close(fd)
    wire.send_message(line, {"child": child}, (os.pidfd_open(child),))
    _, status = os.waitpid(child, 0)
    end_all(nested=plan["nest"])
    wire.send_message(line, {"status": status})
    for path in job["fetch"]:
        _send_file(line, path, job["fetch_bytes"])


def _separate(request: dict[str, Any]) -> None:
    """Namespaces and a scratch folder of one's own; with `only`, a smaller root."""
    sc.unshare(NAMESPACES)
    if request["only"] is not None:
        narrow.new_root(request["only"])
    mount_scratch(request["scratch_bytes"], executable=request["kind"] == "program")
    if request["only"] is not None:
        narrow.close_root()


def _lay_out(job: dict[str, Any], source: int) -> None:
    if job["scratch"] != "/tmp":
        os.environ["HOME"] = os.environ["TMPDIR"] = job["scratch"]
    for path, size, mode in job["files"]:
        folder = os.path.dirname(path)
        if folder:
            os.makedirs(folder, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        wire.write_all(fd, wire.read_exactly(source, size))
        os.close(fd)


def _be_the_candidate(
    request: dict[str, Any],
    plan: dict[str, Any],
    job: dict[str, Any],
    arguments: bytes,
    fds: list[int],
    ruleset: int,
) -> None:
    """Give up what must be given up, say so, and run what nobody trusts. Never returns to code that trusts this process."""
    line, requests, out, stdout, stderr = fds
    program = request["kind"] == "program"
    null = os.open("/dev/null", os.O_RDONLY)
    own = [requests, stdout, stderr] if program else [null, stdout, stderr, requests, out]
    line, ruleset = _renumber(own, line, ruleset)
    try:
        if plan["confined"]:
            sc.prctl(sc.PR_SET_DUMPABLE, 1)
        if ruleset >= 0:
            confine.enforce_landlock(ruleset)
            if request["only"] is not None:
                narrow.landlock(request["only"], job["scratch"])
        confine.apply_limits(request["limits"])
        confine.add_filters(plan["filters"], request["filters"])
    except OSError as error:
        os.write(line, wire.encode({"fault": f"{type(error).__name__}: {error}"}))
        os._exit(1)
    os.write(line, wire.encode({"started": True}))
    os.close(line)
    if program:
        _execute(job)
    sys.argv = [job["module"]]
    if request["kind"] == "worker":
        candidate.serve_calls(job, 3, 4)
    else:
        candidate.run_once(job, arguments, 4)


def _execute(job: dict[str, Any]) -> None:
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and exec would pass that on
    try:
        os.execve(job["argv"][0], job["argv"], job["environment"])
    except OSError as error:
        os.write(2, f"{job['argv'][0]}: {error.strerror}\n".encode())
    os._exit(127)


def _renumber(own: list[int], line: int, ruleset: int) -> tuple[int, int]:
    """Make the descriptors in `own` 0, 1, 2, ... and close every other but these two, whose new numbers are returned."""
    every = [*own, line, *([ruleset] if ruleset >= 0 else [])]
    high = [os.dup2(fd, _HIGH + i, inheritable=False) for i, fd in enumerate(every)]
    for i, fd in enumerate(high):
        os.dup2(fd, i, inheritable=i < 3)
    _close_from(len(every))
    return len(own), len(own) + 1 if ruleset >= 0 else -1


def _close_from(first: int) -> None:
    limit = os.sysconf("SC_OPEN_MAX")
    if sc.errno_of_probe(436, first, 0x7FFF_FFFF, 0)[0] != 0:  # close_range
        os.closerange(first, limit)


def end_all(*, nested: bool) -> None:
    """Kill and reap everything that descends from this process."""
    if nested:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)  # as the first process of a PID namespace: all others in it, at once
    while True:
        if not nested:
            for pid in _children():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    """Live children of this process, adopted ones included."""
    me = os.getpid()
    try:
        with open(f"/proc/self/task/{me}/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]
    except FileNotFoundError:
        pass  # a kernel without CONFIG_PROC_CHILDREN
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                    if int(file.read().rpartition(")")[2].split()[1]) == me:
                        found.append(int(name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def _send_file(line: socket.socket, path: str, limit: int) -> None:
    """One file out of the scratch folder: a regular file reached through no link, at most `limit` bytes."""
    try:
        folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
        *parents, name = path.split("/")
        for part in parents:
            folder = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode):
            raise OSError("it is not a regular file")
        if info.st_size > limit:
            raise OSError(f"it has {info.st_size} bytes, more than {limit}")
    except OSError as error:
        wire.send_message(line, {"file": path, "problem": error.strerror or str(error)})
        return
    wire.send_message(line, {"file": path, "size": info.st_size, "mode": info.st_mode & 0o777})
    left = info.st_size
    while left:
        piece = os.read(fd, min(left, _FETCH_PIECE))
        if not piece:
            raise EOFError
        line.sendall(piece)
        left -= len(piece)
