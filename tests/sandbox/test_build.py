"""Compiled candidates: what is timed, and what a candidate can do about it.

Wherever the measured speed would have to be believed, a test looks at what the kernel says instead: who was stopped, who
used CPU time.
"""

from __future__ import annotations

import os
import socket
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from mix import (
    HARNESS,
    HONEST,
    MIX,
    OPTIONS,
    block,
    blocks,
    build,
    contained,
    fails,
    fails_or_wrong,
    works,
    wrong,
)

from journeyman.errors import CandidateFailure, SandboxFailure, WrongAnswer
from journeyman.sandbox import Limits, Sandbox, frozen
from journeyman.sandbox.compiler import Compiler


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mix")
    (folder / "harness.c").write_text(HARNESS)
    (folder / "reference.c").write_text(HONEST)
    return folder


@pytest.fixture(scope="module")
def compiler(folder: Path) -> Iterator[Compiler]:
    with Sandbox() as sandbox, Compiler(sandbox, OPTIONS, folder) as compiler:
        yield compiler


# --- what an honest candidate gets --------------------------------------------------------------------------------


def test_an_honest_candidate_is_timed_in_pairs(compiler: Compiler) -> None:
    with build(compiler, HONEST) as honest:
        ratio = honest.compare(blocks(13, 50_000 // 10), warm=1, rounds=2)
        assert ratio.pairs == 6
        assert 0 < ratio.low <= ratio.median <= ratio.high
        honest.close()
        assert honest.memory_mb > 0


def test_equal_sources_are_compiled_once(compiler: Compiler) -> None:
    first, second = build(compiler, HONEST).compile(), build(compiler, HONEST).compile()
    assert first.data is second.data
    assert build(compiler, HONEST + "\n").compile().digest != first.digest


def test_cxx_and_several_files(compiler: Compiler) -> None:
    source = '#include "part.h"\n#include <cstdint>\nextern "C" uint32_t mix(uint32_t x) { return part(x); }\n'
    more = {"part_h": "unsigned part(unsigned x);\n", "other_cpp": f"unsigned part(unsigned x) {{ return {MIX}; }}\n"}
    works(compiler, source, "mix.cpp", **more)


def test_printing_does_no_harm(compiler: Compiler) -> None:
    works(compiler, '#include <stdio.h>\n' + HONEST.replace("{ return", '{ puts("hello"); fflush(stdout); return'))


def test_a_wrong_reference_is_our_own_fault(folder: Path, compiler: Compiler) -> None:
    (folder / "bad.c").write_text("#include <stdint.h>\nuint32_t mix(uint32_t x) { return x; }\n")
    refused = pytest.raises(SandboxFailure, match="reference gave a wrong answer")
    options = {**OPTIONS, "reference": "bad.c"}
    with Compiler(compiler.sandbox, options, folder) as other, build(other, HONEST) as attempt, refused:
        attempt.compare(blocks())


# --- one of the two stands still ------------------------------------------------------------------------------------

SPINNER = """
    #include <pthread.h>
    static void *spin(void *p) { for (volatile long i = 0;; i++) {} return p; }
    __attribute__((constructor)) static void start(void) {
        pthread_t t;
        for (int i = 0; i < 4; i++) pthread_create(&t, 0, spin, 0);
    }
""" + HONEST


def test_spinning_threads_stand_still_while_the_reference_is_timed(compiler: Compiler) -> None:
    with build(compiler, SPINNER) as spinner:
        candidate, reference = spinner.candidate(), spinner.reference()
        candidate.answer(block())
        assert len(os.listdir(f"/proc/{candidate.pid}/task")) == 5
        assert frozen.is_frozen(candidate.pid)
        used = frozen.cpu_s(candidate.pid)
        for _ in range(5):
            reference.answer(block(20_000))
        assert frozen.cpu_s(candidate.pid) == used
        assert frozen.is_frozen(candidate.pid)
        used = frozen.cpu_s(reference.pid)
        candidate.answer(block())
        assert frozen.cpu_s(reference.pid) == used


def test_the_work_of_threads_counts(compiler: Compiler) -> None:
    # The main thread sleeps while four others burn CPU time: the block costs what they burnt, not what the clock says.
    source = """
        #include <pthread.h>
        #include <time.h>
        static void *burn(void *p) {
            struct timespec t;
            do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); while (t.tv_nsec < 50000000 && t.tv_sec == 0);
            return p;
        }
        #define main_part(x) do { pthread_t t[4]; for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, burn, 0); \\
            for (int i = 0; i < 4; i++) pthread_join(t[i], 0); } while (0)
    """ + HONEST.replace("{ return", "{ main_part(x); return")
    with build(compiler, "#define _GNU_SOURCE\n" + textwrap.dedent(source)) as threads:
        _, seconds = threads.candidate().answer(block(1))
    assert seconds >= 0.2


def test_sleeping_counts(compiler: Compiler) -> None:
    source = "#define _GNU_SOURCE\n#include <unistd.h>\n" + HONEST.replace("{ return", "{ usleep(30000); return")
    with build(compiler, source) as sleeper:
        _, seconds = sleeper.candidate().answer(block(1))
    assert seconds >= 0.025


# --- cheats -----------------------------------------------------------------------------------------------------------


def test_a_remembered_answer_is_wrong(compiler: Compiler) -> None:
    wrong(compiler, f"""
        #include <stdint.h>
        static uint32_t calls, last;
        uint32_t mix(uint32_t x) {{ return ++calls < 700 ? last = {MIX} : last; }}
    """)


def test_garbage_for_the_harness_only_is_wrong(compiler: Compiler) -> None:
    # Recognises that it is called in a row, as a timed chain does, by its own return address and counter.
    wrong(compiler, f"""
        #include <stdint.h>
        static void *from; static int row;
        uint32_t mix(uint32_t x) {{
            row = from == __builtin_return_address(0) ? row + 1 : 0;
            from = __builtin_return_address(0);
            return row > 100 ? x : {MIX};
        }}
    """)


@pytest.mark.parametrize("call", ["exit(0)", "_Exit(0)", "abort()", "*(volatile int *)0 = 0", "raise(SIGKILL)"])
def test_an_early_end_is_a_failure(compiler: Compiler, call: str) -> None:
    head = "#include <stdlib.h>\n#include <signal.h>\n"
    failure = fails(compiler, head + HONEST.replace("{ return", "{ " + call + "; return"))
    assert failure.end in ("exited", "killed")


def test_an_endless_loop_is_ended(compiler: Compiler) -> None:
    limits = Limits(wall_s=10, cpu_s=0.3, memory_mb=64)
    source = HONEST.replace("{ return", "{ for (volatile int i = 0;; i++) {} return")
    with build(compiler, source, limits=limits) as endless, pytest.raises(CandidateFailure) as failure:
        endless.compare(blocks())
    assert failure.value.end == "cpu"


def test_endless_sleep_is_ended(compiler: Compiler) -> None:
    limits = Limits(wall_s=0.6, cpu_s=2, memory_mb=64)
    source = "#include <unistd.h>\n" + HONEST.replace("{ return", "{ for (;;) sleep(1000); return")
    with build(compiler, source, limits=limits) as sleeper, pytest.raises(CandidateFailure) as failure:
        sleeper.compare(blocks())
    assert failure.value.end == "timeout"


@pytest.mark.parametrize("target", range(8))
def test_forged_answers_on_any_descriptor(compiler: Compiler, target: int) -> None:
    # Writes a well-formed answer wherever it can, then leaves: nothing but the right answer counts.
    forged = '"\\4\\0\\0\\0" "good"'
    failure = fails_or_wrong(compiler, f"""
        #include <stdint.h>
        #include <stdlib.h>
        #include <unistd.h>
        uint32_t mix(uint32_t x) {{
            for (int i = 0; i < 50; i++) (void)!write({target}, {forged}, 8);
            _Exit(0);
        }}
    """)
    assert failure


def test_a_huge_announced_answer_is_refused(compiler: Compiler) -> None:
    failure = fails(compiler, """
        #include <stdint.h>
        #include <unistd.h>
        __attribute__((constructor)) static void say(void) { (void)!write(1, "\\377\\377\\377\\177", 4); }
        uint32_t mix(uint32_t x) { return x; }
    """)
    assert failure.end == "malformed"


@pytest.mark.parametrize(
    "action", ['printf("hello\\n")', "exit(0)", "_exit(3)", "for (;;) {}", "for (;;) (void)!write(1, b, sizeof b)"]
)
def test_constructors(compiler: Compiler, action: str) -> None:
    source = f"""
        #include <stdio.h>
        #include <stdlib.h>
        #include <unistd.h>
        static char b[65536];
        __attribute__((constructor)) static void early(void) {{ (void)b; {action}; }}
    """
    limits = Limits(wall_s=5, cpu_s=0.3, memory_mb=64, output_mb=1)
    with build(compiler, textwrap.dedent(source) + HONEST, limits=limits) as attempt:
        if "printf" in action:
            attempt.compare(blocks())  # buffered, it comes out after the harness has moved stdout away
        else:
            with pytest.raises((CandidateFailure, WrongAnswer)):
                attempt.compare(blocks())


def test_forks_are_denied(compiler: Compiler) -> None:
    # The honest answer is given only if no way to a second process worked.
    contained(compiler, """
        if (fork() >= 0) return 1;
        if (vfork() >= 0) return 1;
        if (syscall(SYS_clone, 17, 0, 0, 0, 0) >= 0) return 1;
        return 0;
    """)


def test_no_network(compiler: Compiler) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        port = server.getsockname()[1]
        contained(compiler, f"""
            int s = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
            struct sockaddr_in a = {{.sin_family = AF_INET, .sin_port = htons({port}), .sin_addr = {{htonl(0x7f000001)}}}};
            return s >= 0 && connect(s, (struct sockaddr *)&a, sizeof a) == 0;
        """)
        with pytest.raises(TimeoutError):
            server.accept()


def test_no_ptrace_mount_or_signals(compiler: Compiler) -> None:
    contained(compiler, f"""
        if (ptrace(PTRACE_ATTACH, getppid(), 0, 0) == 0) return 1;
        if (syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0) == 0 && 0) return 1;
        if (mount("none", "/tmp", "tmpfs", 0, "") == 0) return 1;
        if (kill({os.getpid()}, SIGTERM) == 0 && getpid() != {os.getpid()}) return 1;
        return 0;
    """)


def test_no_files_of_the_host(compiler: Compiler, folder: Path) -> None:
    if compiler.sandbox.level == "none":
        pytest.skip("no isolation on this host")
    names = ["/etc/passwd", "/etc/shadow", "/proc/self/environ", "/proc/1/environ", "/usr/lib/os-release", "/usr/bin/env",
             str(folder / "harness.c"), str(Path(__file__)), str(Path.home())]  # fmt: skip
    listed = ", ".join(f'"{name}"' for name in names)
    contained(compiler, f"""
        const char *names[] = {{{listed}}};
        struct stat s;
        for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
            if (stat(names[i], &s) == 0 && open(names[i], O_RDONLY) >= 0) return 1;
        return 0;
    """)


def test_the_reference_library_cannot_be_borrowed(compiler: Compiler) -> None:
    if compiler.sandbox.level == "none":
        pytest.skip("no isolation on this host")
    contained(compiler, """
        return dlopen("libcrypto.so.3", RTLD_NOW) != 0 || dlopen("/lib/x86_64-linux-gnu/libcrypto.so.3", RTLD_NOW) != 0;
    """)


@pytest.mark.parametrize(
    "text",
    [
        "int write(int a, const void *b, unsigned long c) { (void)a; (void)b; (void)c; return -1; }",
        "int clock_gettime(int a, void *b) { (void)a; (void)b; return -1; }",
        "long read(int a, void *b, unsigned long c) { (void)a; (void)b; (void)c; return 0; }",
        "int main(void) { return 0; }",
        "void *memcpy(void *a, const void *b, unsigned long n) { char *p = a; while (n--) *p++ = 7; (void)b; return a; }",
        "unsigned long blocks_work(void) { return 0; }",
        "void _start(void) { for (;;) {} }",
        "int __libc_start_main(void) { for (;;) {} }",
    ],
)
def test_names_of_others_cannot_be_taken(compiler: Compiler, text: str) -> None:
    works(compiler, HONEST + "#pragma GCC diagnostic ignored \"-Wbuiltin-declaration-mismatch\"\n" + text + "\n")


def test_ifunc_works_and_gains_nothing(compiler: Compiler) -> None:
    works(compiler, f"""
        #include <stdint.h>
        static uint32_t plain(uint32_t x) {{ return {MIX}; }}
        static void *resolve(void) {{ return (void *)plain; }}
        uint32_t mix(uint32_t x) __attribute__((ifunc("resolve")));
    """)


# --- the kernel's accounts --------------------------------------------------------------------------------------------


def test_freezing_another_process_stops_all_its_threads() -> None:
    child = os.fork()
    if child == 0:
        for _ in range(2):
            threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True).start()
        while True:
            pass
    try:
        frozen.thaw(child)
        while frozen.cpu_s(child) < 0.05:
            os.sched_yield()
        frozen.freeze(child)
        used = frozen.cpu_s(child)
        assert frozen.is_frozen(child)
        for _ in range(200_000):
            pass
        assert frozen.cpu_s(child) == used
        frozen.thaw(child)
        while frozen.cpu_s(child) == used:
            os.sched_yield()
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    with pytest.raises(frozen.Gone):
        frozen.cpu_s(child)
    with pytest.raises(frozen.Gone):
        frozen.freeze(child)
