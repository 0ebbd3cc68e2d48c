"""Compiling hostile text: what comes of it, and what it can reach."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mix import HARNESS, HONEST, OPTIONS, build, fails, works

from journeyman.errors import UsageError
from journeyman.sandbox import Sandbox
from journeyman.sandbox.compiler import Compiler, read_options


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


@pytest.mark.parametrize("table", [{}, {"exports": ["mix"], "flag": []}, {"exports": ["-x"]}, {"exports": "mix"}])
def test_a_wrong_table_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="build"):
        read_options(table)


def test_a_missing_harness_is_named(compiler: Compiler, tmp_path: Path) -> None:
    with Compiler(compiler.sandbox, OPTIONS, tmp_path) as other, pytest.raises(UsageError, match=r"harness\.c"):
        build(other, HONEST).compile()


@pytest.mark.parametrize(
    "line",
    [
        '#include "/etc/passwd"',
        '#include "/proc/self/environ"',
        '#include "{folder}/harness.c"',
        '#include "harness.c"',
        "#include <openssl/../../../etc/shadow>",
        '__asm__(".incbin \\"/etc/passwd\\"");',
        '__asm__(".incbin \\"/proc/self/environ\\"");',
        '__asm__(".incbin \\"/usr/lib/x86_64-linux-gnu/libcrypto.so.3\\"");',
        '__asm__(".include \\"{folder}/harness.c\\"");',
        "#error \x1b[31mred",
        "int x = y;",
        "",
    ],
)
def test_what_does_not_compile(compiler: Compiler, folder: Path, line: str) -> None:
    if compiler.sandbox.level == "none" and "/" in line:
        pytest.skip("no isolation on this host")
    source = line.replace("{folder}", str(folder)) + "\n" + (HONEST if line else "")
    failure = fails(compiler, source)
    assert failure.end == "compile"
    assert "\x1b" not in str(failure)
    assert "root:" not in str(failure)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("mix.cpp", "template<int N> struct A { A<N - 1> a; A<N - 2> b; static const int v = A<N-1>::v + A<N-2>::v; };\n"
                    "template<long N, class T> struct B : B<N - 1, B<N - 1, T>> {};\nB<800, int> bomb;\n"),
        ("mix.c", HONEST + "char big[200000000] = {1};\n"),
        ("mix.c", HONEST + '__asm__(".fill 400000000, 1, 1");\n'),
        ("mix.c", HONEST + '__asm__(".rept 2000000000\\n.byte 1\\n.endr");\n'),
        ("mix.c", "".join(f"#define A{i + 1} {f'A{i} ' * 10}\n" for i in range(9)) + "A9 A9\n"),
        ("mix.c", '#include "/dev/zero"\n' + HONEST),
        ("mix.c", '#include "mix.c"\n' + HONEST),
    ],
    ids=["templates", "array", "fill", "rept", "macros", "zero", "itself"],
)  # fmt: skip
def test_bombs_for_the_compiler(compiler: Compiler, name: str, source: str) -> None:
    failure = fails(compiler, source, name)
    assert failure.end == "compile"
    assert len(str(failure)) < 3000


def test_a_candidate_without_sources_or_export(compiler: Compiler) -> None:
    assert "no source file" in str(fails(compiler, HONEST, "mix.txt"))
    assert "'mix'" in str(fails(compiler, "int other(void) { return 0; }\n"))
    assert fails(compiler, HONEST.replace("uint32_t mix", "static uint32_t mix")).end == "compile"


def test_host_environment_is_not_passed(compiler: Compiler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("C_INCLUDE_PATH", "/etc")
    monkeypatch.setenv("LD_PRELOAD", "/nowhere/evil.so")
    monkeypatch.setenv("GCC_EXEC_PREFIX", "/nowhere/")
    works(compiler, "#include <stdlib.h>\n" + HONEST.replace("return x", 'return getenv("LD_PRELOAD") ? 0 : x'))
