"""Hosts that refuse to store: a disk really full, a file system really read-only, a folder of another user.

The disks are mounts in namespaces of their own, so neither root nor a clean-up is needed. Each program prints one JSON
document, which its test checks.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from journeyman.runlog import RunLog

NAMESPACES = ["unshare", "--user", "--map-root-user", "--mount"]


def namespaces_work() -> bool:
    if shutil.which("unshare") is None:
        return False
    return (
        subprocess.run([*NAMESPACES, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode
        == 0
    )


needs_namespaces = pytest.mark.skipif(
    not namespaces_work(), reason="no user and mount namespaces on this host"
)


def in_namespaces(mounts: str, program: str, *args: object) -> Any:
    done = subprocess.run(
        [
            *NAMESPACES,
            "sh",
            "-ec",
            mounts + '\nexec "$@"',
            "sh",
            sys.executable,
            "-c",
            program,
            *map(str, args),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


FULL = """
import json, os, sys
from pathlib import Path
from journeyman.errors import RunDiskFull
from journeyman.runlog import RunLog, list_runs

disk, way = Path(sys.argv[1]), sys.argv[2]
ballast = disk / "ballast"
ballast.write_bytes(bytes(400_000))
log = RunLog.create(disk / "run", verb="optimize", header={"seed": 1})
settled, said = 0, ""
try:
    while True:
        with log.commit(durable=way != "quick"):
            if way == "blob":
                log.append("verdict", str(settled), {"blob": log.put_blob(os.urandom(1_100_000))})
            else:
                log.append("verdict", str(settled), {"text": "x" * 500, "part": 0})
                log.append("verdict", str(settled), {"text": "y" * 500, "part": 1})
        settled += 1
except RunDiskFull as error:
    said = str(error)

# A refusal that is caught inside the block does not let half of the block through.
try:
    with log.commit():
        log.append("half", "", {})
        try:
            for _ in range(10_000):
                log.append("half", "", {"text": "z" * 3000})
        except RunDiskFull:
            pass
    half = "stored"
except RunDiskFull:
    half = "refused"

per_commit = 1 if way == "blob" else 2
report = {"said": said, "settled": settled, "per_commit": per_commit, "half": half, "here": len(list(log.events()))}
with RunLog.open(disk / "run") as reader:
    report["reader"] = len(list(reader.events()))
# A crash on the full disk, then somebody looks, then room is made and the run goes on.
pid = os.fork()
if pid == 0:
    os._exit(0)
os.waitpid(pid, 0)
try:
    RunLog.create(disk / "another", verb="optimize", header={"x": "y" * 3_000_000})
except RunDiskFull as error:
    report["create"] = str(error)
log.close()
report["after_close"] = len(list(RunLog.open(disk / "run").events()))
report["unfinished"] = [name for name in os.listdir(disk) if name.startswith(".")]
report["unfinished_blobs"] = [name for name in os.listdir(disk / "run" / "blobs")] if way == "blob" else []
ballast.unlink()
with RunLog.open(disk / "run", write=True) as log:
    log.append("resumed", "", {})
    report["resumed"] = len(list(log.events()))
report["problems"] = [run.problem for run in list_runs(disk)]
print(json.dumps(report))
"""


@needs_namespaces
@pytest.mark.parametrize("way", ["durable", "quick", "blob"])
def test_a_full_disk_is_one_sentence_and_nothing_settled_is_lost(tmp_path: Path, way: str) -> None:
    report = in_namespaces(f"mount -t tmpfs -o size=4m none {tmp_path}", FULL, tmp_path, way)
    assert "no room left on the disk" in report["said"]
    assert "\n" not in report["said"]
    assert report["settled"] > 0
    assert report["half"] == "refused"
    events = report["settled"] * report["per_commit"]
    assert report["here"] == report["reader"] == report["after_close"] == events
    assert report["resumed"] == events + 1
    assert "no room left" in report["create"]
    assert report["unfinished"] == []
    assert len(report["unfinished_blobs"]) == (events if way == "blob" else 0)
    assert report["problems"] == [None]


CRASHED_ON_FULL = """
import json, os, sys
from pathlib import Path
from journeyman.errors import RunDiskFull, JourneymanError
from journeyman.runlog import RunLog

