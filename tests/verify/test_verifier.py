"""Verifier processes: that they cannot be seen into, do not outlive their run, and are replaced when they die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest

from journeyman.errors import PreflightFailure, UsageError, VerifierFailure
from journeyman.verify import Candidate, Status, Task, Verdict, Verifier, load_task, preflight
from journeyman.verify.cache import VerdictCache, verdict_key

TOML = """
id = "sum"
title = "Make a number large"
exchange = "file"
direction = "maximize"
[candidate]
seed = "seed.json"
[verifier]
wall_s = 1.0
memory_mb = 1024
"""

VERIFIER = """
import os, signal, time
from journeyman.verify import as_design, feasible, infeasible

def score(instance, design):
    x = as_design(design, float)
    if x == 666: os.kill(os.getpid(), signal.SIGKILL)
    if x == 13: time.sleep(60)
    if x == 14: bytearray(1 << 40)
    if x == 15: raise RuntimeError("boom")
    if x == 16: print("noise on standard output", flush=True)
    if x == 17: return feasible(float("OPENAI_API_KEY" in os.environ))
    if x == 18: return feasible(time.monotonic())
    if x == 19: time.sleep(0.2)
    return feasible(x) if x <= 100 else infeasible(f"{x} is more than 100")
"""


@pytest.fixture
def task(tmp_path: Path) -> Task:
    folder = tmp_path / "sum"
    folder.mkdir()
    (folder / "task.toml").write_text(TOML)
    (folder / "verifier.py").write_text(VERIFIER)
    (folder / "seed.json").write_text("1.0")
    return load_task(folder)


def number(x: object) -> Candidate:
    return Candidate({"seed.json": str(x).encode()})


def test_every_fault_has_a_name_and_the_next_candidate_is_not_touched(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with Verifier(task) as verifier:
        for x, status, said in [
            (2, Status.OK, ""),
            (101, Status.INFEASIBLE, "more than 100"),
            ("true", Status.INFEASIBLE, "not a design"),
            ("[", Status.CANDIDATE_ERROR, "cannot be read"),
            (666, Status.VERIFIER_ERROR, "SIGKILL"),
            (2, Status.OK, ""),
            (13, Status.VERIFIER_ERROR, "more than 1 s"),
            (14, Status.VERIFIER_ERROR, "more than 1024 MB"),
            (15, Status.VERIFIER_ERROR, "RuntimeError: boom at verifier.py:10"),
            (16, Status.OK, ""),
            (17, Status.OK, ""),
        ]:
            verdict = verifier.evaluate(number(x))
            assert verdict.status is status, (x, verdict.feedback)
            assert said in verdict.feedback
            assert (verdict.score is not None) == (status is Status.OK)
        assert verdict.score == 0.0  # no key of the run in the verifier's environment


def test_lanes_work_at_the_same_time(task: Task) -> None:
    others = len(psutil.Process().children())
    with Verifier(task, lanes=3) as verifier:
        scores: list[float | None] = [None] * 30

        def work(at: int) -> None:
            verifier.evaluate(number(19))  # slow, so that all three are at it at once
            for i in range(at, 30, 3):
                scores[i] = verifier.evaluate(number(i + 0.5)).score

        threads = [threading.Thread(target=work, args=(at,)) for at in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert scores == [i + 0.5 for i in range(30)]
        assert len(psutil.Process().children()) == others + 3


def test_closing_ends_every_process(task: Task) -> None:
    others = set(psutil.Process().children(recursive=True))
    verifier = Verifier(task, lanes=2)
    verifier.evaluate(number(2))
    children = set(psutil.Process().children(recursive=True)) - others
    assert children
    verifier.close()
    verifier.close()
    assert not [c for c in children if c.is_running() and c.status() != psutil.STATUS_ZOMBIE]


def test_closing_does_not_wait_for_a_slow_verdict(task: Task) -> None:
    (task.folder / "task.toml").write_text(TOML.replace("wall_s = 1.0", "wall_s = 120.0"))
    verifier = Verifier(load_task(task.folder))
    given: list[Verdict] = []
    waiting = threading.Thread(target=lambda: given.append(verifier.evaluate(number(13))))
    waiting.start()
    time.sleep(0.5)  # so that it is under way; closed before, it would have the same verdict
    verifier.close()
    waiting.join(timeout=20)
    assert [verdict.status for verdict in given] == [Status.VERIFIER_ERROR]


def test_a_killed_run_leaves_no_verifier_behind(task: Task) -> None:
    code = f"""
        import os, sys, threading
        from pathlib import Path
        from journeyman.verify import Candidate, Verifier, load_task
        verifier = Verifier(load_task(Path({str(task.folder)!r})))
        import psutil
        print(*[c.pid for c in psutil.Process().children(recursive=True)], flush=True)
        verifier.evaluate(Candidate({{"seed.json": b"13"}}))
    """
    run = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    lanes = [psutil.Process(int(pid)) for pid in run.stdout.readline().split()]
    assert lanes
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    run.stdout.close()
    _, alive = psutil.wait_procs(lanes, timeout=5)
    assert [p.pid for p in alive if p.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("def score(", "no function score"),
        ("import os, signal, time", "SyntaxError"),
        ("import os", "ModuleNotFoundError"),
    ],
)
def test_a_verifier_that_cannot_load_is_named(task: Task, change: str, message: str) -> None:
    new = {
        "def score(": "def points(",
        "import os, signal, time": "import (",
        "import os": "import absent_package",
    }[change]
    (task.folder / "verifier.py").write_text(VERIFIER.replace(change, new, 1))
    with pytest.raises(VerifierFailure, match=message):
        Verifier(load_task(task.folder))


def test_wrong_calls_are_named(task: Task) -> None:
    with pytest.raises(UsageError, match="at least one lane"):
        Verifier(task, lanes=0)
    with Verifier(task) as verifier, pytest.raises(UsageError, match="no 'held-out' instances"):
        verifier.evaluate(number(1), split="held-out")


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("seed.json", "1.0", "1000.0", "the seed of task 'sum' is infeasible"),
        ("seed.json", "1.0", "18.0", "make it repeat itself"),
        ("task.toml", 'exchange = "file"', 'exchange = "file"\nscale = "linear"', ""),
        ("task.toml", 'seed = "seed.json"', 'seed = "seed.txt"', "gives an empty candidate the score 3"),
    ],
)
def test_preflight_stops_what_cannot_mean_anything(
    file: str, old: str, new: str, said: str, task: Task
) -> None:
    # As text, an empty file is a design like another; this verifier does not look at it.
    (task.folder / "seed.txt").write_text("1.0")
    path = task.folder / file
    path.write_text(path.read_text().replace(old, new))
    if "seed.txt" in new:
        code = (task.folder / "verifier.py").read_text()
        (task.folder / "verifier.py").write_text(
            code.replace("x = as_design(design, float)", "return feasible(3)")
        )
    changed = load_task(task.folder)
    with Verifier(changed) as verifier:
        if not said:
            assert preflight(changed, verifier).seed.score == 1.0
            return
        with pytest.raises(PreflightFailure, match=said):
            preflight(changed, verifier)


def test_verdicts_are_remembered_by_all_they_depend_on(task: Task, tmp_path: Path) -> None:
    cache = VerdictCache(tmp_path / "verdicts.sqlite")
    with Verifier(task, cache=cache) as verifier:
        first = verifier.evaluate(number(5))
        again = verifier.evaluate(number(5))
        assert (first.cached, again.cached, again.score) == (False, True, 5.0)
        assert not verifier.evaluate(number(5), repeat=1).cached
        assert not verifier.evaluate(number(5), fresh=True).cached
        # A fault of the verifier may be gone next time.
        assert verifier.evaluate(number(15)).status is Status.VERIFIER_ERROR
        assert not verifier.evaluate(number(15)).cached
    keys = {
        verdict_key(task, number(a), split, repeat, environment, level)
        for a in (1, 2) for split in ("dev", "held-out") for repeat in (0, 1) for environment in "ab" for level in "ab"
    }  # fmt: skip
    assert len(keys) == 32
    cache.close()


def test_a_broken_cache_is_an_empty_one(task: Task, tmp_path: Path) -> None:
    (tmp_path / "verdicts.sqlite").write_bytes(b"not a database, not at all" * 100)
    with Verifier(task, cache=VerdictCache(tmp_path / "verdicts.sqlite")) as verifier:
        assert verifier.evaluate(number(5)).score == 5.0
        assert not verifier.evaluate(number(5)).cached


def test_after_a_time_out_the_other_instances_are_not_tried(tmp_path: Path) -> None:
    folder = tmp_path / "spin"
    folder.mkdir()
    (folder / "task.toml").write_text(
        'id = "spin"\ntitle = "End"\nexchange = "data"\ndirection = "maximize"\n[candidate]\nseed = "seed.py"\n'
        "[limits]\nwall_s = 2.0\ncpu_s = 0.3\n"
    )
    (folder / "verifier.py").write_text(
        "from journeyman.verify import feasible\ndef score(instance, design):\n    return feasible(float(design))\n"
    )
    (folder / "seed.py").write_text("def solve(instance):\n    return instance['x']\n")
    (folder / "instances").mkdir()
    lines = [json.dumps({"name": f"n{i}", "public": {"x": i}}) for i in range(4)]
    (folder / "instances" / "dev.jsonl").write_text("\n".join(lines) + "\n")
    spinning = "def solve(instance):\n    while instance['x'] == 1: pass\n    return instance['x']\n"
    spin = load_task(folder)
    with Verifier(spin) as verifier:
        verdict = verifier.evaluate(spin.seed.replace(spin.main, spinning))
    assert verdict.status is Status.TIMEOUT
    assert [v.instance for v in verdict.instances] == ["n0", "n1"]
    assert "n1: " in verdict.feedback
    assert verdict.feedback.endswith("the other 2 instances were not tried")
