"""What crosses the wall between a candidate and the verifier, for each kind of task.

`data`: the candidate is called once and its design comes back. `policy`: the verifier calls the candidate step by step.
`build`: the verifier compiles it and measures it from outside. `file`: the candidate is the design; nothing is run.
"""

from __future__ import annotations

import contextlib
import hashlib
import tomllib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from journeyman.errors import CandidateFailure, UsageError
from journeyman.verify.candidate import Candidate
from journeyman.verify.simulator import DesignFile
from journeyman.verify.task import Instance, Task
from journeyman.verify.verdict import clip

if TYPE_CHECKING:
    from journeyman.sandbox import Sandbox

PLAIN_DATA = "plain data"


class Usage(msgspec.Struct):
    """What the candidate's processes used: wall and CPU seconds, peak memory in MB."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    memory_mb: float = 0.0


class Exchanger(Protocol):
    """Gives the verifier its subject. `open` raises CandidateFailure where the candidate failed before it could."""

    level: str
    usage: Usage

    def open(self, candidate: Candidate, instance: Instance, turn: int) -> AbstractContextManager[Any]:
        """The subject for one scoring; everything of the candidate has ended when the context has."""
        ...

    def reset_usage(self) -> None:
        """Count from zero again."""
        ...


class _Counted:
    def __init__(self, level: str) -> None:
        self.level = level
        self.usage = Usage()

    def reset_usage(self) -> None:
        self.usage = Usage()

    def _add(self, wall_s: float, cpu_s: float, memory_mb: float) -> None:
        self.usage.wall_s += wall_s
        self.usage.cpu_s += cpu_s
        self.usage.memory_mb = max(self.usage.memory_mb, memory_mb)


class DataExchange(_Counted):
    """The candidate's function maps an instance to a design."""

    def __init__(self, task: Task, sandbox: Sandbox) -> None:
        super().__init__(_label(sandbox))
        self._task, self._sandbox = task, sandbox

    @contextmanager
    def open(self, candidate: Candidate, instance: Instance, turn: int) -> Iterator[Any]:
        section = self._task.file.candidate
        ended = self._sandbox.run(
            candidate.files, f"{PurePosixPath(self._task.main).stem}:{section.entry}", [instance.public],
            seed=_seed(instance, turn), limits=self._task.limits, result=section.result,
        )  # fmt: skip
        self._add(ended.wall_s, ended.cpu_s, ended.memory_mb)
        if ended.end != "returned":
            raise CandidateFailure(ended.end, _with_output(ended.message, ended.stderr))
        yield ended.value


class PolicyExchange(_Counted):
    """The verifier calls functions of the candidate's module, in one process that lives for the instance."""

    def __init__(self, task: Task, sandbox: Sandbox) -> None:
        super().__init__(_label(sandbox))
        self._task, self._sandbox = task, sandbox

    @contextmanager
    def open(self, candidate: Candidate, instance: Instance, turn: int) -> Iterator[Any]:
        stem = PurePosixPath(self._task.main).stem
        with self._sandbox.worker(
            candidate.files, stem, seed=_seed(instance, turn), limits=self._task.limits
        ) as worker:
            try:
                yield worker
            finally:
                self._add(worker.wall_s, worker.cpu_s, worker.memory_mb)


class FileExchange(_Counted):
    """The candidate's file is the design: parsed where it is TOML or JSON, else its text."""

    def __init__(self, task: Task) -> None:
        super().__init__(PLAIN_DATA)
        self._task = task

    @contextmanager
    def open(self, candidate: Candidate, instance: Instance, turn: int) -> Iterator[Any]:
        main = self._task.main
        value = parse_design(main, candidate)
        # A simulator reads the very bytes of the candidate, not a rendering of them.
        yield value if self._task.file.simulator is None else DesignFile(main, candidate.files[main], value)


class BuildExchange(_Counted):
    """The verifier compiles the candidate and measures it; one compiler for all candidates, so equal sources compile once.

    Raises MissingExtra where there is no compiler, UsageError for a wrong `[build]` table.
    """

    def __init__(self, task: Task, sandbox: Sandbox) -> None:
        from journeyman.sandbox.compiler import Compiler

        super().__init__(_label(sandbox))
        self._limits = task.limits
        self._compiler = Compiler(sandbox, task.file.build, task.folder)

    @contextmanager
    def open(self, candidate: Candidate, instance: Instance, turn: int) -> Iterator[Any]:
        from journeyman.sandbox.build import Build

        build = Build(self._compiler, candidate.files, self._limits)
        try:
            with build:
                yield build
        finally:
            self._add(build.wall_s, build.cpu_s, build.memory_mb)

    def close(self) -> None:
        """End what the compiler keeps."""
        self._compiler.close()


def parse_design(main: str, candidate: Candidate) -> Any:
    """The design that the file `main` holds. Raises CandidateFailure if it is absent or not what its name says."""
    if main not in candidate.files:
        raise CandidateFailure("malformed", f"the candidate has no file {main!r}")
    data = candidate.files[main]
    try:
        if main.endswith(".toml"):
            return tomllib.loads(data.decode())
        if main.endswith(".json"):
            return msgspec.json.decode(data)
        return data.decode()
    except (tomllib.TOMLDecodeError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CandidateFailure("malformed", f"{main} cannot be read: {error}") from error


@contextmanager
def open_exchange(task: Task, level: str | None) -> Iterator[Exchanger]:
    """The exchange of `task` at an isolation level (None: the best there is). Raises NoSandbox."""
    if task.exchange == "file":
        yield FileExchange(task)
        return
    from journeyman.sandbox import Level, Sandbox

    try:
        chosen = Level(level) if level else None
    except ValueError as error:
        raise UsageError(f"the level {level!r} is unknown; use one of {', '.join(Level)}") from error
    with contextlib.ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(level=chosen, packages=task.packages, limits=task.limits))
        if task.exchange == "data":
            yield DataExchange(task, sandbox)
        elif task.exchange == "policy":
            yield PolicyExchange(task, sandbox)
        else:
            yield stack.enter_context(contextlib.closing(BuildExchange(task, sandbox)))


def _label(sandbox: Sandbox) -> str:
    return f"{sandbox.level.value} ({sandbox.detail})" if sandbox.detail else sandbox.level.value


def _seed(instance: Instance, turn: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{instance.name}:{turn}".encode()).digest()[:4], "big")


def _with_output(message: str, stderr: str) -> str:
    """The failure, and below it what the candidate printed: quoted line by line, as it may pretend to be anybody."""
    tail = stderr.strip()
    if not tail or tail in message:
        return message
    quoted = "\n".join(f"  | {line}" for line in clip(tail, 1500).splitlines())
    return f"{message}\n  the candidate's own output:\n{quoted}"