folder = Path(sys.argv[1], "run")
pid = os.fork()
if pid == 0:
    log = RunLog.create(folder, verb="optimize", header={})
    try:
        while True:
            log.append("verdict", "", {"text": "x" * 500})
            settled = len(log)
    except RunDiskFull:
        Path(sys.argv[2]).write_text(str(settled))
        with open(Path(sys.argv[1], "rest"), "wb", buffering=0) as rest:
            try:
                while True:
                    rest.write(b"x")
            except OSError:
                pass
        os.kill(os.getpid(), 9)
os.waitpid(pid, 0)
os.unlink(folder / "run.sqlite-shm")
Path(sys.argv[1], "rest").open("ab").close()
try:
    with open(Path(sys.argv[1], "rest2"), "wb", buffering=0) as rest:
        while True:
            rest.write(bytes(4096))
except OSError:
    pass
with RunLog.open(folder) as log:
    print(json.dumps([int(Path(sys.argv[2]).read_text()), len(list(log.events()))]))
"""


@needs_namespaces
def test_what_a_writer_left_on_a_full_disk_can_be_read_there(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    mounts = f"mount -t tmpfs -o size=2m none {tmp_path / 'disk'}"
    settled, read = in_namespaces(mounts, CRASHED_ON_FULL, tmp_path / "disk", tmp_path / "settled")
    assert settled == read > 0


READ = """
import json, os, sys
from pathlib import Path
from journeyman.errors import JourneymanError
from journeyman.runlog import RunLog, list_runs

def attempt(work):
    try:
        work()
        return "no refusal"
    except JourneymanError as error:
        return type(error).__name__ + ": " + str(error)

root = Path(sys.argv[1])
report = {
    "runs": {run.folder.name: [run.events, run.problem] for run in list_runs(root)},
    "write": attempt(lambda: RunLog.open(next(root.iterdir()), write=True)),
    "create": attempt(lambda: RunLog.create(root / "new", verb="x", header={})),
}
report["events"] = {}
for folder in root.iterdir():
    with RunLog.open(folder) as log:
        report["events"][folder.name] = len(list(log.events()))
print(json.dumps(report))
"""

CRASHING = """
import os, sys
from pathlib import Path
from journeyman.runlog import RunLog

log = RunLog.create(Path(sys.argv[1]), verb="x", header={})
for index in range(50):
    log.append("verdict", str(index), {})
os.kill(os.getpid(), 9)
"""


def three_runs(root: Path) -> None:
    """A closed run; one whose writer crashed; the same without the shared-memory file, as after copying it."""
    with RunLog.create(root / "closed", verb="x", header={}) as log:
        log.append("verdict", "1", {})
    for name in ("crashed", "copied"):
        subprocess.run([sys.executable, "-c", CRASHING, str(root / name)], check=False)
        assert (root / name / "run.sqlite-wal").stat().st_size > 0
    (root / "copied" / "run.sqlite-shm").unlink()


def check_read_only(report: Any, **more: int) -> None:
    expected = {"closed": 1, "crashed": 50, "copied": 50, **more}
    assert report["events"] == expected
    assert report["runs"] == {name: [count, None] for name, count in expected.items()}
    for refusal in (report["write"], report["create"]):
        assert refusal.startswith("RunReadOnly: cannot write to ")
        assert "\n" not in refusal


@needs_namespaces
def test_runs_on_a_read_only_file_system_can_be_read(tmp_path: Path) -> None:
    three_runs(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with RunLog.create(tmp_path / "live", verb="x", header={}) as log:
        # Its writer lives outside of the namespace and goes on, so all its events are in the write-ahead log.
        log.append("verdict", "1", {})
        log.append("verdict", "2", {})
        mounts = f"mount --bind {tmp_path} {tmp_path}\nmount -o remount,bind,ro {tmp_path}"
        report = in_namespaces(mounts, READ, tmp_path)
        log.append("verdict", "3", {})
    check_read_only(report, live=2)
    assert before == {path: path.read_bytes() for path in before}


@pytest.mark.skipif(os.getuid() != 0, reason="another user's folder takes root to make")
def test_another_users_runs_can_be_read() -> None:
    # Not under pytest's own folder, which only its owner may enter.
    with tempfile.TemporaryDirectory() as place:
        root = Path(place, "runs")
        root.mkdir()
        three_runs(root)
        for path in [Path(place), *Path(place).rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        # The interpreter may lie where only root may look, so it becomes somebody else after its imports.
        as_nobody = READ.replace(
            "root = Path", "os.setgroups([])\nos.setgid(65534)\nos.setuid(65534)\nroot = Path", 1
        )
        done = subprocess.run([sys.executable, "-c", as_nobody, str(root)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        check_read_only(json.loads(done.stdout))
