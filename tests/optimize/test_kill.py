"""SIGKILL at random instants, and on from there: nothing that was settled is lost or done again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from kill_driver import EVALUATIONS
from quick_task import Rough, Valley, make_task

from journeyman.optimize import optimize, result_of
from journeyman.runlog import RunLog, canonical_digest

HERE = Path(__file__).parent


def killed(folder: Path, *, parallel: int, noise: float, kills: int, seed: int) -> list[Path]:
    """The folders of finished runs, which `kills` kills struck in all."""
    args = [
        sys.executable,
        str(HERE / "kill_driver.py"),
        str(folder),
        str(parallel),
        str(noise),
        str(kills),
        str(seed),
    ]
    env = {**os.environ, "PYTHONPATH": str(HERE), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(args, capture_output=True, text=True, env=env, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    struck, runs = map(int, done.stdout.split()[-2:])
    assert struck == kills
    places = sorted(folder.glob("run-*"))
    assert len(places) == runs
    return places


def the_run(place: Path) -> Path:
    (run,) = (f for f in (place / "runs").iterdir() if not f.name.startswith("."))
    return run


def check_books(place: Path) -> None:
    """The budget is exact, every reservation settled once, no candidate verified again after it was told."""
    with RunLog.open(the_run(place)) as log:
        events = list(log.events())
        result = result_of(log)
    assert result.reason == "the budget of evaluations is spent"
    assert result.spent.evaluations == EVALUATIONS
    reserved = [e.key for e in events if e.kind == "reserve"]
    settled = [e.key for e in events if e.kind == "settle"]
    assert sorted(reserved) == sorted(settled)
    assert len(set(settled)) == len(settled)
    charged = sum((e.body or {}).get("evaluations", 0) for e in events if e.kind == "settle")
    assert charged == EVALUATIONS
    verdicts = Counter((e.key, (e.body or {}).get("repeat", 0)) for e in events if e.kind == "verdict")
    assert set(verdicts.values()) == {1}
    in_log = {(e.body or {})["digest"] for e in events if e.kind == "candidate"}
    told: set[str] = set()
    for line in (place / "journal").read_text().splitlines():
        what, digest, *_ = line.split()
        if what == "told":
            told.add(digest)
        assert digest not in told or what == "told", f"{digest} was verified again after it was told"
    assert told <= in_log


@pytest.mark.slow
@pytest.mark.parametrize(("noise", "kills"), [(0.0, 200), (0.1, 25)])
def test_a_serial_run_killed_again_and_again_equals_one_that_never_was(
    tmp_path: Path, noise: float, kills: int
) -> None:
    task = make_task(tmp_path / "task", noise=noise)
    whole = optimize(
        task,
        proposer=Rough(task),
        evaluations=EVALUATIONS,
        seed=5,
        search_options={"width": 2},
        verifier=Valley(),
        runs=tmp_path / "whole",
    )
    with RunLog.open(whole.run) as log:
        expected = canonical_digest(log)
    for place in killed(tmp_path / "killed", parallel=1, noise=noise, kills=kills, seed=11):
        with RunLog.open(the_run(place)) as log:
            assert canonical_digest(log) == expected
        check_books(place)


@pytest.mark.slow
@pytest.mark.parametrize(("noise", "kills"), [(0.0, 200), (0.1, 25)])
def test_a_parallel_run_killed_again_and_again_loses_nothing(
    tmp_path: Path, noise: float, kills: int
) -> None:
    for place in killed(tmp_path, parallel=4, noise=noise, kills=kills, seed=12):
        check_books(place)
