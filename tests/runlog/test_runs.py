"""Which runs there are, and which one is meant."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from journeyman.errors import RunNotFound, UsageError
from journeyman.runlog import RunLog, find_run, list_runs, new_run_folder, runs_root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number, name in enumerate(
        ["optimize-20240101-aaaa", "optimize-20240102-bbbb", "distill-20240103-cccc"]
    ):
        with RunLog.create(
            tmp_path / "runs" / name, verb=name.split("-")[0], header={"number": number}
        ) as log:
            for _ in range(number):
                log.append("verdict", "", {})
    return tmp_path / "runs"


def test_runs_are_listed_oldest_first_with_what_they_are(root: Path) -> None:
    runs = list_runs(root)
    assert [run.run_id for run in runs] == [
        "optimize-20240101-aaaa",
        "optimize-20240102-bbbb",
        "distill-20240103-cccc",
    ]
    assert [run.events for run in runs] == [0, 1, 2]
    assert [run.header for run in runs] == [{"number": 0}, {"number": 1}, {"number": 2}]
    assert [run.verb for run in runs] == ["optimize", "optimize", "distill"]
    assert all(
        run.problem is None and run.writer_pid is None and run.size_mb > 0 and run.created > 1e9
        for run in runs
    )


def test_a_broken_run_is_listed_with_its_problem(root: Path) -> None:
    (root / "optimize-20240101-aaaa" / "run.sqlite").write_bytes(b"garbage")
    (root / "no-run").mkdir()
    (root / ".new-x").mkdir()
    (root / "file").write_text("")
    runs = list_runs(root)
    assert [run.folder.name for run in runs if run.problem is None] == [
        "optimize-20240102-bbbb",
        "distill-20240103-cccc",
    ]
    (broken,) = [run for run in runs if run.problem]
    assert broken.run_id == "optimize-20240101-aaaa"
    assert broken.problem is not None
    assert "is not the log of a run" in broken.problem


def test_no_folder_of_runs_is_no_runs(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("ref", "name"),
    [
        ("optimize-20240102-bbbb", "optimize-20240102-bbbb"),
        ("distill", "distill-20240103-cccc"),
        ("optimize-20240101", "optimize-20240101-aaaa"),
        ("last", "distill-20240103-cccc"),
    ],
)
def test_a_run_is_found_by_id_by_its_beginning_and_as_the_last(root: Path, ref: str, name: str) -> None:
    assert find_run(ref, root) == root / name


def test_a_run_is_found_by_path(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = root / "distill-20240103-cccc"
    elsewhere = tmp_path / "elsewhere"
    assert find_run(folder, elsewhere) == folder
    assert find_run(folder / "run.sqlite", elsewhere) == folder
    monkeypatch.chdir(root)
    assert find_run("./distill-20240103-cccc", elsewhere).resolve() == folder


def test_a_run_whose_folder_was_renamed_keeps_its_id(root: Path) -> None:
    (root / "distill-20240103-cccc").rename(root / "best-ever")
    for ref in ("best-ever", "best", "distill-20240103-cccc", "distill"):
        assert find_run(ref, root) == root / "best-ever"


def test_what_could_mean_several_or_none_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"could mean 2 runs \(optimize-20240101-aaaa, optimize-20240102-bbbb\)"
    ):
        find_run("opt", root)
    for ref in ("nothing", "", "../nothing", "/nowhere/at/all"):
        with pytest.raises(RunNotFound, match="there is no run"):
            find_run(ref, root)
    with pytest.raises(RunNotFound, match=r"no run in .* yet"):
        find_run("last", tmp_path / "empty")


def test_the_folder_of_runs_can_be_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JOURNEYMAN_RUNS", raising=False)
    assert runs_root() == Path("runs")
    monkeypatch.setenv("JOURNEYMAN_RUNS", str(tmp_path))
    assert runs_root() == tmp_path


def test_new_names_differ_and_sort_by_time(tmp_path: Path) -> None:
    names = {new_run_folder(tmp_path, "optimize").name for _ in range(20)}
    assert len(names) > 15
    assert all(name.startswith("optimize-") for name in names)
    assert not any(tmp_path.iterdir())


def test_importing_the_run_log_stays_light() -> None:
    heavy = "import sys, journeyman.runlog, journeyman.ledger; print({'pandas', 'numpy', 'zstandard'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", heavy], text=True).strip() == "set()"
