"""Measure a compiled candidate against a reference, from outside, so that neither can bend the measurement.

Both run behind walls in processes of their own. At any time at most one of them can run: the other is stopped, and the
kernel has confirmed it before the clock starts; both are stopped while answers are judged. A block of work is

    prepare   fresh random input, untimed
    work      a short request with a nonce that nobody can know beforehand; timed from the moment it is sent until its
              answer is here
    judge     the verifier's own function looks at the answer

Only this process reads clocks. A block counts the CPU time that the kernel accounts to the whole process since it was let
go: all threads, and work done before the request came, are in it, and what others do to the machine is hardly. It counts
the wall time of the round trip instead, less the time in which the kernel let others run, where that is longer by more than
a pipe's latency: whoever sleeps, or found somebody else to work for him, gains nothing.

    compiler = Compiler(sandbox, table, folder)     # one for each verifier process, it keeps what it compiled
    with Build(compiler, files, limits) as build:   # one for each candidate and instance
        ratio = build.compare([Block(prepare, work, judge), ...])
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Self, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from journeyman.errors import CandidateFailure, SandboxFailure, WrongAnswer
from journeyman.sandbox import frozen
from journeyman.sandbox.box import Sandbox
from journeyman.sandbox.compiler import Compiler, Executable
from journeyman.sandbox.cpu import CpuClass
from journeyman.sandbox.frozen import Gone
from journeyman.sandbox.limits import Limits
from journeyman.sandbox.ratio import Ratio, ratio_of

MAX_ANSWER = 1 << 16
# CPU time accounted to a stopped program: on a virtual machine some, when a thread is held up as it stops. More than this
# many seconds, and more than this share of the reference's time, is a program that wakes itself.
AWAKE_S, AWAKE_SHARE = 5e-3, 0.01
LATENCY_S = 3e-4  # waking up, twice, and this side's own steps; blocks are not much shorter
T = TypeVar("T")
_FRAME = struct.Struct("<cQ")
_LENGTH = struct.Struct("<I")


class Block(Struct, frozen=True):
    """One piece of work for both programs.

    - `prepare`: input sent beforehand, untimed, of any length; None keeps what the last block brought.
    - `work`: the timed request, at most 64 KiB. It should hold a nonce on which the answer depends from its first step.
    - `judge`: is given an answer (at most 64 KiB) and says in a sentence what is wrong with it, or None.
    """

    prepare: bytes | None
    work: bytes
    judge: Callable[[bytes], str | None]


class Build:
    """A candidate's sources, its program and the reference's. Use as a context manager; not thread-safe.

    `compiler` makes the programs and keeps them, so several builds of the same `files` compile once. `limits` are those of
    the candidate's program on one instance (its start to its end, whole program; stopped time counts towards `wall_s`).
    """

    def __init__(self, compiler: Compiler, files: Mapping[str, bytes], limits: Limits | None = None) -> None:
        self._compiler, self._files = compiler, dict(files)
        self._limits = limits or Limits()
        self._running: dict[str, Running] = {}
        self.wall_s = self.cpu_s = self.memory_mb = 0.0
        """What the candidate's programs that have ended used."""

    @property
    def cpu(self) -> CpuClass:
        """The class of processor that a ratio holds for."""
        return self._compiler.cpu

    def compile(self) -> Executable:
        """The candidate's program. Raises CandidateFailure with the end `compile` and the compiler's first lines."""
        return self._compiler.candidate(self._files)

    def candidate(self) -> Running:
        """The candidate's process, compiled and started when first asked for, stopped. Raises CandidateFailure."""
        return self._running.get("candidate") or self._start(self.compile(), self._compiler.sandbox)

    def reference(self) -> Running:
        """The reference's process, likewise. Raises SandboxFailure where it does not compile or start."""
        running = self._running.get("reference")
        return running or self._start(self._compiler.reference(), self._compiler.second_sandbox())

    def try_out(self, blocks: Iterable[Block]) -> None:
        """Give every block to the candidate alone and judge its answers, without timing.

        Raises WrongAnswer at the first wrong one, CandidateFailure if the program ends early or reaches a limit.
        """
        candidate = self.candidate()
        for block in blocks:
            self._judged(candidate, block)

    def compare(
        self, blocks: Iterable[Block], *, rounds: int = 1, warm: int = 1, confidence: float = 0.95
    ) -> Ratio:
        """Time every block on both programs, in turn and in alternating order, and judge every answer.

        The first `warm` blocks are judged but not counted. Of n further blocks, n // `rounds` pairs are made, each from
        blocks spread over the whole time, and the quickest block of either program counts in each. One round is right
        where a program could put work off to a later block; several make a ratio steady on a busy machine, because what
        disturbs a block only ever makes it slower.

        Raises WrongAnswer at the first wrong answer of the candidate, CandidateFailure if its program ends early or
        reaches a limit, SandboxFailure where the reference is at fault, ValueError where the blocks make no pair.
        """
        candidate, reference = self.candidate(), self.reference()
        candidate_s: list[float] = []
        reference_s: list[float] = []
        for number, block in enumerate(blocks):
            if number % 2:
                ours, theirs = self._judged(reference, block), self._judged(candidate, block)
            else:
                theirs, ours = self._judged(candidate, block), self._judged(reference, block)
            if number >= warm:
                candidate_s.append(theirs)
                reference_s.append(ours)
        candidate.count_awake()
        if candidate.awake_s > max(AWAKE_S, AWAKE_SHARE * sum(reference_s)):
            raise CandidateFailure(
                "killed", f"the program woke itself while the other was timed, and ran for {candidate.awake_s * 1e3:.1f} ms"
            )
        pairs = len(candidate_s) // rounds
        theirs_s, ours_s = ([min(times[i::pairs]) for i in range(pairs)] for times in (candidate_s, reference_s))
        return ratio_of(theirs_s, ours_s, confidence)

    def close(self) -> None:
        """End both programs and wait until all of them is dead. Idempotent."""
        while self._running:
            name, running = self._running.popitem()
            running.close()
            if name == "candidate":
                self.wall_s += running.wall_s
                self.cpu_s += running.cpu_s
                self.memory_mb = max(self.memory_mb, running.memory_mb)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _start(self, executable: Executable, sandbox: Sandbox) -> Running:
        limits = self._limits
        if executable.name == "reference":
            # Its wall time is mostly the candidate's: one that dawdles must meet its own limit, never the reference's.
            limits = replace(limits, wall_s=2 * limits.wall_s + 30)
        self._running[executable.name] = Running(sandbox, executable, limits)
        return self._running[executable.name]

    @staticmethod
    def _judged(running: Running, block: Block) -> float:
        """Seconds of one block whose answer is right."""
        answer, seconds = running.answer(block)
        if (wrong := block.judge(answer)) is not None:
            if running.name == "reference":
                raise SandboxFailure(f"the reference gave a wrong answer: {wrong}")
            raise WrongAnswer(wrong)
        return seconds


