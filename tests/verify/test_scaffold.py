"""New tasks pass their own gate, in the real sandbox."""

from __future__ import annotations

import filecmp
from pathlib import Path

import pytest

from journeyman.errors import TaskError, TaskNotFound, UsageError
from journeyman.verify import check_task, load_task, new_task

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("exchange", ["data", "policy"])
def test_a_new_task_passes_its_gate(exchange: str, tmp_path: Path) -> None:
    task = new_task(tmp_path / "my_task", exchange=exchange)
    report = check_task(task)
    # The designs of a reference are the one thing that a task may do without.
    wanted = [c for c in report.checks if c.name != "reference's designs"]
    assert [f"{c.name}: {c.detail}" for c in wanted if c.passed is not True] == []
    names = {check.name for check in report.checks}
    assert {
        "control oracle",
        "control two_faced",
        "cheat: returns NaN",
        "cheat: never returns",
        "ladder",
        "anchors",
    } <= names


def test_the_example_is_what_the_command_makes(tmp_path: Path) -> None:
    new_task(tmp_path / "my_task")
    made = sorted(
        p.relative_to(tmp_path / "my_task") for p in (tmp_path / "my_task").rglob("*") if p.is_file()
    )
    example = EXAMPLES / "my_task"
    assert made == sorted(
        p.relative_to(example) for p in example.rglob("*") if p.is_file() and "__pycache__" not in p.parts
    )
    same, differ, errors = filecmp.cmpfiles(
        tmp_path / "my_task", example, [str(p) for p in made], shallow=False
    )
    assert (differ, errors) == ([], [])
    assert len(same) == len(made)


def test_wrong_calls_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no template"):
        new_task(tmp_path / "a", exchange="magic")
    with pytest.raises(UsageError, match="may have letters"):
        new_task(tmp_path / "a b")
    (tmp_path / "taken").mkdir()
    with pytest.raises(UsageError, match="exists already"):
        new_task(tmp_path / "taken")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be made"):
        new_task(tmp_path / "file" / "a")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "taken"]


def broken(tmp_path: Path, file: str, old: str, new: str) -> Path:
    task = new_task(tmp_path / "t")
    path = task.folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return task.folder


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("task.toml", 'title = "Depots', 'titel = "Depots', "titel"),
        ("task.toml", '"minimize"', '"smaller"', "smaller"),
        ("task.toml", "wall_s = 5", 'wall_s = "5"', "wall_s"),
        ("task.toml", "[candidate]", "[candidate", "task.toml cannot be used"),
        ("task.toml", 'id = "t"', 'id = "../t"', "may have letters"),
        ("instances/dev.jsonl", '"baseline": ', '"baseline": -', "not better than the baseline"),
        ("instances/dev.jsonl", '{"name"', '{"nome"', "line 1"),
        ("instances/dev.jsonl", "region-12", "region-11", "stands twice"),
    ],
)
def test_what_is_wrong_in_a_folder_is_named(
    file: str, old: str, new: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(TaskError, match=message):
        load_task(broken(tmp_path, file, old, new))


def test_absent_tasks_are_named(tmp_path: Path) -> None:
    with pytest.raises(TaskNotFound, match="operations/job_shop"):
        load_task("operations/nothing")
    with pytest.raises(TaskNotFound, match=r"no task\.toml"):
        load_task(tmp_path)
    folder = broken(tmp_path, "task.toml", "Depots", "Depots")
    (folder / "seed.c").write_text("")
    with pytest.raises(TaskError, match=r"found seed\.c, seed\.py"):
        load_task(folder)


def test_the_digest_follows_what_decides_a_verdict(tmp_path: Path) -> None:
    task = new_task(tmp_path / "t")
    (task.folder / "statement.md").write_text("better words")
    assert load_task(task.folder).digest == task.digest
    with (task.folder / "verifier.py").open("a") as file:
        file.write("# changed\n")
    assert load_task(task.folder).digest != task.digest


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("return feasible(0.0)", "control infeasible"),
        ("import random; return feasible(random.random())", "verifier repeats itself"),
        ("raise KeyError('k')", "seed is feasible"),
        ("return 1.0", "seed is feasible"),
        ("return feasible(float('nan'))", "seed is feasible"),
    ],
)
def test_the_gate_stops_a_bad_verifier(code: str, said: str, tmp_path: Path) -> None:
    folder = broken(tmp_path, "verifier.py", "depots = as_design(design, Design).depots", code)
    failed = [check.name for check in check_task(folder).checks if check.passed is False]
    assert said in failed
