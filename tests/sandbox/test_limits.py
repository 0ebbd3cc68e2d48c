"""Every limit holds for the whole tree, ends the run with its own name, and leaves no process behind."""

from __future__ import annotations

import pytest
from conftest import Mark, open_box, solve

from journeyman.errors import UsageError
from journeyman.sandbox import Limits, Sandbox


def test_wall_time(box: Sandbox, mark: Mark) -> None:
    ended = solve(box, f"{mark.take}; time.sleep(60)", limits=Limits(wall_s=0.3))
    assert ended.end == "timeout"
    assert ended.message == "the candidate ran longer than 0.3 s"
    assert 0.3 <= ended.wall_s < 3
    assert mark.alive() == []


def test_wall_time_of_a_process_that_ignores_signals(box: Sandbox, mark: Mark) -> None:
    ignore = "import signal\nfor s in {*range(1, 32)} - {9, 19}: signal.signal(s, signal.SIG_IGN)"
    body = f"{mark.take}\n{ignore}\ntime.sleep(60)"
    assert solve(box, body, limits=Limits(wall_s=0.3)).end == "timeout"
    assert mark.alive() == []


def test_wall_time_of_a_stopped_process(box: Sandbox, mark: Mark) -> None:
    limits = Limits(wall_s=0.3, processes=2)
    assert solve(box, f"{mark.take}; os.kill(os.getpid(), 19)", limits=limits).end == "timeout"
    assert mark.alive() == []


def test_import_counts(box: Sandbox) -> None:
    files = {"candidate.py": b"import time\ntime.sleep(60)\ndef solve(): return 1\n"}
    assert box.run(files, "candidate:solve", limits=Limits(wall_s=0.3)).end == "timeout"


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "import re; re.match('(a+)+$', 'a' * 40 + 'b')",  # one C call that never comes back
        "import threading\nfor _ in range(3): threading.Thread(target=lambda: any(iter(int, 1))).start()\nany(iter(int, 1))",
    ],
)
def test_cpu_time(box: Sandbox, mark: Mark, body: str) -> None:
    ended = solve(box, f"{mark.take}\n{body}", limits=Limits(wall_s=60, cpu_s=0.4))
    assert ended.end == "cpu"
    assert ended.message == "the candidate used more than 0.4 s of CPU"
    assert 0.4 <= ended.cpu_s < 2
    assert mark.alive() == []


def test_cpu_time_of_many_processes(box: Sandbox, mark: Mark) -> None:
    body = f"{mark.take}\nfor _ in range(3):\n    if os.fork() == 0: break\nwhile True: pass"
    ended = solve(box, body, limits=Limits(wall_s=60, cpu_s=0.6, processes=8))
    assert ended.end == "cpu", ended
    assert mark.alive() == []


@pytest.mark.parametrize(
    "body", ["x = []\nwhile True: x.append(bytearray(10**6))", "bytearray(10**10)", "'x' * 10**12"]
)
def test_memory(box: Sandbox, mark: Mark, body: str) -> None:
    ended = solve(box, f"{mark.take}\n{body}", limits=Limits(memory_mb=64))
    assert ended.end == "memory", ended
    assert ended.message.startswith("the candidate used more than 64 MB")
    assert ended.memory_mb < 150
    assert mark.alive() == []


def test_memory_within_the_limit_is_there(box: Sandbox) -> None:
    ended = solve(
        box,
        "x = bytearray(100 * 10**6); x[::4096] = b'1' * len(x[::4096]); return len(x)",
        limits=Limits(memory_mb=150),
    )
    assert ended.value == 100 * 10**6


def test_memory_of_many_processes(box: Sandbox, mark: Mark) -> None:
    body = f"""
{mark.take}
for _ in range(4):
    if os.fork() == 0:
        x = os.urandom(60 * 10**6); time.sleep(60)
time.sleep(60)
"""
    ended = solve(box, body, limits=Limits(memory_mb=128, processes=8, wall_s=30, cpu_s=30))
    assert ended.end == "memory", ended
    assert mark.alive() == []


def test_memory_that_escapes_the_address_space(contained: Sandbox) -> None:
    for call in ("os.memfd_create('x')", "check(ctypes.CDLL(None, use_errno=True).shmget(0, 10**9, 0o1600))"):
        body = f"def check(result):\n    if result < 0: raise OSError(ctypes.get_errno(), '')\n{call}"
        ended = solve(contained, body)
        assert "PermissionError" in ended.message, ended


@pytest.mark.parametrize(
    "call", ["os.fork()", "os.posix_spawn('/bin/true', ['true'], {})", "os.system('true')"]
)
def test_one_process_only(contained: Sandbox, mark: Mark, call: str) -> None:
    ended = solve(contained, f"{mark.take}\nif {call}: raise BlockingIOError")
    assert ended.end == "processes", ended
    assert ended.message.startswith("the candidate tried to start another process")
    assert mark.alive() == []


