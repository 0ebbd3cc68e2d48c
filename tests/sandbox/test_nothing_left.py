"""After many runs this process and this host have what they had before."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest
from conftest import EVERY, WALLS, open_box, solve

from journeyman.errors import SandboxFailure
from journeyman.sandbox import Sandbox
from journeyman.sandbox.tree import descendants


def ours() -> dict[str, object]:
    """Descriptors, mounts, files in the temporary folder and processes that a sandbox could leave."""
    return {
        "fds": len(os.listdir("/proc/self/fd")),
        "mounts": Path("/proc/self/mounts").read_text(),
        "files": sorted(n for n in os.listdir(tempfile.gettempdir()) if n.startswith("journeyman-")),
        "processes": len(descendants(os.getpid())),
    }


@pytest.mark.parametrize("name", EVERY)
def test_two_hundred_runs_leave_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)
    before = ours()
    with open_box(name) as box:
        solve(box, "return 1")
        running = ours()
        for i in range(200):
            body = ("return 1", "1 / 0", "os._exit(1)", "open('x', 'w').write('y'); return 2")[i % 4]
            assert solve(box, body).end in ("returned", "raised", "exited")
        assert ours() == running
    assert ours() == before


@pytest.mark.parametrize("name", EVERY)
def test_a_killed_owner_leaves_no_process(name: str) -> None:
    """kill -9 of the process that owns the sandbox, in the middle of a run."""
    level, wall = WALLS[name]
    with open_box(name):
        pass
    script = f"""
        import os
        from journeyman.sandbox import Sandbox
        box = Sandbox(level={level!r}, wall={wall!r})
        print(box._start.zygote.pid, flush=True)
        box.run({{"c.py": b"import os, time\\ndef f():\\n    os.write(1, b'x')\\n    time.sleep(100)"}}, "c:f")
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        zygote = int(owner.stdout.readline())
        pids = wait_for(
            zygote, 3 if level == "namespaces" else 2
        )  # with the outer waiter, the zygote, the candidate
        owner.kill()
    for pid in pids:
        wait_until_gone(pid)


def wait_for(pid: int, count: int) -> list[int]:
    while len(pids := descendants(pid)) < count:
        time.sleep(0.01)
    return pids


def wait_until_gone(pid: int) -> None:
    """Returns when `pid` is dead; the test's own time limit is what fails it."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    import select

    poll = select.poll()
    poll.register(fd, select.POLLIN)
    assert poll.poll(10_000)
    os.close(fd)


def test_a_lost_zygote_is_replaced() -> None:
    with open_box("embedded") as box:
        assert solve(box, "return 1").value == 1
        assert box._start is not None
        os.kill(box._start.zygote.pid, 9)
        with pytest.raises(SandboxFailure):
            solve(box, "return 2")
        assert solve(box, "return 2").value == 2


def test_closing_twice_and_during_a_worker() -> None:
    box = Sandbox(level="none")
    box.worker({"w.py": b""}, "w")
    box.close()
    box.close()
