"""The sandbox: one warm zygote, and runs, workers and programs in rooms forked from it."""

from __future__ import annotations

import contextlib
import json
import resource
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from journeyman.errors import SandboxFailure, UsageError
from journeyman.sandbox.ending import ended
from journeyman.sandbox.level import Level
from journeyman.sandbox.limits import Ended, Limits, Plain
from journeyman.sandbox.program import Program, ProgramEnded
from journeyman.sandbox.room import Room
from journeyman.sandbox.start import Start, begin
from journeyman.sandbox.worker import Worker

MEBIBYTE = 1 << 20
_THREADS = 64  # in a candidate whose limit is one process


class Sandbox:
    """One warm zygote and what runs in it. Not thread-safe; owned by one process, which closes it.

    `level` None takes the best this host offers. `packages` are the distributions a candidate may import; with what they
    require they are all it sees besides the standard library. `wall` forces how the level `namespaces` is built:
    "bubblewrap" or "embedded". Raises NoSandbox when the level cannot be had, SandboxFailure when a package is missing.
    """

    def __init__(
        self,
        *,
        level: Level | str | None = None,
        packages: Sequence[str] = (),
        limits: Limits | None = None,
        wall: str | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._packages = tuple(packages)
        self._wall = wall
        self._room: Room | None = None
        self._start: Start | None = None
        self._start = begin(
            Level(level) if level is not None else None, self._packages, wall, self.limits.scratch_mb
        )
        self.level: Level = self._start.level
        self.detail: str = self._start.detail

    # --- the three ways to run something ----------------------------------------------------------------------------

    def run(
        self,
        files: Mapping[str, bytes],
        entry: str,
        args: Sequence[Plain] = (),
        *,
        seed: int = 0,
        limits: Limits | None = None,
        result: str = "json",
    ) -> Ended:
        """Call `entry` ("module:function") of `files` with `args` in a fresh process, and end it.

        `files` maps relative paths to contents; they lie in the scratch folder, the working directory. `args` are plain
        data; NaN and infinities arrive as floats. `result` is "json" (plain data) or "npz" (a dict of arrays).
        Never raises for a candidate's fault: that is in `Ended.end`. Raises SandboxFailure for our own. In namespaces a
        candidate of one process is the first of its PID namespace: a signal that it sends itself is lost without a handler.
        """
        module, _, function = entry.partition(":")
        if not module or not function or result not in ("json", "npz"):
            raise UsageError(
                f"cannot call {entry!r} for a {result!r}; an entry is 'module:function', a result json or npz"
            )
        job = {"module": module, "function": function, "seed": seed, "result": result}
        room = self._enter("run", files, job, json.dumps(list(args)).encode(), limits or self.limits)
        reason: str | None = "killed"
        cpu_s = 0.0
        try:
            reason = room.wait(room.frame_ready)
            cpu_s = room.cpu_s()
        finally:
            self._leave(room)
        return ended(room, reason, result, cpu_s)

    def worker(
        self, files: Mapping[str, bytes], module: str, *, seed: int = 0, limits: Limits | None = None
    ) -> Worker:
        """A fresh process with `module` imported, to be called many times. Raises CandidateFailure if the import fails."""
        job = {"module": module, "seed": seed}
        limits = limits or self.limits
        room = self._enter("worker", files, job, b"", limits)
        return Worker(room, self._leave)

    def program(
        self,
        argv: Sequence[str],
        *,
        files: Mapping[str, bytes] | None = None,
        fetch: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        only: Sequence[str] | None = None,
    ) -> Program:
        """Start a program and talk to it over its stdin and stdout.

        `argv[0]` is a path: absolute, or "./name" for one of `files`, which are all executable. `fetch` names files to
        bring out of the scratch folder after it has ended by itself. With `only` the program sees those files and folders
        of the system, devices and its scratch folder, and nothing else; at the level `none` it sees what there is.
        """
        job = {
            "argv": list(argv),
            "environment": {
                "PATH": "/usr/bin:/bin",
                "LANG": "C.UTF-8",
                "OMP_NUM_THREADS": "1",
                **(environment or {}),
            },
            "fetch": list(fetch),
        }
        room = self._enter("program", files or {}, job, b"", limits or self.limits, only)
        return Program(room, self._leave)

    def spawn(
        self,
        argv: Sequence[str],
        *,
        files: Mapping[str, bytes] | None = None,
        fetch: Sequence[str] = (),
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        only: Sequence[str] | None = None,
    ) -> ProgramEnded:
        """Run a program to its end: `program` with all of its input known."""
        with self.program(
            argv, files=files, fetch=fetch, environment=environment, limits=limits, only=only
        ) as program:
            program.send(stdin)
            return program.finish()

    # --- rooms ------------------------------------------------------------------------------------------------------

    def _enter(
        self,
        kind: str,
        files: Mapping[str, bytes],
        job: dict[str, Any],
        arguments: bytes,
        limits: Limits,
        only: Sequence[str] | None = None,
    ) -> Room:
        if self._room is not None:
            raise UsageError(
                "a worker or program of this sandbox is still open; close it first, or use a second sandbox"
            )
        start = self._begin_again(limits)
        scratch = start.new_scratch()
        program = kind == "program"
        request = {
            "kind": kind,
            "wall_s": limits.wall_s,
            "only": None if only is None else list(only),
            "alone": not program and limits.processes == 1,
            "scratch_bytes": limits.scratch_mb * MEBIBYTE,
            "limits": kernel_limits(limits, start),
            "filters": start.filter_names(processes=limits.processes, executes=program),
        }
        job |= {
            "scratch": scratch,
            "imports": start.imports_in_each_run,
            "arguments": len(arguments),
            "files": [
                [check_path(path), len(data), 0o700 if program else 0o600] for path, data in files.items()
            ],
            "fetch": [check_path(path) for path in job.get("fetch", ())],
            "fetch_bytes": limits.scratch_mb * MEBIBYTE,
        }
        if program:
            job["environment"] = {"HOME": scratch, "TMPDIR": scratch, **job["environment"]}
        header = json.dumps(job).encode()
        try:
            room = Room(
                start.zygote, request, limits, nested=start.nested, scratch=scratch if start.folder else None
            )
        except SandboxFailure:
            self._give_up()
            raise
        self._room = room
        room.feed([len(header).to_bytes(8, "little"), header, arguments, *files.values()])
        return room

    def _leave(self, room: Room) -> None:
        self._room = None
        try:
            room.close()
        except SandboxFailure:
            self._give_up()
            raise
        if self._start is not None:
            self._start.clear_scratch()
            if self._start.single_use:
                self._give_up()
        if (fault := room.fault()) is not None:
            raise SandboxFailure(f"the sandbox could not start a run: {fault}")

    def _begin_again(self, limits: Limits) -> Start:
        """The zygote of now, or a new one after the last was lost or, single-use, has another scratch folder."""
        if self._start is not None and self._start.single_use and self._start.scratch_mb != limits.scratch_mb:
            self._give_up()
        if self._start is None:
            self._start = begin(self.level, self._packages, self._wall, limits.scratch_mb)
        return self._start

    def _give_up(self) -> None:
        if self._start is not None:
            start, self._start = self._start, None
            start.close()

    def close(self) -> None:
        """End the zygote and everything in it, an open worker or program too. Idempotent."""
        room, self._room = self._room, None
        try:
            if room is not None:
                room.close()
        finally:
            self._give_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check_path(path: str) -> str:
    """A relative path of plain names. Raises UsageError for one that would leave the scratch folder."""
    parts = path.split("/")
    if not path or "\0" in path or any(part in ("", ".", "..") for part in parts) or len(path) > 200:
        raise UsageError(f"the file name {path!r} is not a plain relative path")
    return path


def kernel_limits(limits: Limits, start: Start) -> dict[str, int]:
    """What the kernel enforces by itself, for each process, while our side watches the tree."""
    memory = limits.memory_mb * MEBIBYTE
    wanted = {
        "AS": memory,
        "CPU": int(limits.cpu_s) + 2,  # whole seconds, a backstop: the exact limit is watched from outside
        "NOFILE": limits.open_files,
        "FSIZE": limits.scratch_mb * MEBIBYTE,
        "CORE": 0,
        "MEMLOCK": 0,
        "MSGQUEUE": 0,
    }
    tasks = start.tasks_before_a_run()
    if tasks is not None:
        wanted["NPROC"] = tasks + (limits.processes if limits.processes > 1 else _THREADS)
    with contextlib.suppress(ValueError):
        stack = resource.getrlimit(resource.RLIMIT_STACK)[0]
        if stack == resource.RLIM_INFINITY or stack > 8 * MEBIBYTE:
            wanted["STACK"] = 8 * MEBIBYTE
    return wanted
