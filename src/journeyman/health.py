"""What this machine offers and what it lacks, each lack with the command that mends it.

Looking changes nothing and sends nothing: no endpoint is called, no key is read beyond whether it is set.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

State = Literal["here", "missing", "broken"]

# Import names of what each extra brings.
EXTRAS = {
    "tasks": ("ortools",),
    "frames": ("pandas", "pyarrow"),
    "distill": ("torch", "transformers", "accelerate", "peft", "math_verify", "pyarrow"),
    "foresee": ("gymnasium", "PIL", "sklearn"),
    "local": ("torch", "transformers"),
    "mcp": ("mcp",),
    "dev": ("pytest", "xdist", "pytest_timeout", "hypothesis", "ruff", "mypy", "importlinter", "build"),
}
CORE = (
    "numpy", "scipy", "msgspec", "typer", "rich", "httpx", "zstandard", "cmaes", "psutil", "matplotlib", "jinja2",
)  # fmt: skip
LEAST_FREE_MB = 500


@dataclass(frozen=True)
class Finding:
    """One thing looked for. `missing` costs a feature, `broken` stops everything; `mend` is a command or "".

    `detail` says what was found, or what does not work without it.
    """

    subject: str
    state: State
    detail: str
    mend: str = ""


@dataclass(frozen=True)
class Checkup:
    """All findings, in the order people read them."""

    findings: tuple[Finding, ...]

    @property
    def can_run(self) -> bool:
        """Whether anything can run here at all."""
        return not any(finding.state == "broken" for finding in self.findings)


def doctor() -> Checkup:
    """Look at Python, machine, disk, sandbox levels, compiler, libraries, extras, GPU and models. Raises nothing."""
    return Checkup(
        (
            _python(),
            _core(),
            _machine(),
            _disk(),
            *_sandbox(),
            _tasks(),
            _compiler(),
            _libcrypto(),
            *(_extra(name, modules) for name, modules in EXTRAS.items()),
            _gpu(),
            _models(),
        )
    )


def _python() -> Finding:
    return Finding("Python", "here", f"{platform.python_version()} at {sys.executable}, journeyman {_version('journeyman')}")


def _core() -> Finding:
    absent = [name for name in CORE if not _importable(name)]
    if absent:
        return Finding("core packages", "broken", f"not installed: {', '.join(absent)}", "pip install journeyman")
    return Finding("core packages", "here", f"all {len(CORE)} installed")


def _machine() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    detail = f"{platform.system()} {platform.release()} on {platform.machine()}, {cores} core{'s' * (cores != 1)} usable"
    if _importable("psutil"):
        import psutil

        memory = psutil.virtual_memory()
        detail += f", {memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GiB memory free"
    if platform.system() != "Linux":
        return Finding(
            "machine", "missing", detail + "; candidates are isolated on Linux only, wrapped simulators run anywhere",
            "use Linux, WSL 2 or a Linux container",
        )  # fmt: skip
    return Finding("machine", "here", detail)


def _disk() -> Finding:
    root = Path(os.environ.get("JOURNEYMAN_RUNS") or "runs").absolute()
    existing = next(folder for folder in (root, *root.parents) if folder.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding(
            "runs folder", "broken", f"{root} cannot be written", "export JOURNEYMAN_RUNS=/a/folder/you/own"
        )  # fmt: skip
    free_mb = shutil.disk_usage(existing).free / 1e6
    if free_mb < LEAST_FREE_MB:
        return Finding(
            "runs folder", "broken", f"{root} has {free_mb:.0f} MB left, a run wants {LEAST_FREE_MB}",
            "export JOURNEYMAN_RUNS=/a/folder/on/a/larger/disk",
        )  # fmt: skip
    return Finding("runs folder", "here", f"{root}, {free_mb / 1000:.1f} GB free")


def _sandbox() -> list[Finding]:
    from journeyman.sandbox import probe

    return [
        Finding(f"sandbox: {report.level}", "here" if report.available else "missing", report.detail, report.mend or "")
        for report in probe()
    ]


def _tasks() -> Finding:
    from journeyman.errors import JourneymanError
    from journeyman.verify import list_tasks

    try:
        names = [task.id for task in list_tasks()]
    except JourneymanError as error:
        return Finding("built-in tasks", "missing", str(error), "pip install --force-reinstall journeyman")
    return Finding("built-in tasks", "here", ", ".join(names) or "none")


def _compiler() -> Finding:
    found = [path for name in ("cc", "gcc", "clang") if (path := shutil.which(name))]
    if not found:
        return Finding(
            "C compiler", "missing", "tasks whose candidates are compiled (computing/...) need one",
            "apt-get install gcc g++   # or: dnf install gcc gcc-c++",
        )  # fmt: skip
    return Finding("C compiler", "here", f"{found[0]}, {_first_line([found[0], '--version'])}")


def _libcrypto() -> Finding:
    import ctypes
    import ctypes.util

    name = ctypes.util.find_library("crypto")
    if name is None:
        return Finding(
            "libcrypto", "missing", "computing/sha256 is measured against OpenSSL's library",
            "apt-get install libssl3   # or: dnf install openssl-libs",
        )  # fmt: skip
    library = ctypes.CDLL(name)
    library.OpenSSL_version.restype = ctypes.c_char_p
    return Finding("libcrypto", "here", f"{name}, {library.OpenSSL_version(0).decode(errors='replace')}")


def _extra(name: str, modules: tuple[str, ...]) -> Finding:
    absent = [module for module in modules if not _importable(module)]
    if absent:
        mend = f"pip install 'journeyman[{name}]'"
        return Finding(f"extra: {name}", "missing", f"not installed: {', '.join(absent)}", mend)
    return Finding(f"extra: {name}", "here", ", ".join(modules))


def _gpu() -> Finding:
    command = shutil.which("nvidia-smi")
    answer = _first_line([command, "--query-gpu=name,memory.total", "--format=csv,noheader"]) if command else ""
    if not answer:
        return Finding("GPU", "missing", "no NVIDIA GPU with a driver; 'distill' then works for small models only", "")
    return Finding("GPU", "here", answer)


def _models() -> Finding:
    from journeyman.errors import ModelConfigInvalid
    from journeyman.models import list_models
    from journeyman.models.config import models_file

    try:
        found, where = list_models(), models_file()
    except ModelConfigInvalid as error:
        return Finding("models", "missing", str(error), "see docs/models.md")
    url, key = os.environ.get("OPENAI_BASE_URL", ""), os.environ.get("OPENAI_API_KEY", "")
    if where is None and not url and not key:
        return Finding(
            "models", "missing", "no models.toml, OPENAI_BASE_URL or OPENAI_API_KEY; the embedded proposer needs none",
            "export OPENAI_API_KEY=..., or write a models.toml (docs/models.md)",
        )  # fmt: skip
    said = []
    if where is not None:
        lacking = [spec.key for spec in found.values() if spec.key and not os.environ.get(spec.key)]
        without = f", not set: {', '.join(dict.fromkeys(lacking))}" if lacking else ""
        said.append(f"{len(found)} in {where}{without}")
    if url or key:
        # A URL may carry a user and a password, and a query may carry a token: only the host is shown.
        host = urlsplit(url).hostname if url else "the default host"
        said.append(f"openai/NAME at {host or 'an unreadable URL'}, key {'set' if key else 'not set'}")
    return Finding("models", "here", f"{'; '.join(said)} (not called)")


def _importable(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "(not installed, run from its sources)"


def _first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, errors="replace", check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = done.stdout.strip().splitlines()
    return lines[0].strip() if done.returncode == 0 and lines else ""