def test_threads_are_allowed_but_counted(contained: Sandbox) -> None:
    body = """
import threading
stop = threading.Event()
for n in range(args[0]): threading.Thread(target=stop.wait, daemon=True).start()
return threading.active_count()
"""
    assert solve(contained, body, 20).value == 21
    assert solve(contained, body, 3000).end in ("processes", "memory")


def test_several_processes_when_allowed(box: Sandbox, mark: Mark) -> None:
    body = f"""
{mark.take}
import subprocess
out = subprocess.run(['/bin/echo', 'hello'], capture_output=True).stdout.decode()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: time.sleep(100)
    os._exit(0)
return [out, os.wait()[1]]
"""
    ended = solve(box, body, limits=Limits(processes=6))
    assert ended.value == ["hello\n", 0], ended
    assert mark.alive() == []  # the daemon too


def test_a_fork_bomb(box: Sandbox, mark: Mark) -> None:
    body = f"{mark.take}\nwhile True:\n    try: os.fork()\n    except OSError: time.sleep(0.01)"
    if box.level == "none":
        pytest.skip("promised from the level restricted on")
    ended = solve(box, body, limits=Limits(wall_s=2, cpu_s=30, processes=8))
    assert ended.end in ("timeout", "processes"), ended
    assert mark.alive() == []


@pytest.mark.parametrize(
    "body",
    ["while True: print('x' * 1000)", "while True: os.write(2, b'x' * 60000)", "return 'x' * 2 * 10**6"],
)
def test_output(box: Sandbox, mark: Mark, body: str) -> None:
    ended = solve(box, f"{mark.take}\n{body}", limits=Limits(output_mb=1))
    assert ended.end == "output", ended
    assert ended.message == "the candidate printed or returned more than 1 MB"
    assert len(ended.stdout.encode()) <= 8000
    assert len(ended.stderr.encode()) <= 8000
    assert mark.alive() == []


def test_scratch(contained: Sandbox, mark: Mark) -> None:
    body = f"{mark.take}\nfor i in range(40): open(str(i), 'wb').write(b'x' * 10**6)\ntime.sleep(60)"
    ended = solve(contained, body, limits=Limits(scratch_mb=8, wall_s=20))
    assert ended.end in ("raised", "output"), ended
    assert "No space left" in ended.message or "more than 8 MB" in ended.message
    assert mark.alive() == []


def test_scratch_of_deleted_files(contained: Sandbox) -> None:
    body = """
keep = []
for i in range(40):
    keep.append(open('f', 'wb', buffering=0)); keep[-1].write(b'x' * 10**6); os.unlink('f')
time.sleep(60)
"""
    ended = solve(contained, body, limits=Limits(scratch_mb=8, wall_s=20))
    assert ended.end in ("raised", "output"), ended


def test_one_large_file(box: Sandbox) -> None:
    ended = solve(
        box, "f = open('big', 'wb')\nwhile True: f.write(b'x' * 10**6)", limits=Limits(scratch_mb=4)
    )
    assert ended.end in ("raised", "output"), ended
    assert (
        "No space left" in ended.message
        or "File too large" in ended.message
        or "more than 4 MB" in ended.message
    )


def test_open_files(box: Sandbox) -> None:
    ended = solve(box, "return [open('/dev/null') for _ in range(100)]", limits=Limits(open_files=32))
    assert "Too many open files" in ended.message


def test_no_core_is_dumped(box: Sandbox) -> None:
    ended = solve(box, "import resource; return list(resource.getrlimit(resource.RLIMIT_CORE))")
    assert ended.value == [0, 0]


def test_limits_cannot_be_raised_again(contained: Sandbox) -> None:
    body = """
import resource
before = [resource.getrlimit(r) for r in (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_CPU)]
for r in (resource.RLIMIT_AS, resource.RLIMIT_CPU):
    try: resource.setrlimit(r, (-1, -1)); return 'raised'
    except (ValueError, OSError): pass
return 'held'
"""
    assert solve(contained, body).value == "held"


def test_wrong_limits_are_refused() -> None:
    for wrong in (
        {"wall_s": 0},
        {"memory_mb": -1},
        {"processes": 0},
        {"open_files": 3},
        {"cpu_s": float("nan")},
    ):
        with pytest.raises(UsageError, match="the limit"):
            Limits(**wrong)


def test_ends_do_not_disturb_the_next_run() -> None:
    with open_box("embedded") as box:
        for body in ("os._exit(1)", "while True: pass", "bytearray(10**11)", "ctypes.string_at(1)"):
            assert solve(box, body, limits=Limits(cpu_s=0.2)).end != "returned"
            assert solve(box, "return 1").value == 1
