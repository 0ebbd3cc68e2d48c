"""Programs inside the same walls: files in, files out, a pipe each way."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from conftest import EVERY, Mark, open_box

from journeyman.errors import CandidateFailure
from journeyman.sandbox import Limits, Sandbox

SH = "/bin/sh"


def test_files_in_files_out(box: Sandbox) -> None:
    ended = box.spawn(
        [SH, "-c", "tr a-z A-Z < in/text > out; ln -s /etc/passwd link; mkdir folder; echo done; echo warn >&2; exit 3"],
        files={"in/text": b"hello"}, fetch=["out", "link", "folder", "absent", "link/x"], limits=Limits(processes=4),
    )  # fmt: skip
    assert (ended.end, ended.status, ended.message) == ("exited", 3, "the program exited with status 3")
    assert ended.stdout == b"done\n"
    assert ended.stderr == "warn\n"
    assert ended.files == {"out": b"HELLO"}
    assert set(ended.problems) == {"link", "folder", "absent", "link/x"}


def test_a_large_file_out(box: Sandbox) -> None:
    ended = box.spawn(
        [SH, "-c", "head -c 20000000 /dev/zero > big"], fetch=["big"], limits=Limits(processes=4)
    )
    assert len(ended.files["big"]) == 20_000_000


def test_stdin_is_read_to_its_end(box: Sandbox) -> None:
    data = bytes(range(256)) * 4000
    assert box.spawn(["/bin/cat"], stdin=data).stdout == data
    assert box.spawn(["/bin/true"], stdin=data).status == 0


def test_a_persistent_pipe(box: Sandbox) -> None:
    with box.program(["/bin/cat"]) as program:
        assert program.pid > 0
        for text in (b"one", b"twenty", b"x" * 300_000):
            program.send(text)
            assert program.receive(len(text)) == text
        ended = program.finish()
    assert (ended.status, ended.stdout) == (0, b"")
    assert program.finish() is ended


def test_a_program_that_ends_early(box: Sandbox) -> None:
    with box.program([SH, "-c", "echo hi; exit 4"]) as program:
        assert program.receive(3) == b"hi\n"
        with pytest.raises(CandidateFailure, match="the program exited with status 4"):
            program.receive(1)


@pytest.mark.parametrize(
    ("script", "limits", "end"),
    [
        ("sleep 60", Limits(wall_s=0.3, processes=3), "timeout"),
        ("while :; do :; done", Limits(cpu_s=0.3), "cpu"),
        (
            "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done",
            Limits(output_mb=0.5),
            "output",
        ),
        ("kill -9 $$", Limits(), "killed"),
    ],
)
def test_limits_hold_for_programs(box: Sandbox, script: str, limits: Limits, end: str) -> None:
    ended = box.spawn([SH, "-c", script], limits=limits)
    assert ended.end == end, ended
    assert ended.status is None


def test_a_program_that_is_not_there(box: Sandbox) -> None:
    ended = box.spawn(["/usr/bin/not-there"])
    assert ended.status == 127
    assert "No such file" in ended.stderr


def test_daemons_die_with_the_program(box: Sandbox, mark: Mark) -> None:
    script = (
        f"import ctypes, os, time\n{mark.take}\nif os.fork() == 0:\n os.setsid()\n os.fork()\n time.sleep(99)"
    )
    python = shutil.which("python3", path="/usr/bin")
    if python is None:
        pytest.skip("no /usr/bin/python3")
    assert box.spawn([python, "-c", script], limits=Limits(processes=6)).status == 0
    assert mark.alive() == []


@pytest.fixture(scope="module", params=EVERY)
def compiling(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox with limits that a compiler needs."""
    if not shutil.which("gcc", path="/usr/bin"):
        pytest.skip("no /usr/bin/gcc")
    with open_box(request.param, limits=Limits(processes=8, wall_s=60, cpu_s=60)) as sandbox:
        yield sandbox


def test_compile_and_run(compiling: Sandbox) -> None:
    source = b"""#include <stdio.h>
int main(void) { int c, n = 0; while ((c = getchar()) != EOF) n += c; printf("%d\\n", n); return 0; }
"""
    made = compiling.spawn(
        ["/usr/bin/gcc", "-O1", "-o", "sum", "sum.c"], files={"sum.c": source}, fetch=["sum"]
    )
    assert made.status == 0, made
    ended = compiling.spawn(["./sum"], files={"sum": made.files["sum"]}, stdin=b"abc", limits=Limits())
    assert ended.stdout == b"294\n", ended
