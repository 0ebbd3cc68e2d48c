"""What a host offers is found out by doing it, and what it lacks is said with the way to mend it."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from conftest import WALLS, open_box, solve

import journeyman
from journeyman.errors import NoSandbox, UsageError
from journeyman.sandbox import Level, Sandbox, best_level, probe


def test_probe_reports_every_level() -> None:
    reports = probe()
    assert [report.level for report in reports] == list(Level)
    for report in reports:
        assert report.detail
        assert report.available or report.detail
    assert reports[-1].available


def test_the_best_level_is_one_that_works() -> None:
    try:
        best = best_level()
    except NoSandbox as error:
        pytest.skip(str(error))
    assert best in (Level.NAMESPACES, Level.RESTRICTED)
    with Sandbox() as box:
        assert box.level == best
        assert box.detail
        assert solve(box, "return 1").value == 1


def test_the_detail_says_which_wall() -> None:
    for name in ("embedded", "bubblewrap"):
        with open_box(name) as box:
            assert box.detail.startswith(name)


def test_wrong_names_are_refused() -> None:
    with pytest.raises(UsageError, match="wall"):
        Sandbox(wall="brick")
    with pytest.raises(NoSandbox, match="container"):
        Sandbox(level=Level.CONTAINER)


def test_a_new_bubblewrap_for_each_run(mark: object) -> None:
    with open_box("bubblewrap-once") as box:
        assert solve(box, "open('x', 'w').write('1'); return 1").value == 1
        assert solve(box, "return os.path.exists('x')").value is False
        assert solve(box, "open('/usr/x', 'w')").end == "raised"
        assert solve(box, "import socket; socket.socket(); return os.getuid()").end == "raised"


def ordinary_python() -> str | None:
    """An interpreter that a user without privileges can reach, with this one's version, for our own dependencies."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, shutil.which(version, path="/usr/bin:/usr/local/bin")):
        if candidate and all(
            parent.stat().st_mode & stat.S_IXOTH for parent in Path(candidate).resolve().parents
        ):
            return candidate
    return None


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests already run as an ordinary user")
@pytest.mark.parametrize("name", ["embedded", "bubblewrap", "restricted", "none"])
def test_an_ordinary_user_gets_the_same(name: str) -> None:
    """Root's own tests, once more as somebody else."""
    level, wall = WALLS[name]
    with open_box(name):
        pass
    python = ordinary_python()
    import msgspec

    places = [str(Path(journeyman.__file__).parents[1]), str(Path(msgspec.__file__).parents[1])]
    if python is None or not all(
        parent.stat().st_mode & stat.S_IXOTH for p in places for parent in (Path(p), *Path(p).parents)
    ):
        pytest.skip("no Python here that an ordinary user can reach")
    script = f"""
        from journeyman.sandbox import Sandbox, Limits
        with Sandbox(level={level!r}, wall={wall!r}) as box:
            code = b"import os, time\\ndef f(x): return [x, os.getuid()]\\n"
            code += b"def g(path): open(path, 'w')\\ndef h(): time.sleep(9)\\n"
            print(box.run({{"c.py": code}}, "c:f", [5]).value[0])
            print(box.run({{"c.py": code}}, "c:g", ["/var/tmp/jm-planted"]).end)
            print(box.run({{"c.py": code}}, "c:h", limits=Limits(wall_s=0.3)).end)
            with box.worker({{"c.py": code}}, "c") as worker:
                print(worker.call("f", 7)[0])
            print(box.spawn(["/bin/cat"], stdin=b"hi").stdout)
    """
    result = subprocess.run(
        [python, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False, user=64_444, group=64_444,
        extra_groups=[], cwd="/", env={"PYTHONPATH": ":".join(places), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    planted = Path("/var/tmp/jm-planted")
    expected = "raised" if name != "none" else "returned"
    assert result.stdout.split("\n")[:5] == ["5", expected, "timeout", "7", "b'hi'"], result.stderr
    if planted.exists():
        assert name == "none"
        planted.unlink()
