"""One host for a file of tests, one verifier for each task and wall."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
# So that a failed assertion in them says what it compared.
pytest.register_assert_rewrite("arena", "contained")

from arena import Arena, Host, open_verifier

from journeyman.errors import NoSandbox
from journeyman.verify import load_task


# Not for the session: other tests of the same process must not meet its environment, nor it their traces.
@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    made = Host(tmp_path_factory.mktemp("host"))
    yield made
    made.close()


class Arenas:
    """Arenas by (task, wall), each opened when first asked for; a wall that this host lacks is skipped."""

    def __init__(self, host: Host, stack: contextlib.ExitStack) -> None:
        self._host, self._stack = host, stack
        self._open: dict[tuple[str, str], Arena | str] = {}

    def __call__(self, task: str, wall: str) -> Arena:
        if (task, wall) not in self._open:
            self._open[task, wall] = self._make(task, wall)
        found = self._open[task, wall]
        if isinstance(found, str):
            pytest.skip(found)
        return found

    def _make(self, name: str, wall: str) -> Arena | str:
        task = load_task(self._host.tasks.get(name, name))
        try:
            verifier = self._stack.enter_context(open_verifier(task, wall))
        except NoSandbox as error:
            return str(error)
        if wall == "bubblewrap" and "bubblewrap" not in verifier.level:
            return "bubblewrap is not installed"
        if wall == "embedded" and "embedded" not in verifier.level:
            return f"this host makes namespaces by {verifier.level} only"
        return Arena(self._host, task, wall, verifier)


@pytest.fixture(scope="module")
def arena(host: Host) -> Iterator[Arenas]:
    with contextlib.ExitStack() as stack:
        yield Arenas(host, stack)
