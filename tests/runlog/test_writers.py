"""Real processes: one writer at a time, and writers killed at any instant."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from journeyman.errors import RunLocked
from journeyman.runlog import RunLog, list_runs

KILLS = 30
LARGE = 1_100_000

WRITER = """
import os, random, sys
from pathlib import Path
from journeyman.runlog import RunLog

# Commits groups of events for ever and says after each commit, on stdout, the number of its last event.
with RunLog.open(Path(sys.argv[1]), write=True) as log:
    chance = random.Random(int(sys.argv[2]))
    os.write(1, b"0\\n")
    while True:
        size = chance.choice([1, 1, 2, 5, 60])
        with log.commit(durable=chance.random() < 0.5):
            first = len(log) + 1
            for part in range(size):
                body = {"first": first, "size": size, "part": part, "text": "x" * chance.randrange(900)}
                if part == 0 and chance.random() < 0.1:
                    body["blob"] = log.put_blob(chance.randbytes(chance.choice([10, 1_100_000])))
                seq = log.append("part", str(part), body)
        os.write(1, b"%d\\n" % seq)
"""

CREATOR = """
import itertools, os, sys
from pathlib import Path
from journeyman.runlog import RunLog

for number in itertools.count():
    RunLog.create(Path(sys.argv[1], f"{os.getpid()}-{number}"), verb="x", header={"number": number}).close()
    os.write(1, b"%d\\n" % number)
"""

HOLDER = """
import os, signal, subprocess, sys
from pathlib import Path
from journeyman.runlog import RunLog

log = RunLog.open(Path(sys.argv[1]), write=True)
how = sys.argv[2]
if how == "fork":
    child = os.fork()
    if child == 0:
        os.write(1, b"%d\\n" % os.getpid())
        os.read(0, 1)
        os._exit(0)
elif how == "exec":
    child = subprocess.Popen([sys.executable, "-c", "import os; os.read(0, 1)"], close_fds=False).pid
    os.write(1, b"%d\\n" % child)
