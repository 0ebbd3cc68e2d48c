"""What `journeyman demo` works on is there; the demo itself is `make demo`."""

from __future__ import annotations

from pathlib import Path

from journeyman import list_tasks, load_task, verify_candidate
from journeyman.cli.demo import BUILT_IN, wrapped_example
from journeyman.verify import Task


def test_the_demo_has_a_task_of_every_field_that_needs_no_simulator_package() -> None:
    assert set(BUILT_IN) <= {task.id for task in list_tasks()}
    fields = [name.split("/")[0] for name in BUILT_IN]
    assert sorted(fields) == sorted({t.file.category for t in list_tasks()} - {"classics"})
    needed = {package for name in BUILT_IN for package in _packages(load_task(name))}
    assert needed <= {"numpy", "scipy"}, "the core brings no more"


def _packages(task: Task) -> tuple[str, ...]:
    return (*task.packages, *task.file.verifier.packages)


def test_the_example_simulator_wraps_to_a_task_whose_seed_keeps_every_limit(home: Path) -> None:
    with wrapped_example() as folder:
        task = load_task(folder)
        assert (folder / "sim.py").is_file(), "the simulator travels with the task"
        verdict = verify_candidate(task, task.seed)
        assert verdict.ok, verdict.feedback
        assert verdict.score is not None
        assert 78 < verdict.score < 79
    assert not folder.exists()
