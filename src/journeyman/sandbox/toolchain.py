"""Find the host's C and C++ compiler and say exactly which files it needs to see. Runs trusted host programs only."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from journeyman.errors import MissingExtra, SandboxFailure

_INSTALL = "install one with 'apt-get install gcc g++' (or your system's like)"
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}


class Toolchain(Struct, frozen=True):
    """A compiler and what belongs to it. Paths are absolute; folders are shown whole, files alone.

    - `c`, `cxx`: the compiler drivers; `cxx` is "" where the host compiles C only.
    - `objcopy`, `ld`: the tools that hide symbols of an object file and that join object files.
    - `compile_view`: what compiling needs: the compiler, its headers, the assembler, and their shared libraries.
    - `link_view`: what linking needs besides: the linker and the folders of the system's libraries.
    - `static`: whether programs can be linked statically; they then need no file at all to run.
    - `run_view`: what other programs need: the C library and its like.
    - `version`: the compiler's own words.
    """

    c: str
    cxx: str
    objcopy: str
    ld: str
    compile_view: tuple[str, ...]
    link_view: tuple[str, ...]
    run_view: tuple[str, ...]
    static: bool
    version: str


def find_toolchain() -> Toolchain:
    """The host's gcc, else cc or clang. Raises MissingExtra, naming what to install, where there is none."""
    c = _which("gcc", "cc", "clang")
    objcopy = _which("objcopy", "llvm-objcopy")
    ld = _which("ld", "ld.lld")
    if not c or not objcopy or not ld:
        raise MissingExtra(f"compiled candidates need a C compiler with binutils and this host has none; {_INSTALL}")
    cxx = _which("g++", "c++", "clang++")
    programs = [c, objcopy, ld]
    for driver, names in ((c, ("cc1", "as")), (cxx, ("cc1plus", "as"))):
        programs += [p for name in names if driver and (p := _program(driver, name))]
    linkers = [p for name in ("collect2", "ld") if (p := _program(c, name))]
    include = _include_folders(c, "c") + (_include_folders(cxx, "c++") if cxx else [])
    libraries = _library_folders(c)
    if not Path("/usr/include/stdio.h").exists() and not any(Path(f, "stdio.h").exists() for f in include):
        raise MissingExtra(f"the C library's headers are missing; {_INSTALL.replace('gcc g++', 'libc6-dev')}")
    compiling = [p for driver in (c, cxx) if driver for p in _chain(driver)] + programs
    return Toolchain(
        c=c,
        cxx=cxx,
        objcopy=objcopy,
        ld=ld,
        compile_view=_unique([*compiling, *include, *shared_libraries(compiling)]),
        link_view=_unique([*compiling, *linkers, *shared_libraries([*compiling, *linkers]), *libraries]),
        run_view=_run_view(c),
        static=Path(_file(c, "libc.a")).is_absolute(),
        version=_output([c, "--version"]).splitlines()[0],
    )


def shared_libraries(programs: Iterable[str]) -> list[str]:
    """The shared libraries and dynamic loaders that these trusted programs or libraries of the host need, all levels."""
    found: list[str] = []
    for program in dict.fromkeys(programs):
        # ldd asks the loader, and the loader trusts the file: never for anything a candidate has had a hand in.
        listing = _output(["ldd", program], may_fail=True)
        found += re.findall(r"(?:=>|^)\s*(/\S+)\s+\(0x", listing, flags=re.MULTILINE)
    return list(dict.fromkeys(found))


def find_library(names: Sequence[str]) -> str | None:
    """The absolute path of the first of these shared libraries (`libcrypto.so.3`) that the host's loader knows."""
    listing = _output(["ldconfig", "-p"], may_fail=True)
    known: dict[str, str] = {}
    bits = "x86-64" if os.uname().machine == "x86_64" else os.uname().machine.lower()
    for name, kind, path in re.findall(r"^\s*(\S+) \(([^)]*)\) => (\S+)$", listing, flags=re.MULTILINE):
        if bits in kind.lower() or "aarch64" in kind.lower():
            known.setdefault(name, path)
    folders = [f"/usr/lib/{os.uname().machine}-linux-gnu", "/usr/lib64", "/lib64", "/usr/lib", "/usr/local/lib"]
    for name in names:
        if name in known:
            return known[name]
        for folder in folders:
            if (path := Path(folder, name)).is_file():
                return str(path)
    return None


def _which(*names: str) -> str:
    paths = (shutil.which(name, path=_ENVIRONMENT["PATH"] + ":/usr/sbin:/sbin") for name in names)
    return next((path for path in paths if path), "")


def _output(argv: Sequence[str], *, may_fail: bool = False) -> str:
    program = _which(argv[0]) if "/" not in argv[0] else argv[0]
    if not program:
        return ""
    done = subprocess.run(
        [program, *argv[1:]], env=_ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20,
        check=False,
    )  # fmt: skip
    if done.returncode != 0 and not may_fail:
        raise SandboxFailure(f"'{' '.join(argv)}' failed: {(done.stderr or done.stdout).strip()[:200]}")
    return done.stdout + done.stderr


def _program(driver: str, name: str) -> str:
    found = _output([driver, f"-print-prog-name={name}"], may_fail=True).strip()
    return found if found.startswith("/") else _which(name)


def _file(driver: str, name: str) -> str:
    return _output([driver, f"-print-file-name={name}"], may_fail=True).strip()


def _include_folders(driver: str, language: str) -> list[str]:
    text = _output([driver, "-E", "-v", "-x", language, "/dev/null"], may_fail=True)
    listed = re.search(r"#include <\.\.\.> search starts here:\n(.*?)End of search list", text, flags=re.DOTALL)
    folders = [os.path.normpath(line.strip()) for line in listed[1].splitlines()] if listed else []
    # What an administrator put into /usr/local is no part of the toolchain.
    return [f for f in folders if not f.startswith("/usr/local") and Path(f).is_dir()]


def _library_folders(driver: str) -> list[str]:
    files = (_file(driver, n) for n in ("libgcc.a", "crt1.o", "libc.so", "libc.a", "libm.so", "libstdc++.a", "libc.so.6"))
    return list(dict.fromkeys(os.path.dirname(os.path.realpath(f)) for f in files if f.startswith("/")))


def _run_view(driver: str) -> tuple[str, ...]:
    names = ("libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "libdl.so.2", "libpthread.so.0")
    files = [os.path.normpath(f) for name in names if (f := _file(driver, name)).startswith("/")]
    return _unique([*files, *shared_libraries(files)])


def _chain(program: str) -> list[str]:
    """A program and every link on the way to the file it is: /usr/bin/gcc, gcc-12, x86_64-linux-gnu-gcc-12."""
    chain = [program]
    while os.path.islink(chain[-1]) and len(chain) < 8:
        chain.append(os.path.normpath(os.path.join(os.path.dirname(chain[-1]), os.readlink(chain[-1]))))
    return chain


def _unique(paths: Iterable[str]) -> tuple[str, ...]:
    seen: list[str] = []
    for path in paths:
        for form in (path, os.path.realpath(path)):
            if form and form not in seen and os.path.exists(form):
                seen.append(form)
    return tuple(seen)
