"""A target for compiled candidates: a chain of one cheap function, `mix`, so that a test takes milliseconds."""

from __future__ import annotations

import secrets
import textwrap

import pytest

from journeyman.errors import CandidateFailure, WrongAnswer
from journeyman.sandbox import Limits
from journeyman.sandbox.build import Block, Build
from journeyman.sandbox.compiler import Compiler

HARNESS = """
#include "blocks.h"
#include <string.h>
uint32_t mix(uint32_t x);
int blocks_start(void) { return 0; }
int blocks_prepare(uint8_t *data, size_t length) { (void)data; (void)length; return 0; }
size_t blocks_work(const uint8_t *request, size_t length, uint8_t *answer, size_t room) {
    uint32_t x, n;
    if (length != 8 || room < 4) return SIZE_MAX;
    memcpy(&x, request, 4);
    memcpy(&n, request + 4, 4);
    while (n-- > 0) x = mix(x);
    memcpy(answer, &x, 4);
    return 4;
}
"""
MIX = "x * 2654435761u ^ x >> 15"
HONEST = f"#include <stdint.h>\nuint32_t mix(uint32_t x) {{ return {MIX}; }}\n"
OPTIONS = {
    "exports": ["mix"], "reference": "reference.c", "flags": ["-O2"],
    "compile": {"cpu_s": 3, "wall_s": 20, "processes": 16, "memory_mb": 512, "output_mb": 4, "scratch_mb": 16},
}  # fmt: skip
LIMITS = Limits(wall_s=10, cpu_s=2, memory_mb=64, output_mb=1)


def block(count: int = 500) -> Block:
    x = first = secrets.randbits(32)
    for _ in range(count):
        x = (x * 2654435761 & 0xFFFFFFFF) ^ x >> 15
    right = x.to_bytes(4, "little")
    work = first.to_bytes(4, "little") + count.to_bytes(4, "little")
    return Block(b"", work, lambda answer: None if answer == right else f"{answer.hex()} is not {right.hex()}")


def blocks(number: int = 9, count: int = 500) -> list[Block]:
    return [block(count) for _ in range(number)]


def build(compiler: Compiler, source: str, name: str = "mix.c", limits: Limits = LIMITS, **more: str) -> Build:
    files = {name: textwrap.dedent(source).encode(), **{k.replace("_", "."): v.encode() for k, v in more.items()}}
    return Build(compiler, files, limits)


def fails(compiler: Compiler, source: str, name: str = "mix.c") -> CandidateFailure:
    with build(compiler, source, name) as attempt, pytest.raises(CandidateFailure) as failure:
        attempt.compare(blocks())
    return failure.value


def wrong(compiler: Compiler, source: str) -> None:
    with build(compiler, source) as attempt, pytest.raises(WrongAnswer):
        attempt.compare(blocks())


def works(compiler: Compiler, source: str, name: str = "mix.c", **more: str) -> None:
    with build(compiler, source, name, **more) as attempt:
        assert attempt.compare(blocks()).pairs == 8


def fails_or_wrong(compiler: Compiler, source: str) -> str:
    with build(compiler, source) as attempt, pytest.raises((CandidateFailure, WrongAnswer)) as failure:
        attempt.compare(blocks())
    return str(failure.value)


def contained(compiler: Compiler, attack: str, head: str = "") -> None:
    """Run `attack` in a constructor; the candidate is honest only if it returned 0."""
    works(compiler, f"""
        #define _GNU_SOURCE
        #include <arpa/inet.h>
        #include <dlfcn.h>
        #include <fcntl.h>
        #include <signal.h>
        #include <stdint.h>
        #include <string.h>
        #include <sys/mount.h>
        #include <sys/ptrace.h>
        #include <sys/socket.h>
        #include <sys/stat.h>
        #include <sys/syscall.h>
        #include <sys/un.h>
        #include <unistd.h>
        {head}
        static int attack(void) {{ {attack} }}
        static int done;
        __attribute__((constructor)) static void early(void) {{ done = attack(); }}
        uint32_t mix(uint32_t x) {{ return done ? ~x : {MIX}; }}
    """)
