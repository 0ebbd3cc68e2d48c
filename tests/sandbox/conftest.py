"""Sandboxes at every level and wall that this host offers; the others are skipped with the reason the sandbox gives."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from journeyman.errors import NoSandbox
from journeyman.sandbox import Ended, Limits, Sandbox

WALLS = {
    "embedded": ("namespaces", "embedded"),
    "bubblewrap": ("namespaces", "bubblewrap"),
    "bubblewrap-once": ("namespaces", "bubblewrap-once"),
    "restricted": ("restricted", None),
    "none": ("none", None),
}
EVERY = [
    "embedded",
    "bubblewrap",
    "restricted",
    "none",
]  # "bubblewrap-once" is slow and has its own few tests
CONTAINED = EVERY[:-1]  # where a candidate is kept from the host


def open_box(name: str, packages: tuple[str, ...] = (), limits: Limits | None = None) -> Sandbox:
    """A sandbox at the wall `name`, or a skip with the reason why there is none."""
    level, wall = WALLS[name]
    try:
        return Sandbox(level=level, wall=wall, packages=packages, limits=limits)
    except NoSandbox as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module", params=EVERY)
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox at each level, with no packages."""
    with open_box(request.param) as sandbox:
        yield sandbox


@pytest.fixture(scope="module", params=CONTAINED)
def contained(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox at each level that promises to keep a candidate from the host."""
    with open_box(request.param) as sandbox:
        yield sandbox


@pytest.fixture(scope="module", params=EVERY)
def numpy_box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox at each level, with numpy."""
    with open_box(request.param, ("numpy",)) as sandbox:
        yield sandbox


Solve = Callable[..., Ended]


def solve(sandbox: Sandbox, body: str, *args: object, **more: object) -> Ended:
    """Run `body` as the inside of `def solve(*args)`."""
    lines = "\n".join("    " + line for line in body.strip().splitlines())
    text = f"import ctypes, os, sys, time\ndef solve(*args):\n{lines}\n"
    return sandbox.run({"candidate.py": text.encode()}, "candidate:solve", list(args), **more)  # type: ignore[arg-type]


class Mark:
    """A name for processes, to find those that are alive."""

    def __init__(self) -> None:
        self.name = "jm" + uuid.uuid4().hex[:12]  # the kernel keeps 15 characters
        self.take = f"ctypes.CDLL(None).prctl(15, b'{self.name}', 0, 0, 0)"  # PR_SET_NAME, inherited by forks

    def alive(self) -> list[str]:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if (entry / "comm").read_text().strip() == self.name:
                        found.append(entry.name)
                except (FileNotFoundError, ProcessLookupError):
                    continue
        return found


@pytest.fixture
def mark() -> Mark:
    return Mark()