signal.pause()
"""


def start(program: str, *args: object, **options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, args)],
        stdout=subprocess.PIPE,
        **options,  # type: ignore[call-overload]
    )


def kill_at_some_instant(process: subprocess.Popen[bytes], chance: random.Random) -> list[int]:
    """SIGKILL after a few acknowledgements and a moment more; all numbers the process said until then."""
    assert process.stdout is not None
    said = [int(process.stdout.readline()) for _ in range(chance.randrange(1, 15))]
    time.sleep(chance.random() * 0.004)
    process.kill()
    said += [int(line) for line in process.stdout.read().splitlines(keepends=True) if line.endswith(b"\n")]
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    return said


def check_whole(log: RunLog) -> int:
    """Every event once, in order, in whole groups, its blobs there; how many events there are."""
    events = list(log.events())
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    at = 0
    while at < len(events):
        body = events[at].body
        assert body is not None
        group = events[at : at + body["size"]]
        assert [(event.body or {})["part"] for event in group] == list(range(body["size"]))
        assert {(event.body or {})["first"] for event in group} == {at + 1}
        if "blob" in body:
            assert hashlib.sha256(log.blob(body["blob"])).hexdigest() == body["blob"]
        at += body["size"]
    return len(events)


def test_a_writer_killed_at_any_instant_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(20240611)
    folder = tmp_path / "run"
    RunLog.create(folder, verb="optimize", header={}).close()
    most = 0
    for kill in range(KILLS):
        said = kill_at_some_instant(start(WRITER, folder, kill), chance)
        assert said == sorted(said)
        most = max(most, *said)
        # Alternately: a reader first, on what the killed writer left; or the next writer at once.
        if kill % 2:
            with RunLog.open(folder) as log:
                assert check_whole(log) >= most
    with RunLog.open(folder, write=True) as log:
        assert check_whole(log) >= most
        assert log.append("part", "0", {"first": len(log) + 1, "size": 1, "part": 0}) == len(log)
    large = [path.name for path in (folder / "blobs").iterdir()]
    assert large, "no large blob was ever written, so this test did not test them"
    assert not any(name.startswith(".") for name in large)


def test_a_reader_beside_a_writer_sees_whole_commits(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    RunLog.create(folder, verb="optimize", header={}).close()
    writer = start(WRITER, folder, 5)
    assert writer.stdout is not None
    try:
        with RunLog.open(folder) as reader:
            for _ in range(10):
                said = int(writer.stdout.readline())
                with RunLog.open(folder) as fresh:
                    assert check_whole(fresh) >= said
                assert len(reader) >= said
    finally:
        writer.kill()
        writer.communicate()


def test_creating_a_run_is_all_or_nothing(tmp_path: Path) -> None:
    chance = random.Random(7)
    for _ in range(7):
        said = kill_at_some_instant(start(CREATOR, tmp_path), chance)
        runs = list_runs(tmp_path)
        assert [run.problem for run in runs] == [None] * len(runs)
        assert len(runs) >= len(said)
    for path in tmp_path.iterdir():
        assert path.name.startswith(".new-") or RunLog.open(path).close() is None


def test_the_second_writer_is_told_who_is_first(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    RunLog.create(folder, verb="optimize", header={}).close()
    first = start(WRITER, folder, 0)
    assert first.stdout is not None
    first.stdout.readline()
    with pytest.raises(RunLocked, match=f"process {first.pid} is writing"):
        RunLog.open(folder, write=True)
    assert [run.writer_pid for run in list_runs(tmp_path)] == [first.pid]
    first.kill()
    first.communicate()
    assert [run.writer_pid for run in list_runs(tmp_path)] == [None]
    RunLog.open(folder, write=True).close()


def test_two_writers_in_one_process_are_two_writers(tmp_path: Path) -> None:
    with (
        RunLog.create(tmp_path / "run", verb="optimize", header={}) as log,
        pytest.raises(RunLocked, match=f"process {os.getpid()}"),
    ):
        RunLog.open(log.folder, write=True)
    RunLog.open(tmp_path / "run", write=True).close()


def test_of_many_writers_starting_at_once_one_wins(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    RunLog.create(folder, verb="optimize", header={}).close()
    writers = [start(WRITER, folder, 0, stderr=subprocess.DEVNULL) for _ in range(4)]
    first_lines = []
    for writer in writers:
        assert writer.stdout is not None
        first_lines.append(writer.stdout.readline())
    for writer in writers:
        writer.kill()
        writer.communicate()
    assert sorted(first_lines) == [b"", b"", b"", b"0\n"]


@pytest.mark.parametrize("how", ["fork", "exec"])
def test_a_child_that_outlives_the_writer_does_not_hold_the_lock(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "run"
    RunLog.create(folder, verb="optimize", header={}).close()
    # The writer waits for a signal; its child waits on stdin, and so outlives it.
    hold_child, release_child = os.pipe()
    writer = start(HOLDER, folder, how, stdin=hold_child)
    try:
        assert writer.stdout is not None
        child = int(writer.stdout.readline())
        with pytest.raises(RunLocked):
            RunLog.open(folder, write=True)
        writer.kill()
        writer.wait()
        os.kill(child, 0)  # still there
        RunLog.open(folder, write=True).close()
    finally:
        writer.kill()
        os.close(release_child)
        os.close(hold_child)
        writer.communicate()


def test_a_forked_pool_of_the_writer_leaves_its_log_alone(tmp_path: Path) -> None:
    with RunLog.create(tmp_path / "run", verb="optimize", header={}) as log:
        log.append("before", "1", {})
        with multiprocessing.get_context("fork").Pool(2) as pool:
            assert pool.map(abs, [-1, -2]) == [1, 2]
        log.append("after", "2", {})
        with pytest.raises(RunLocked):
            RunLog.open(log.folder, write=True)
    with RunLog.open(tmp_path / "run") as log:
        assert [event.kind for event in log.events()] == ["before", "after"]
