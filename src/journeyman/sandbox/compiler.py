"""From source text to programs, inside walls: the candidate's, and the reference's that it is measured against.

Compiling reads hostile text with a large trusted program, so it has walls of its own: the toolchain's files are all there
is to see, there is no network, and time, memory, processes and output are limited. No code of the candidate runs here.

The candidate's objects keep only the functions that the task asks for; every other name in them becomes private. A `write`
or `main` of the candidate therefore replaces nobody else's. Where the host can, programs are linked statically: they need
no file at all when they run, so none can be shown to them.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Self

import msgspec
from msgspec import Struct

from journeyman.errors import CandidateFailure, MissingExtra, SandboxFailure, UsageError
from journeyman.sandbox.box import Sandbox
from journeyman.sandbox.cpu import CpuClass, cpu_class
from journeyman.sandbox.limits import Limits
from journeyman.sandbox.program import ProgramEnded
from journeyman.sandbox.toolchain import Toolchain, find_library, find_toolchain, shared_libraries

C_SUFFIXES = (".c",)
CXX_SUFFIXES = (".cc", ".cpp", ".cxx")
_KEPT = 32
_COMPILING = Limits(
    wall_s=30, cpu_s=20, memory_mb=1024, processes=16, open_files=128, output_mb=4, scratch_mb=32
)  # fmt: skip


class BuildOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """The `[build]` table of a task.

    - `exports`: functions that a candidate defines with C linkage, and the harness calls.
    - `harness`: a C file of the task folder that defines the functions of `blocks.h`.
    - `reference`: a C file of the task folder that defines the same exports: what a candidate is measured against.
    - `flags`: compiler flags for every file; `march`: the instruction set class for each machine (`uname -m`).
    - `c_standard`, `cxx_standard`: language standards.
    - `libraries`: shared libraries that only the reference may see: a macro's name, and file names to look for; the
      first found is given to the reference as a string macro.
    - `link`: linker inputs for both, such as `-lm`.
    - `compile`: limits of compiling and linking.
    """

    exports: tuple[str, ...]
    harness: str = "harness.c"
    reference: str = "reference.c"
    flags: tuple[str, ...] = ("-O3",)
    march: dict[str, str] = {}
    c_standard: str = "c17"
    cxx_standard: str = "c++20"
    libraries: dict[str, tuple[str, ...]] = {}
    link: tuple[str, ...] = ("-lm",)
    compile: Limits = _COMPILING


class Executable(Struct, frozen=True):
    """A linked program. `digest` is the SHA-256 of the sources and flags it was made from; `view` the files it may see."""

    name: str
    data: bytes
    digest: str
    view: tuple[str, ...]


class Compiler:
    """A toolchain behind walls, and the programs it has made. Not thread-safe; owned by one verifier process.

    `sandbox` is the walls it works in, `options` the `[build]` table, `folder` the task's, where the harness and the
    reference are.

    Raises MissingExtra where the host has no compiler or lacks a library that the reference needs, UsageError for a wrong
    table or a processor that cannot run what the task compiles for.
    """

    def __init__(self, sandbox: Sandbox, options: BuildOptions | Mapping[str, Any], folder: Path) -> None:
        self.sandbox = sandbox
        self.options = options if isinstance(options, BuildOptions) else read_options(options)
        self.cpu: CpuClass = cpu_class()
        self._march = self.options.march.get(platform.machine(), "")
        if lacking := self.cpu.lacks(self._march):
            raise UsageError(f"this task compiles for {self._march}, this processor lacks {', '.join(lacking)}; use another")
        self._folder = folder
        self._libraries = _find_libraries(self.options)
        self._tools: Toolchain = find_toolchain()
        self._made: dict[str, bytes | CandidateFailure] = {}
        self._second: Sandbox | None = None

    def second_sandbox(self) -> Sandbox:
        """Walls for the reference, like the first: one sandbox runs one program at a time."""
        if self._second is None:
            embedded = "embedded" if self.sandbox.detail.startswith("embedded") else None
            self._second = Sandbox(level=self.sandbox.level, wall=embedded)
        return self._second

    def close(self) -> None:
        """End the second sandbox; the first belongs to the caller. Idempotent."""
        if self._second is not None:
            self._second.close()
            self._second = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def candidate(self, files: Mapping[str, bytes]) -> Executable:
        """The candidate's program, made once for the same sources.

        Raises CandidateFailure: `compile` with the first lines of what the compiler said, or the limit that was hit.
        """
        tools = self._tools
        key = _digest("candidate", files)
        if key not in self._made:
            try:
                self._keep(key, self._make_candidate(files))
            except CandidateFailure as failure:
                self._keep(key, failure)
        made = self._made[key]
        if isinstance(made, CandidateFailure):
            raise CandidateFailure(made.end, str(made))
        return Executable("candidate", made, key, () if tools.static else tools.run_view)

    def reference(self) -> Executable:
        """The reference's program. Raises SandboxFailure where it cannot be made: that is the task's fault."""
        source = self._own_file(self.options.reference)
        libraries = list(self._libraries.values())
        key = _digest("reference", {"reference.c": source})
        if key not in self._made:
            macros = [f'-D{name}="{path}"' for name, path in self._libraries.items()]
            objects = self._compile("reference", {"reference.c": source}, ["reference.c"], macros)
            self._keep(key, self._link("reference", {**self._harness(), **objects}, static=False, cxx=False))
        made = self._made[key]
        assert isinstance(made, bytes)
        view = (*self._tools.run_view, *libraries, *shared_libraries(libraries))
        return Executable("reference", made, key, view)

    def _make_candidate(self, files: Mapping[str, bytes]) -> bytes:
        c = sorted(path for path in files if PurePosixPath(path).suffix in C_SUFFIXES)
        cxx = sorted(path for path in files if PurePosixPath(path).suffix in CXX_SUFFIXES)
        if not c and not cxx:
            endings = ", ".join((*C_SUFFIXES, *CXX_SUFFIXES))
            raise CandidateFailure("compile", f"the candidate has no source file ending in {endings}")
        objects = {**self._compile("candidate", files, c), **self._compile("candidate", files, cxx)}
        return self._link(
            "candidate", {**self._harness(), **self._hide(objects)}, static=self._tools.static, cxx=bool(cxx)
        )

    def _harness(self) -> dict[str, bytes]:
        """Our own two objects, compiled once."""
        native = resources.files("journeyman.sandbox") / "native"
        files = {name: (native / name).read_bytes() for name in ("blocks.c", "blocks.h")}
        files["harness.c"] = self._own_file(self.options.harness)
        key = _digest("harness", files)
        names = ["blocks.c", "harness.c"]
        if f"{key}/blocks.o" not in self._made or f"{key}/harness.o" not in self._made:
            for name, data in self._compile("harness", files, names).items():
                self._keep(f"{key}/{name}", data)
        found = {f"our-{name}": self._made[f"{key}/{name}"] for name in ("blocks.o", "harness.o")}
        return {name: data for name, data in found.items() if isinstance(data, bytes)}

    def _own_file(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise UsageError(f"the [build] table names {name!r}: {self._folder / name}: {error.strerror}") from error

    def _compile(
        self, whose: str, files: Mapping[str, bytes], sources: Sequence[str], macros: Sequence[str] = ()
    ) -> dict[str, bytes]:
        """Object files of `sources`, all of one language, by name."""
        if not sources:
            return {}
        cxx = PurePosixPath(sources[0]).suffix in CXX_SUFFIXES
        driver = self._tools.cxx if cxx else self._tools.c
        if not driver:
            raise MissingExtra("the candidate is C++ and this host compiles C only; install it with 'apt-get install g++'")
        wanted = [f"{PurePosixPath(source).stem}.o" for source in sources]
        if len(set(wanted)) < len(wanted):
            raise CandidateFailure("compile", f"two source files of one name make one object file: {', '.join(sources)}")
        standard = f"-std={self.options.cxx_standard if cxx else self.options.c_standard}"
        argv = [driver, standard, *self._flags(), *macros, "-I.", "-c", *(f"./{source}" for source in sources)]
        ended = self._execute(whose, argv, files, wanted, self._tools.compile_view)
        _require(whose, ended, wanted)
        return ended.files

    def _hide(self, objects: Mapping[str, bytes]) -> dict[str, bytes]:
        """The candidate's objects as one, whose only global definitions are the task's exports."""
        if len(objects) > 1:
            # Joined first, so that the files of one candidate still see one another's functions.
            argv = [self._tools.ld, "-r", "-o", "joined.o", *sorted(objects)]
            ended = self._execute("candidate", argv, objects, ["joined.o"], self._tools.link_view)
            _require("candidate", ended, ["joined.o"])
            objects = ended.files
        [(name, data)] = objects.items()
        keep = [f"--keep-global-symbol={symbol}" for symbol in self.options.exports]
        argv = [self._tools.objcopy, *keep, name, "hidden.o"]
        ended = self._execute("candidate", argv, {name: data}, ["hidden.o"], self._tools.link_view)
        _require("candidate", ended, ["hidden.o"])
        return ended.files

    def _link(self, whose: str, objects: Mapping[str, bytes], *, static: bool, cxx: bool) -> bytes:
        driver = self._tools.cxx if cxx else self._tools.c
        argv = [driver, "-o", "program", *sorted(objects), *self.options.link]
        # No plugin: it would run the optimiser on whatever intermediate code an object claims to hold.
        argv += ["-fno-lto", "-fno-use-linker-plugin", "-no-pie", "-Wl,-z,noexecstack", "-Wl,--build-id=none"]
        argv += ["-static"] if static else ["-ldl"]
        ended = self._execute(whose, argv, objects, ["program"], self._tools.link_view)
        missing = [name for name in self.options.exports if f"undefined reference to `{name}'" in ended.stderr]
        if whose == "candidate" and missing:
            raise CandidateFailure("compile", f"the candidate defines no function {missing[0]!r} with C linkage")
        _require(whose, ended, ["program"])
        return ended.files["program"]

    def _execute(
        self, whose: str, argv: Sequence[str], files: Mapping[str, bytes], fetch: Sequence[str], view: Sequence[str]
    ) -> ProgramEnded:
        environment = {"LC_ALL": "C", "LANG": "C"}
        # A sandbox runs one program at a time, and the candidate's may be running when the reference is first asked for.
        walls = self.sandbox if whose == "candidate" else self.second_sandbox()
        return walls.spawn(
            argv, files=files, fetch=fetch, environment=environment, limits=self.options.compile, only=view
        )

    def _flags(self) -> list[str]:
        march = [f"-march={self._march}"] if self._march else []
        return [
            *self.options.flags, *march, "-fno-lto", "-fno-pie", "-fno-diagnostics-color",
            "-fmax-errors=5" if "clang" not in self._tools.version else "-ferror-limit=5",
        ]  # fmt: skip

    def _keep(self, key: str, made: bytes | CandidateFailure) -> None:
        while len(self._made) >= _KEPT:
            # The harness and the reference, made first, are made again when they have fallen out: that is harmless.
            self._made.pop(next(iter(self._made)))
        self._made[key] = made


def read_options(table: Mapping[str, Any]) -> BuildOptions:
    """The `[build]` table, decoded strictly. Raises UsageError naming the key at fault."""
    try:
        options = msgspec.convert(dict(table), BuildOptions)
    except msgspec.ValidationError as error:
        raise UsageError(f"the [build] table cannot be used: {error}") from error
    for name in options.exports:
        if not name.isidentifier():
            raise UsageError(f"the [build] table exports {name!r}, which is no name of a function")
    return options


def _find_libraries(options: BuildOptions) -> dict[str, str]:
    found: dict[str, str] = {}
    for macro, names in options.libraries.items():
        path = find_library(names)
        if path is None:
            wanted = " or ".join(names)
            raise MissingExtra(f"the reference needs {wanted}, not on this host; install it: apt-get install openssl")
        found[macro] = path
    return found


def _require(whose: str, ended: ProgramEnded, wanted: Sequence[str]) -> None:
    """Raise unless the tool ended well and made its files: CandidateFailure for a candidate's, else SandboxFailure."""
    if ended.end == "exited" and ended.status == 0 and all(name in ended.files for name in wanted):
        return
    if ended.end == "exited":
        end, text = "compile", _first_lines(ended.stderr) or "; ".join(ended.problems.values()) or ended.message
    else:
        end, text = "compile", f"compiling was ended: {ended.message}"
    if whose != "candidate":
        raise SandboxFailure(f"the task's {whose} does not compile: {text}")
    raise CandidateFailure(end, f"does not compile: {text}" if ended.end == "exited" else text)


def _first_lines(text: str, count: int = 12, longest: int = 1500) -> str:
    # What follows the first line is quoted: sources choose the names and words in a compiler's messages, line breaks too.
    return "\n  | ".join(text.strip().splitlines()[:count])[:longest].replace("./", "")


def _digest(kind: str, files: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256(kind.encode())
    for path in sorted(files):
        whole.update(f"|{len(path)}:{path}|{len(files[path])}:".encode() + files[path])
    return whole.hexdigest()
