"""Real calls of the command line, and a small wrapped simulator to make runs with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SIMULATOR = """
import json, sys, time, tomllib
values = tomllib.load(open(sys.argv[1], "rb"))
time.sleep(values.get("pause", 0))
if values["width"] < 0:
    sys.exit("sim: width cannot be negative")
json.dump({"mass_kg": values["width"] * 2, "stress_mpa": 400 / values["width"]}, open(sys.argv[2], "w"))
"""


@dataclass(frozen=True)
class Called:
    """How a call ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout; anything else there is an error."""

        def refuse(constant: str) -> None:
            raise ValueError(f"{constant} is not JSON")

        return json.loads(self.out, parse_constant=refuse)


Call = Callable[..., Called]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory with runs and cache of its own."""
    monkeypatch.setenv("JOURNEYMAN_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "JOURNEYMAN_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def call(home: Path) -> Call:
    """`call("task", "list")` is `journeyman task list` in a process of its own."""

    def run(*words: str, env: dict[str, str] | None = None, stdin: str = "") -> Called:
        done = subprocess.run(
            [sys.executable, "-m", "journeyman", *words], capture_output=True, text=True, input=stdin, timeout=120,
            env={**os.environ, **(env or {})}, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return Called(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def simulator(home: Path) -> Path:
    """sim.py and params.toml in the working directory."""
    (home / "sim.py").write_text(SIMULATOR)
    (home / "params.toml").write_text("width = 10.0\n")
    return home


@pytest.fixture
def task(simulator: Path) -> Path:
    """The same, wrapped as the task folder `beam`."""
    from journeyman import wrap_task

    wrap_task(
        f"{sys.executable} sim.py {{design}} {{out}}", "params.toml", minimize="mass_kg", constraints=["stress_mpa<=250"],
        to="beam",
    )  # fmt: skip
    return simulator / "beam"


@pytest.fixture
def script(home: Path) -> Path:
    """Four candidates: better, infeasible, broken, best."""
    candidates: list[Any] = ["width = 5.0\n", "width = 1.0\n", "width = = 3\n", {"params.toml": "width = 2.0\n"}]
    path = home / "script.json"
    path.write_text(json.dumps(candidates))
    return path
