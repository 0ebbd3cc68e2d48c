"""One verifier process, seen from the run that uses it: start it, give it a job, end it.

Frames are a four-byte big-endian length and a msgpack body. The process gets an allow-listed environment: no key, token
or proxy setting of the run reaches it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from select import POLLIN, poll
from typing import BinaryIO

import msgspec

import journeyman
from journeyman import errors
from journeyman.verify.task import Instance, Task
from journeyman.verify.verdict import Verdict, clip

_PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_RUNTIME_DIR", "LD_LIBRARY_PATH")
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
MAX_FRAME = 512 * 2**20


class Job(msgspec.Struct, frozen=True):
    """Verify (or draw) the candidate `files` on `split`, or on `instances` where given.

    `anywhere` lets the candidate differ from the seed outside its editable region: the gate tries the verifier itself.
    """

    files: dict[str, bytes]
    split: str
    repeat: int = 0
    draw: bool = False
    anywhere: bool = False
    instances: tuple[Instance, ...] = ()


class Reply(msgspec.Struct, frozen=True):
    """The answer to a job: a verdict, or pictures."""

    verdict: Verdict | None = None
    pictures: dict[str, bytes] = {}


class Ready(msgspec.Struct, frozen=True):
    """The first word of a lane: the isolation level it has, or why it cannot start."""

    level: str
    error: str = ""
    kind: str = ""


class LaneEnded(Exception):
    """The verifier process ended or was ended in the middle of a job; the text says how."""


class Lane:
    """A running verifier process. One job at a time; not thread-safe.

    Raises the sandbox's or task's own named error if the process cannot start.
    """

    def __init__(self, task: Task, level: str | None) -> None:
        self._task = task
        jobs_read, jobs_write = os.pipe()
        replies_read, replies_write = os.pipe()
        lifeline_read, self._lifeline = os.pipe()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        home = str(Path(journeyman.__file__).resolve().parent.parent)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _start(jobs_read, replies_write, lifeline_read), str(task.folder), level or ""],
                env=clean_environment(task) | {"PYTHONPATH": home},
                stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
                pass_fds=(jobs_read, replies_write, lifeline_read), start_new_session=True,
            )  # fmt: skip
        finally:
            for fd in (jobs_read, replies_write, lifeline_read):
                os.close(fd)
        self._jobs, self._replies = os.fdopen(jobs_write, "wb"), os.fdopen(replies_read, "rb", buffering=0)
        try:
            ready = msgspec.msgpack.decode(self._receive(120.0), type=Ready)
        except LaneEnded as error:
            self.close()
            raise errors.VerifierFailure(f"the verifier of task {task.id!r} cannot start: {error}") from error
        if ready.error:
            self.close()
            kind = getattr(errors, ready.kind, errors.VerifierFailure)
            raise (
                kind(ready.error)
                if issubclass(kind, errors.JourneymanError)
                else errors.VerifierFailure(ready.error)
            )
        self.level = ready.level

    def ask(self, job: Job, wall_s: float) -> Reply:
        """Do a job within `wall_s` seconds. Raises LaneEnded; the lane is then of no further use."""
        try:
            write_frame(self._jobs, msgspec.msgpack.encode(job))
        except BrokenPipeError as error:
            raise LaneEnded(self._why()) from error
        return msgspec.msgpack.decode(self._receive(wall_s), type=Reply)

    def kill(self) -> None:
        """End the process at once, from any thread; a job under way ends with LaneEnded."""
        if self._process.returncode is not None:
            # It was waited for, and its number may be another's by now.
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the process and all it started, and wait for it."""
        with contextlib.suppress(OSError):
            self._jobs.close()
        with contextlib.suppress(OSError):
            os.close(self._lifeline)
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        self._replies.close()
        self._log.close()

    def _receive(self, wall_s: float) -> bytes:
        waiting = poll()
        waiting.register(self._replies, POLLIN)
        # Only the first byte is waited for: a lane writes an answer in one go.
        if not waiting.poll(wall_s * 1000):
            self.kill()
            raise LaneEnded(f"it gave no answer within {wall_s:g} s")
        frame = read_frame(self._replies)
        if frame is None:
            raise LaneEnded(self._why())
        return frame

    def _why(self) -> str:
        try:
            status = self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            return "it closed its answers"
        how = f"by signal {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - 4000))
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return f"it ended {how}" + (f" ({clip(lines[-1], 300)})" if lines else "")


def clean_environment(task: Task) -> dict[str, str]:
    """The variables a verifier process may have: where things are, the language, one thread a numerical library.

    A wrapped simulator may name more in its task.toml (`env`), such as the address of a licence server.
    """
    named = task.file.simulator.env if task.file.simulator else ()
    passed = {name: os.environ[name] for name in (*_PASSED, *named) if name in os.environ}
    # Last, so that a command that says `python` finds one even where the system has only `python3`.
    passed["PATH"] = os.pathsep.join(
        filter(None, (passed.get("PATH", os.defpath), os.path.dirname(sys.executable)))
    )
    return (
        passed
        | dict.fromkeys(_ONE_THREAD, "1")
        | {"PYTHONHASHSEED": "0", "OMP_WAIT_POLICY": "PASSIVE", "MPLBACKEND": "Agg"}
    )


def write_frame(stream: BinaryIO, body: bytes) -> None:
    """Write one length-prefixed frame and flush it."""
    stream.write(len(body).to_bytes(4, "big") + body)
    stream.flush()


def read_frame(stream: BinaryIO) -> bytes | None:
    """Read one frame; None at the end of the stream."""
    head = _read_exactly(stream, 4)
    if head is None:
        return None
    size = int.from_bytes(head, "big")
    return _read_exactly(stream, size) if size <= MAX_FRAME else None


def _read_exactly(stream: BinaryIO, size: int) -> bytes | None:
    parts = []
    while size:
        part = stream.read(size)
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _start(jobs: int, replies: int, lifeline: int) -> str:
    # Moved to fixed numbers by way of numbers that cannot collide with them.
    return (
        "import os\n"
        f"for at, fd in enumerate(({jobs}, {replies}, {lifeline})): os.dup2(fd, 200 + at, inheritable=False); os.close(fd)\n"
        "for at in range(3): os.dup2(200 + at, 3 + at, inheritable=False); os.close(200 + at)\n"
        "from journeyman.verify.lane_main import main\n"
        "main()\n"
    )