class Running:
    """One program's process. It is stopped, except inside `answer`. Made by `Build`."""

    def __init__(self, sandbox: Sandbox, executable: Executable, limits: Limits) -> None:
        self.name = executable.name
        self.wall_s = self.cpu_s = self.memory_mb = 0.0
        self._program = sandbox.program(
            ["./program"], files={"program": executable.data}, limits=limits, only=executable.view
        )
        self.awake_s = self._stopped_s = 0.0
        try:
            self._guarded(self._stop)
        except BaseException:
            self._program.close()
            raise

    @property
    def pid(self) -> int:
        """The process, as this host numbers it."""
        return self._program.pid

    def answer(self, block: Block) -> tuple[bytes, float]:
        """(answer, seconds) of one block; the process runs for its input, is stopped, and runs for its work.

        Raises CandidateFailure when the program ends early, answers out of form or reaches a limit (SandboxFailure where
        it is the reference).
        """
        return self._guarded(lambda: self._answer(block))

    def close(self) -> None:
        """End the process and wait until it is dead. Idempotent."""
        self._program.close()
        ended = self._program.finish()
        self.wall_s, self.cpu_s, self.memory_mb = ended.wall_s, ended.cpu_s, ended.memory_mb

    def _stop(self) -> None:
        frozen.freeze(self._program.pid)
        self._stopped_s = frozen.cpu_s(self._program.pid)

    def count_awake(self) -> None:
        """Bring `awake_s`, the CPU seconds it has run while it was stopped, up to now. Raises as `answer` does."""
        self._guarded(self._count_awake)

    def _count_awake(self) -> None:
        """A kernel's timer can wake a stopped process by SIGCONT; what it then runs shows in its CPU time."""
        now = frozen.cpu_s(self._program.pid)
        self.awake_s += now - self._stopped_s
        self._stopped_s = now

    def _answer(self, block: Block) -> tuple[bytes, float]:
        pid = self._program.pid
        self._count_awake()
        if block.prepare is not None:
            frozen.thaw(pid)
            self._program.send(_FRAME.pack(b"P", len(block.prepare)) + block.prepare)
            if self._receive() != b"":
                raise CandidateFailure("malformed", "the program wrote an answer before it was asked")
            self._stop()
        request = _FRAME.pack(b"W", len(block.work)) + block.work
        used = frozen.cpu_s(pid)
        frozen.thaw(pid)
        waited = frozen.waited_s(pid) + frozen.waited_s()
        began = time.perf_counter()
        self._program.send(request)
        answer = self._receive()
        wall = time.perf_counter() - began
        # Before stopping it: what is waited from here on is no part of the time above.
        waited = frozen.waited_s(pid) + frozen.waited_s() - waited
        self._stop()
        used = self._stopped_s - used
        return answer, max(used, wall - waited - LATENCY_S)

    def _receive(self) -> bytes:
        (length,) = _LENGTH.unpack(self._program.receive(_LENGTH.size))
        if length > MAX_ANSWER:
            raise CandidateFailure("malformed", f"the program wrote where only answers go: {length} bytes announced")
        return self._program.receive(length)

    def _guarded(self, step: Callable[[], T]) -> T:
        """What a step gives; the death of the process, and the reference's failures, by their right names."""
        try:
            try:
                return step()
            except Gone:
                # Asking for one more byte tells how it ended.
                self._program.receive(1 << 30)
                raise SandboxFailure("a program that had ended gave an answer") from None
        except CandidateFailure as failure:
            if self.name == "reference":
                raise SandboxFailure(f"the reference failed: {failure}") from failure
            if failure.end == "exited":
                raise CandidateFailure("exited", f"{failure} before it had answered") from None
            raise
