"""A worker keeps its process between calls, limits each call, and fails in the words of a run."""

from __future__ import annotations

import re
import time

import pytest
from conftest import Mark, open_box, solve

from journeyman.errors import CandidateFailure, UsageError
from journeyman.sandbox import Limits, Sandbox

POLICY = b"""
import os, sys, time, ctypes, threading
state = []
def act(x):
    state.append(x)
    return {"n": len(state), "x": x}
def run(text):
    exec(text)
def spin(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
    return seconds
def spin_behind(seconds):
    threading.Thread(target=spin, args=(seconds,), daemon=True).start()
def nap(seconds):
    time.sleep(seconds)
def shout(n):
    print("x" * n)
def nan():
    return float("nan")
def echo(x):
    return x
def mark(name):
    ctypes.CDLL(None).prctl(15, name.encode(), 0, 0, 0)
"""


def test_state_lives_between_calls(box: Sandbox) -> None:
    with box.worker({"policy.py": POLICY}, "policy") as worker:
        assert [worker.call("act", i) for i in range(5)] == [{"n": n + 1, "x": n} for n in range(5)]
        assert worker.cpu_s > 0
    with box.worker({"policy.py": POLICY}, "policy") as worker:
        assert worker.call("act", "again") == {"n": 1, "x": "again"}
    assert worker.wall_s > 0
    assert worker.memory_mb > 1


def test_large_messages_both_ways(box: Sandbox) -> None:
    text = "x" * 3_000_000
    with box.worker({"policy.py": POLICY}, "policy") as worker:
        assert worker.call("echo", text) == text
        assert worker.call("echo", [1.5] * 10_000) == [1.5] * 10_000


@pytest.mark.parametrize(
    ("call", "end", "words"),
    [
        (("nothing",), "raised", "'nothing'"),
        (("run", "1 / 0"), "raised", "ZeroDivisionError"),
        (("run", "os._exit(3)"), "exited", "status 3"),
        (("run", "sys.exit(4)"), "exited", "(4)"),
        (("run", "ctypes.string_at(1)"), "killed", "memory access violation"),
        (("run", "bytearray(10**11)"), "memory", "more than 1024 MB"),
        (("spin", 30), "cpu", "one call used more than 0.2 s of CPU"),
        (("nap", 30), "timeout", "longer than 1 s"),
        (("shout", 3_000_000), "output", "more than 2 MB"),
        (
            ("run", "os.write(4, b'J' + (4).to_bytes(8, 'little') + b'null' + b'J')"),
            "malformed",
            "more than one answer",
        ),
        (("nan",), "malformed", "not finite"),
    ],
)
def test_every_failure_has_its_words(box: Sandbox, call: tuple[str, object], end: str, words: str) -> None:
    limits = Limits(wall_s=1, step_cpu_s=0.2, output_mb=2)
    with box.worker({"policy.py": POLICY}, "policy", limits=limits) as worker:
        with pytest.raises(CandidateFailure) as failure:
            [worker.call(*call), worker.call("echo", 1)]  # type: ignore[arg-type]
        assert failure.value.end == end, failure.value
        assert words in str(failure.value)
        with pytest.raises(CandidateFailure, match=re.escape(words)):
            worker.call("echo", 1)
    assert solve(box, "return 1").value == 1


def test_a_failing_import(box: Sandbox) -> None:
    for source, end in (
        (b"import time\ntime.sleep(60)", "timeout"),
        (b"1 / 0", "raised"),
        (b"import os; os._exit(0)", "exited"),
    ):
        with pytest.raises(CandidateFailure) as failure:
            box.worker({"policy.py": source}, "policy", limits=Limits(wall_s=0.5))
        assert failure.value.end == end


def test_threads_left_behind_are_charged_to_the_next_call(box: Sandbox) -> None:
    limits = Limits(wall_s=20, step_cpu_s=0.3)
    with box.worker({"policy.py": POLICY}, "policy", limits=limits) as worker:
        worker.call("spin_behind", 20)
        enough = worker.cpu_s + 0.4
        while worker.cpu_s < enough:
            time.sleep(0.01)
        with pytest.raises(CandidateFailure) as failure:
            worker.call("echo", 1)
        assert failure.value.end == "cpu"


def test_the_whole_life_has_a_cpu_limit(box: Sandbox) -> None:
    limits = Limits(wall_s=20, step_cpu_s=0.3, cpu_s=0.5)
    with (
        box.worker({"policy.py": POLICY}, "policy", limits=limits) as worker,
        pytest.raises(CandidateFailure) as failure,
    ):
        [worker.call("spin", 0.1) for _ in range(20)]
    assert str(failure.value) == "the candidate used more than 0.5 s of CPU"


def test_the_process_is_dead_after_the_with(box: Sandbox, mark: Mark) -> None:
    with box.worker({"policy.py": POLICY}, "policy") as worker:
        worker.call("mark", mark.name)
        assert len(mark.alive()) == 1
    assert mark.alive() == []
    with pytest.raises(UsageError, match="closed"):
        worker.call("echo", 1)


def test_one_room_at_a_time() -> None:
    with open_box("embedded") as box:
        with box.worker({"policy.py": POLICY}, "policy") as worker:
            with pytest.raises(UsageError, match="still open"):
                solve(box, "return 1")
            assert worker.call("echo", 2) == 2
        assert solve(box, "return 1").value == 1
        worker = box.worker({"policy.py": POLICY}, "policy")
    worker.close()
