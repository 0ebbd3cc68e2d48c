"""The shipped filters are what the generator makes, and answer as meant on both architectures."""

from __future__ import annotations

import importlib.util
import struct
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("seccomp_generator", ROOT / "tools" / "seccomp.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


gen = _load()


def run(code: bytes, arch: int, number: int, arguments: tuple[int, ...] = ()) -> int:
    """A classic BPF interpreter for the instructions that the generator uses; what the kernel would answer."""
    data = struct.pack(
        "<iIQ6Q", number if number < 2**31 else number - 2**32, arch, 0, *(list(arguments) + [0] * 6)[:6]
    )
    accumulator, at = 0, 0
    for _ in range(4096):
        op, jump_true, jump_false, k = struct.unpack_from("<HBBI", code, at * 8)
        at += 1
        if op == gen.LOAD:
            accumulator = struct.unpack_from("<I", data, k)[0]
        elif op == gen.RETURN:
            return int(k)
        else:
            holds = {
                gen.EQUAL: accumulator == k,
                gen.GREATER_OR_EQUAL: accumulator >= k,
                gen.ANY_BIT: bool(accumulator & k),
            }
            at += jump_true if holds[op] else jump_false
    raise AssertionError("the program does not end")


def test_the_shipped_filters_are_up_to_date() -> None:
    shipped = {path.name: path.read_bytes() for path in gen.FOLDER.iterdir()}
    assert shipped == gen.files()


@pytest.mark.parametrize("machine", list(gen.MACHINES))
class TestAnswers:
    def ask(self, machine: str, program: str, call: str, *arguments: int) -> int:
        number = gen.CALLS[call][list(gen.MACHINES).index(machine)]
        if number is None:
            pytest.skip(f"{machine} has no {call}")
        return run(gen.files()[f"{program}.{machine}.bpf"], gen.MACHINES[machine], number, arguments)

    def test_every_program_is_small_and_jumps_inside(self, machine: str) -> None:
        for name, code in gen.files().items():
            count = len(code) // 8
            assert count < 4096, name
            for at in range(count):
                op, yes, no, _ = struct.unpack_from("<HBBI", code, at * 8)
                if op not in (gen.LOAD, gen.RETURN):
                    assert at + 1 + max(yes, no) < count

    def test_another_architecture_is_killed(self, machine: str) -> None:
        for program in gen.PROGRAMS:
            code = gen.files()[f"{program}.{machine}.bpf"]
            assert run(code, 0x4000_0003, 1) == gen.KILL  # i386

    def test_x32_and_calls_of_the_future_do_not_exist(self, machine: str) -> None:
        code = gen.files()[f"base.{machine}.bpf"]
        for number in (gen.X32_BIT, gen.X32_BIT + 101, gen.NEWEST + 1, 0xFFFF_FFFF):
            assert run(code, gen.MACHINES[machine], number) == gen.ENOSYS

    @pytest.mark.parametrize(
        "call", ["ptrace", "mount", "unshare", "bpf", "io_uring_setup", "memfd_create", "keyctl", "shmget"]
    )
    def test_base_denies(self, machine: str, call: str) -> None:
        assert self.ask(machine, "base", call) == gen.EPERM

    def test_base_lets_threads_and_processes_be_made_but_no_namespaces(self, machine: str) -> None:
        assert self.ask(machine, "base", "clone", 0x11) == gen.ALLOW
        assert self.ask(machine, "base", "clone", 0x3D0F00) == gen.ALLOW
        for bit in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
            assert self.ask(machine, "base", "clone", 0x11 | bit) == gen.EPERM
        assert self.ask(machine, "base", "clone3") == gen.ENOSYS

    def test_single_lets_only_threads_be_made(self, machine: str) -> None:
        assert self.ask(machine, "single", "clone", 0x11) == gen.EAGAIN
        assert self.ask(machine, "single", "clone", 0x3D0F00) == gen.ALLOW

    def test_sockets(self, machine: str) -> None:
        assert [self.ask(machine, "base", "socket", family) for family in (1, 2, 10)] == [gen.ALLOW] * 3
        assert [self.ask(machine, "base", "socket", family) for family in (0, 16, 17, 38, 40)] == [
            gen.EAFNOSUPPORT
        ] * 5
        assert self.ask(machine, "offline", "socket", 1) == gen.EPERM
        assert self.ask(machine, "offline", "socketpair", 1) == gen.ALLOW
        assert self.ask(machine, "offline", "socketpair", 2) == gen.EPERM

    def test_arguments_of_offline(self, machine: str) -> None:
        assert self.ask(machine, "offline", "openat", 0, 0, 0x410002) == gen.EOPNOTSUPP
        assert self.ask(machine, "offline", "openat", 0, 0, 0x80042) == gen.ALLOW
        assert self.ask(machine, "offline", "ioctl", 0, 0x5401) == gen.ALLOW
        assert self.ask(machine, "offline", "ioctl", 0, 0x40086602) == gen.ENOTTY
        assert self.ask(machine, "offline", "prlimit64", 0) == gen.ALLOW
        assert self.ask(machine, "offline", "prlimit64", 1234) == gen.EPERM

    def test_noexec(self, machine: str) -> None:
        assert self.ask(machine, "noexec", "execve") == gen.EPERM
        assert self.ask(machine, "noexec", "execveat") == gen.EPERM


@given(
    st.integers(0, 2**32 - 1),
    st.tuples(*[st.integers(0, 2**64 - 1)] * 6),
    st.sampled_from(sorted(gen.files())),
)
def test_any_call_gets_an_answer_and_unnamed_ones_are_allowed(
    number: int, arguments: tuple[int, ...], name: str
) -> None:
    program, machine, _ = name.split(".")
    column = list(gen.MACHINES).index(machine)
    answer = run(gen.files()[name], gen.MACHINES[machine], number, arguments)
    named = {gen.CALLS[call][column] for rule in gen.PROGRAMS[program] for call in rule.calls.split()}
    if number > gen.NEWEST:
        assert answer == gen.ENOSYS
    elif number not in named:
        assert answer == gen.ALLOW
