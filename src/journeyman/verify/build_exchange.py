"""The exchange of `build` tasks: the verifier gets a `Build`, compiles the candidate and measures it from outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from journeyman.sandbox import Sandbox
from journeyman.sandbox.build import Build
from journeyman.sandbox.compiler import Compiler
from journeyman.verify.candidate import Candidate
from journeyman.verify.exchange import _Counted, _label
from journeyman.verify.task import Instance, Task


class BuildExchange(_Counted):
    """One compiler for all candidates of a verifier process, so that equal sources are compiled once.

    Raises MissingExtra where there is no compiler, UsageError for a wrong `[build]` table.
    """

    def __init__(self, task: Task, sandbox: Sandbox) -> None:
        super().__init__(_label(sandbox))
        self._limits = task.limits
        self._compiler = Compiler(sandbox, task.file.build, task.folder)

    @contextmanager
    def open(self, candidate: Candidate, instance: Instance, turn: int) -> Iterator[Any]:
        build = Build(self._compiler, candidate.files, self._limits)
        try:
            with build:
                yield build
        finally:
            self._add(build.wall_s, build.cpu_s, build.memory_mb)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._compiler.close()
