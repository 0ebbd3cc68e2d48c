"""Our side of one run: it feeds the job in, reads what comes out under caps, watches every limit and ends the tree.

All waiting is in one `poll` over the run's descriptors; it wakes early only when a limit could have been reached by then.
Nothing that comes out of the candidate's process is interpreted here beyond its length.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from journeyman.errors import SandboxFailure
from journeyman.sandbox import tree
from journeyman.sandbox.limits import MEGABYTE, Limits
from journeyman.sandbox.text import TAIL_BYTES
from journeyman.sandbox.zygote import END_S, START_S, Zygote

_HEAD = struct.Struct("<cQ")
_LENGTH = struct.Struct("<Q")
_PIECE = 1 << 18
# Between two looks at the memory of a tree of several processes, or at a scratch folder on disk.
_SAMPLE_S = 0.02
_SHORTEST_S = 0.002
_CORES = os.cpu_count() or 1
_MOST_FILES = 10_000
# As RLIMIT_NPROC has it, which cannot be set where it would count the user's other processes.
_MOST_THREADS = 64
_KERNEL_SLACK_S = 10.0  # giving back gigabytes takes the kernel a while on a busy machine


class Printed:
    """What came through stdout or stderr: how much, and its end (all of it where `whole`)."""

    def __init__(self, whole: bool) -> None:
        self.total, self.data, self._whole = 0, bytearray(), whole

    def add(self, piece: bytes) -> None:
        self.total += len(piece)
        self.data += piece
        if not self._whole and len(self.data) > 8 * TAIL_BYTES:
            del self.data[:-TAIL_BYTES]


class Room:
    """One run, from the request to the death of its last process. `close` must be called."""

    def __init__(
        self,
        zygote: Zygote,
        request: Mapping[str, Any],
        limits: Limits,
        *,
        nested: bool,
        scratch: str | None = None,
    ) -> None:
        self.limits, self._zygote, self._nested, self._scratch = limits, zygote, nested, scratch
        whole = request["kind"] == "program"
        self.stdout, self.stderr = Printed(whole), Printed(whole)
        self.out = bytearray()
        self.reports: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}
        self.problems: dict[str, str] = {}
        self.gone: dict[str, Any] | None = None
        self.pid = self.pidfd = self._init = -1
        self._alone = bool(request["alone"])  # the room's first process is the candidate's
        self.started_s: float | None = None
        self.ended_s: float | None = None
        self._line_buffer, self._asked = bytearray(), bytearray()
        self._outgoing: list[memoryview] = []
        self._closing = False
        self._looked_s = 0.0
        self._open: dict[int, Callable[[], None]] = {}
        self._poller = select.poll()
        self._begin(request)

    def _begin(self, request: Mapping[str, Any]) -> None:
        self._line, line = socket.socketpair()
        requests, self._requests = os.pipe()
        (self._out, out), (self._stdout, stdout), (self._stderr, stderr) = os.pipe(), os.pipe(), os.pipe()
        theirs = (line.fileno(), requests, out, stdout, stderr)
        try:
            self._init = self._zygote.request(request, theirs)
            if self._alone:
                self.pidfd = os.dup(self._init)
        except BaseException:
            for fd in (self._requests, self._out, self._stdout, self._stderr):
                os.close(fd)
            self._line.close()
            raise
        finally:
            for fd in theirs[1:]:
                os.close(fd)
            line.close()
        self._line.setblocking(False)
        for fd in (self._requests, self._out, self._stdout, self._stderr):
            os.set_blocking(fd, False)
        self._listen(self._zygote.fileno(), self._on_gone)
        self._listen(self._line.fileno(), self._on_line)
        self._listen(self._out, self._on_out)
        self._listen(self._stdout, lambda: self._on_printed(self._stdout, self.stdout))
        self._listen(self._stderr, lambda: self._on_printed(self._stderr, self.stderr))

    # --- descriptors ------------------------------------------------------------------------------------------------

    def _listen(self, fd: int, action: Callable[[], None]) -> None:
        self._open[fd] = action
        self._poller.register(fd, select.POLLIN)

    def _deaf(self, fd: int) -> None:
        if self._open.pop(fd, None) is not None:
            self._poller.unregister(fd)

    def feed(self, pieces: Sequence[bytes]) -> None:
        """Queue bytes for the room's first process; they are written while waiting."""
        self._outgoing += [memoryview(piece) for piece in pieces if piece]
        self._write_line()

    def _write_line(self) -> None:
        with contextlib.suppress(BlockingIOError):
            try:
                while self._outgoing:
                    sent = self._line.send(self._outgoing[0])
                    self._outgoing[0] = self._outgoing[0][sent:]
                    if not self._outgoing[0]:
                        self._outgoing.pop(0)
            except (BrokenPipeError, ConnectionResetError):
                self._outgoing.clear()  # it is dead; `gone` will say so
        if self._line.fileno() in self._open:
            more = select.POLLOUT if self._outgoing else 0
            self._poller.modify(self._line.fileno(), select.POLLIN | more)

    def _on_gone(self) -> None:
        self.gone = self._zygote.farewell(END_S)
        self._deaf(self._zygote.fileno())

    def _on_line(self) -> None:
        if self._outgoing:
            self._write_line()
        try:
            data, fds, _, _ = socket.recv_fds(self._line, _PIECE, 1)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data, fds = b"", []
        if fds:
            self.pidfd = fds[0]
        if not data:
            self._deaf(self._line.fileno())
            return
        self._line_buffer += data
        while self._take_report():
            pass

    def _take_report(self) -> bool:
        """One message off the line, with the file that may follow it. It comes from our own code, not the candidate's."""
        buffer = self._line_buffer
        if len(buffer) < 8 or len(buffer) < 8 + (size := _LENGTH.unpack_from(buffer)[0]):
            return False
        report = json.loads(buffer[8 : 8 + size])
        after = 8 + size + report.get("size", 0)
        if len(buffer) < after:
            return False
        if "file" in report and "size" in report:
            self.files[report["file"]] = bytes(buffer[8 + size : after])
        elif "file" in report:
            self.problems[report["file"]] = report["problem"]
        self.reports.append(report)
        del buffer[:after]
        if self.started_s is None and self.pidfd >= 0 and any("started" in report for report in self.reports):
            self.started_s = time.monotonic()
            self.pid = tree.pid_of(self.pidfd)
        return True

    def _on_out(self) -> None:
        piece = os.read(self._out, _PIECE)
        if piece:
            self.out += piece
        else:
            self._deaf(self._out)

    def _on_printed(self, fd: int, printed: Printed) -> None:
        piece = os.read(fd, _PIECE)
        if piece:
            printed.add(piece)
        else:
            self._deaf(fd)

    # --- frames -----------------------------------------------------------------------------------------------------

    def frame_ready(self) -> bool:
        out = self.out
        return len(out) >= 9 and len(out) >= 9 + int.from_bytes(out[1:9], "little")

    def take_frame(self) -> tuple[bytes, bytes]:
        """(kind, payload) of the complete frame at the front."""
        kind, size = _HEAD.unpack_from(self.out)
        payload = bytes(self.out[9 : 9 + size])
        del self.out[: 9 + size]
        return kind, payload

    def ask(self, data: bytes) -> None:
        """Write a request to the candidate's process; what it does not take at once is written while waiting."""
        if self._requests < 0:
            return  # closed; waiting for the answer will tell
        try:
            sent = 0 if self._asked else os.write(self._requests, data)
        except BlockingIOError:
            sent = 0
        except BrokenPipeError:
            return  # it is dead or has closed its end; waiting for the answer will tell
        if sent < len(data):
            self._asked += data[sent:]
            self._open[self._requests] = self._on_asking
            self._poller.register(self._requests, select.POLLOUT)

    def _on_asking(self) -> None:
        try:
            del self._asked[: os.write(self._requests, self._asked[:_PIECE])]
        except BrokenPipeError:
            self._asked.clear()
        if not self._asked:
            self._deaf(self._requests)
            if self._closing:
                self.close_input()

    def close_input(self) -> None:
        """Let the candidate see the end of its input, after everything asked so far."""
        if self._asked:
            self._closing = True
        elif self._requests >= 0:
            self._deaf(self._requests)
            os.close(self._requests)
            self._requests = -1

    # --- limits -----------------------------------------------------------------------------------------------------

    def cpu_s(self) -> float:
        """CPU seconds of the candidate so far, read from outside; 0 before it starts."""
        if self.pid <= 0:
            return 0.0
        if self.limits.processes > 1:
            return tree.usage(tree.descendants(self.pid)).cpu_s
        return tree.cpu_seconds(tree.cpu_clock(self.pid)) or 0.0

    def wait(self, until: Callable[[], bool], *, cpu_by: float | None = None) -> str | None:
        """Serve the room until `until()`: then None. Else the limit that was reached first, or "gone".

        `cpu_by` is an earlier limit on the candidate's CPU seconds than `limits.cpu_s`.
        """
        cpu_limit = self.limits.cpu_s if cpu_by is None else min(cpu_by, self.limits.cpu_s)
        begun = time.monotonic()
        while not until():
            pause = self._next_look(cpu_limit, begun)
            if isinstance(pause, str):
                return pause
            events = self._poller.poll(int(pause * 1000) + 1)
            for fd, _ in events:
                action = self._open.get(fd)
                if action is not None:
                    action()
            if self._too_much_output():
                return "output"
            if self.gone is not None and not until():
                self._drain()
                return None if until() else "gone"
        return None

    def _too_much_output(self) -> bool:
        cap = self.limits.output_bytes
        if self.stdout.total + self.stderr.total > cap:
            return True
        return len(self.out) >= 9 and int.from_bytes(self.out[1:9], "little") > cap

    def _next_look(self, cpu_limit: float, begun: float) -> float | str:
        """Seconds until a limit could next be reached, or the limit that has been."""
        now = time.monotonic()
        if self.started_s is None:
            if now - begun > START_S:
                raise SandboxFailure(f"the sandbox did not start a run within {START_S:g} s")
            return START_S - (now - begun)
        left = self.started_s + self.limits.wall_s - now
        if left <= 0:
            return "timeout"
        look = now - self._looked_s >= _SAMPLE_S
        if self.limits.processes > 1 and not look:
            return min(left, _SAMPLE_S)
        if self.limits.processes > 1:
            used = tree.usage(tree.descendants(self.pid))
            if used.memory > self.limits.memory_mb * MEGABYTE:
                return "memory"
            if used.tasks > self.limits.processes:
                return "processes"
            cpu = used.cpu_s
            left = min(left, _SAMPLE_S)
        else:
            cpu = self.cpu_s()
        if cpu >= cpu_limit:
            return "cpu"
        if self._scratch is not None and look:
            size, count = tree.folder_use(self._scratch, tree.descendants(self.pid))
            if size > self.limits.scratch_mb * MEGABYTE or count > _MOST_FILES:
                return "scratch"
            if self.limits.processes == 1 and tree.usage([self.pid]).tasks > _MOST_THREADS:
                return "processes"
        if look:
            self._looked_s = now
        if self._scratch is not None:
            left = min(left, _SAMPLE_S)
        return max(_SHORTEST_S, min(left, (cpu_limit - cpu) / _CORES))

    # --- the end ----------------------------------------------------------------------------------------------------

    def status(self) -> int | None:
        """The candidate's wait status, once it has ended by itself."""
        if self._alone:
            return None if self.gone is None else int(self.gone["gone"])
        return next((report["status"] for report in self.reports if "status" in report), None)

    def fault(self) -> str | None:
        """What kept the room from starting the candidate."""
        return next((report["fault"] for report in self.reports if "fault" in report), None)

    def signal(self, number: int) -> None:
        """Send a signal to the candidate's process, if it is alive."""
        if self.pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.pidfd, number)

    def kill(self) -> None:
        """End every process of the room and wait until all are dead. Raises SandboxFailure if one stays."""
        if self.ended_s is None:
            self.ended_s = time.monotonic()
        if self.gone is None:
            self._strike(self._init if self._nested or self.pidfd < 0 else self.pidfd)
            if not select.select([self._zygote.fileno()], [], [], END_S)[0]:
                self._strike(self._init)
            self.gone = self._zygote.farewell(_KERNEL_SLACK_S)

    def _strike(self, pidfd: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)

    def _drain(self) -> None:
        """Read what dead processes left in the pipes, within the caps."""
        for fd in list(self._open):
            for _ in range(1 + self.limits.output_bytes // 4096):
                action = self._open.get(fd)
                if action is None or self._too_much_output():
                    break
                try:
                    action()
                except BlockingIOError:
                    break

    def close(self) -> None:
        """Kill what is alive, read what is left, release every descriptor. Idempotent."""
        if self._init < 0:
            return
        try:
            self.kill()
            self._deaf(self._zygote.fileno())
            self._drain()
        finally:
            for fd in (self._requests, self._out, self._stdout, self._stderr, self._init, self.pidfd):
                if fd >= 0:
                    os.close(fd)
            self._line.close()
            self._requests = self._out = self._stdout = self._stderr = self._init = self.pidfd = self.pid = -1
