"""The call: seeds, deadlines, resume, best/, what a caller sees."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from quick_task import Valley, make_task, params

import journeyman as jm
from journeyman.errors import RunCorrupt, RunError, RunLocked, UsageError
from journeyman.optimize import Repeats, Result, Scripted, Trial, optimize, result_of, resume
from journeyman.optimize.best import diff, put_in_place
from journeyman.optimize.deadline import deadline_of
from journeyman.optimize.progress import Progress
from journeyman.runlog import RunLog, canonical_digest
from journeyman.verify import Task, make_candidate

HERE = Path(__file__).parent


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return make_task(tmp_path / "task")


def test_the_package_can_be_called_and_has_its_names(task: Task, tmp_path: Path) -> None:
    result = jm.optimize(task.folder, evaluations=3, verifier=Valley(), runs=tmp_path / "runs")
    assert isinstance(result, Result)
    assert isinstance(result.best, Trial)
    assert set(dir(jm.optimize)) >= {"Search", "Proposer", "Trial", "Result", "resume"}
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        jm.optimize.nonsense  # noqa: B018


def test_the_command_of_importing_loads_no_numbers() -> None:
    code = "import sys, journeyman as jm; jm.optimize; assert not {'numpy', 'scipy', 'cmaes'} & set(sys.modules), 'heavy'"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_several_seeds_give_a_mean_and_an_interval(task: Task, tmp_path: Path) -> None:
    repeats = optimize(task, evaluations=30, seeds=3, seed=4, verifier=Valley(), runs=tmp_path / "runs")
    assert isinstance(repeats, Repeats)
    assert repeats.seeds == (4, 5, 6)
    assert len({r.run for r in repeats.results}) == 3
    assert repeats.dev is not None
    assert repeats.held_out is not None
    assert repeats.dev.low is not None
    assert repeats.dev.high is not None
    assert repeats.dev.low <= repeats.dev.mean <= repeats.dev.high
    alone = optimize(task, evaluations=30, seed=5, verifier=Valley(), runs=tmp_path / "alone")
    assert alone.best.score == repeats.results[1].best.score


def test_best_is_complete_and_current_at_every_step(task: Task, tmp_path: Path) -> None:
    runs, found = tmp_path / "runs", []

    def look(progress: Progress) -> None:
        assert progress.best is not None
        (run,) = (f for f in runs.iterdir() if not f.name.startswith("."))
        said = json.loads((run / "best" / "verdict.json").read_bytes())
        assert said["index"] == progress.best.index
        assert said["score"] == progress.best.score
        assert (run / "best" / "design" / "params.toml").read_bytes() == progress.best.candidate.files[
            "params.toml"
        ]
        assert (run / "best" / "artifacts" / "note.txt").read_bytes() == b"drawn"
        assert json.loads((run / "best" / "metrics.json").read_bytes()) == {
            "size": {"value": 1.5, "unit": "m"}
        }
        found.append(said["index"])

    result = optimize(task, evaluations=40, verifier=Valley(), runs=runs, on_progress=look)
    assert len(set(found)) > 2
    held_out = json.loads((result.run / "best" / "held-out.json").read_bytes())
    assert held_out["split"] == "held-out"
    assert not list(result.run.glob(".best*"))


def test_readers_of_best_never_see_half_of_it(task: Task, tmp_path: Path) -> None:
    stop, faults = threading.Event(), []
    runs = tmp_path / "runs"

    def read() -> None:
        while not stop.is_set():
            for best in runs.glob("*/best"):
                try:
                    folder = os.open(best, os.O_RDONLY | os.O_DIRECTORY)
                except FileNotFoundError:
                    continue
                try:
                    verdict = os.open("verdict.json", os.O_RDONLY, dir_fd=folder)
                    with open(verdict, "rb") as file:
                        json.loads(file.read())
                    faults.extend({"design", "diff.patch", "metrics.json"} - set(os.listdir(folder)))
                except FileNotFoundError:
                    # The folder we hold was replaced and is being removed; a new look finds the new one.
                    pass
                except ValueError as error:
                    faults.append(str(error))
                finally:
                    os.close(folder)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        better = Scripted([params(4.0 - k / 100) for k in range(1, 150)])
        optimize(task, proposer=better, evaluations=149, verifier=Valley(), runs=runs)
    finally:
        stop.set()
        reader.join()
    # What a slow reader may miss is a file of a folder under removal, never a broken one.
    assert not [fault for fault in faults if fault not in ("design", "diff.patch", "metrics.json")]


def test_the_patch_against_the_seed_applies(task: Task, tmp_path: Path) -> None:
    old = make_candidate({"a.py": "one\ntwo\nthree", "sub/gone.txt": "x\n"})
    new = make_candidate({"a.py": "one\n2\nthree\n", "new.txt": "fresh\n"})
    old.write_to(tmp_path / "tree")
    patch = shutil.which("patch")
    if patch is None:
        assert "+2\n" in diff(old, new)
        return
    subprocess.run([patch, "-p1", "-s"], input=diff(old, new).encode(), cwd=tmp_path / "tree", check=True)
    assert (tmp_path / "tree" / "a.py").read_text() == "one\n2\nthree\n"
    assert (tmp_path / "tree" / "new.txt").read_text() == "fresh\n"
    assert not (tmp_path / "tree" / "sub" / "gone.txt").exists()


def test_a_folder_takes_the_place_of_another(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "who").write_text(name)
    put_in_place(tmp_path / "first", tmp_path / "best")
    put_in_place(tmp_path / "second", tmp_path / "best")
    assert (tmp_path / "best" / "who").read_text() == "second"
    assert (tmp_path / "second" / "who").read_text() == "first"


def test_a_run_that_has_ended_gives_its_result_again(task: Task, tmp_path: Path) -> None:
    result = optimize(task, evaluations=8, verifier=Valley(), runs=tmp_path / "runs")
    verifier = Valley()
    again = resume(result.run, verifier=verifier)
    assert again == result
    assert verifier.seen == []
    with RunLog.open(result.run) as log:
        assert result_of(log) == result


def test_a_run_is_resumed_by_its_name(task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEYMAN_RUNS", str(tmp_path / "runs"))
    result = optimize(task, evaluations=2, verifier=Valley())
    assert resume(result.run_id).best == result.best


def stopped(task: Task, runs: Path, after: int, **options: Any) -> Path:
    def interrupt(progress: Progress) -> None:
        if progress.spent.proposals == after:
            raise KeyboardInterrupt

    with pytest.raises(jm.JourneymanError):
        optimize(task, verifier=Valley(), runs=runs, on_progress=interrupt, **options)
    (run,) = (f for f in runs.iterdir() if not f.name.startswith("."))
    return run


def test_a_run_whose_task_changed_is_not_resumed(task: Task, tmp_path: Path) -> None:
    run = stopped(task, tmp_path / "runs", 3, evaluations=10)
    (task.folder / "verifier.py").write_text((task.folder / "verifier.py").read_text() + "\n# easier now\n")
    with pytest.raises(RunError, match=r"has changed since the run .* began"):
        resume(run, verifier=Valley())


def test_a_run_whose_task_moved_is_resumed_where_it_is_now(task: Task, tmp_path: Path) -> None:
    run = stopped(task, tmp_path / "runs", 3, evaluations=6)
    task.folder.rename(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="is gone; say where it is now"):
        resume(run, verifier=Valley())
    assert resume(run, verifier=Valley(), task=tmp_path / "elsewhere").spent.evaluations == 6


def test_a_run_of_an_own_proposer_asks_for_it(task: Task, tmp_path: Path) -> None:
    script = [params(k / 10) for k in range(1, 9)]
    run = stopped(task, tmp_path / "runs", 3, evaluations=6, proposer=Scripted(script))
    with pytest.raises(UsageError, match=r"begun with a proposer of its own .scripted.; give it"):
        resume(run, verifier=Valley())
    assert resume(run, verifier=Valley(), proposer=Scripted(script)).spent.evaluations == 6


def test_a_run_in_use_is_not_resumed(task: Task, tmp_path: Path) -> None:
    run = stopped(task, tmp_path / "runs", 3, evaluations=6)
    with RunLog.open(run, write=True), pytest.raises(RunLocked):
        resume(run, verifier=Valley())


def test_a_search_that_does_not_repeat_itself_is_noticed(task: Task, tmp_path: Path) -> None:
    run = stopped(task, tmp_path / "runs", 9, evaluations=20, search_options={"width": 3})
    from journeyman.optimize import Chains

    with pytest.raises(RunError, match="the search does not repeat itself: proposal"):
        resume(run, verifier=Valley(), search=Chains(lambda a, b: a > b, width=1))


def test_a_log_that_no_engine_wrote_is_refused(task: Task, tmp_path: Path) -> None:
    run = stopped(task, tmp_path / "runs", 3, evaluations=6)
    with RunLog.open(run, write=True) as log:
        log.append("settle", "77", {"evaluations": 1})
    with pytest.raises(RunCorrupt, match="settles '77', which was not reserved"):
        resume(run, verifier=Valley())


def test_a_run_in_a_running_event_loop(task: Task, tmp_path: Path) -> None:
    async def notebook() -> Any:
        return optimize(task, evaluations=3, verifier=Valley(), runs=tmp_path / "runs")

    assert asyncio.run(notebook()).spent.evaluations == 3


def test_a_real_ctrl_c_stops_and_says_how_to_go_on(task: Task, tmp_path: Path) -> None:
    code = (
        "import sys, os, signal; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from quick_task import Valley; from journeyman.optimize import optimize; from journeyman.verify import load_task\n"
        "from journeyman.errors import RunInterrupted\n"
        "def told(p):\n"
        "    if p.spent.evaluations == 5: os.kill(os.getpid(), signal.SIGINT)\n"
        "task = load_task(Path(sys.argv[2]))\n"
        "try: optimize(task, evaluations=50, parallel=2, verifier=Valley(0.005), runs=sys.argv[3], on_progress=told)\n"
        "except RunInterrupted as said: print(said)\n"
    )
    args = [sys.executable, "-c", code, str(HERE), str(task.folder), str(tmp_path / "runs")]
    done = subprocess.run(args, capture_output=True, text=True, check=True, timeout=60)
    assert "nothing is lost; go on with: journeyman run resume" in done.stdout
    assert done.stderr == ""
    assert resume(done.stdout.split()[-1], verifier=Valley()).spent.evaluations == 50
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_until_is_the_next_time_of_that_name() -> None:
    evening = datetime(2026, 3, 1, 23, 30).astimezone()
    assert deadline_of(None, evening) is None
    assert deadline_of("07:00", evening) == datetime(2026, 3, 2, 7, 0).astimezone().timestamp()
    assert deadline_of("23:45", evening) == datetime(2026, 3, 1, 23, 45).astimezone().timestamp()
    for wrong in ("7", "25:00", "07:60", "soon"):
        with pytest.raises(UsageError, match="time of day like 07:00"):
            deadline_of(wrong, evening)


def test_a_deadline_by_the_clock_holds_after_a_resume(task: Task, tmp_path: Path) -> None:
    from journeyman.optimize import engine
    from journeyman.optimize.brief import comparison
    from journeyman.optimize.plan import Plan
    from journeyman.optimize.propose.numeric import Numeric
    from journeyman.optimize.search import Chains

    def run(log: RunLog, deadline: float | None) -> str:
        search = Chains(comparison(task))
        made = engine.Engine(
            log,
            task,
            Valley(),
            search,
            Numeric.for_task(task),
            Plan(evaluations=10_000),
            deadline=deadline,
        )
        return asyncio.run(made.run())

    header = {"task": task.id, "unit": "", "maximize": False}
    with RunLog.create(tmp_path / "run", verb="optimize", header=header) as log:
        # The seed is verified all the same, so that there is a result.
        assert run(log, deadline=1.0) == "the deadline has come"
        assert result_of(log).spent.evaluations == 0


def test_options_that_make_no_sense_are_refused(task: Task, tmp_path: Path) -> None:
    for options, text in (
        ({"parallel": 0}, "parallel and calls must be at least 1, not 0"),
        ({"calls": 0}, "parallel and calls must be at least 1, not 0"),
        ({"max_usd": -1.0}, "max_usd must be a number of dollars from 0 up, not -1"),
        ({"model": "openai/x", "proposer": "numeric"}, "'numeric' asks no model"),
        ({"proposer": "model"}, "the proposer 'model' needs a model"),
        ({"search_options": {"islands": 2}}, "has no option 'islands'; it takes: width, depth"),
        ({"seeds": ()}, "at least one seed"),
        ({"seeds": 2, "proposer": Scripted([])}, "search, proposer and model by name"),
        ({"search": "nothing"}, "there is no search"),
        ({"until": "noon"}, "time of day"),
    ):
        with pytest.raises(UsageError, match=text):
            optimize(task, verifier=Valley(), runs=tmp_path / "runs", **options)  # type: ignore[call-overload]
    assert not (tmp_path / "runs").exists()


def test_replaying_a_run_gives_the_same_log(task: Task, tmp_path: Path) -> None:
    """What was proposed, proposed again from the record, has the same canonical log but for the proposer's name."""
    first = optimize(task, evaluations=20, verifier=Valley(), runs=tmp_path / "first")
    with RunLog.open(first.run) as log:
        script = [log.blob((e.body or {})["files"]["params.toml"]).decode() for e in log.events("candidate")][
            1:
        ]
    digests = []
    for name in ("a", "b"):
        result = optimize(
            task, proposer=Scripted(script), evaluations=20, verifier=Valley(), runs=tmp_path / name
        )
        assert result.best.digest == first.best.digest
        with RunLog.open(result.run) as log:
            digests.append(canonical_digest(log))
    assert digests[0] == digests[1]
