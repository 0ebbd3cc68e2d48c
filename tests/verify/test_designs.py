"""Stored designs of a reference, tasks whose package is absent, the gate on many tasks, pictures: real processes all."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from journeyman.errors import MissingExtra, TaskError
from journeyman.verify import Task, Verifier, check_tasks, load_task, new_task, verify_candidate
from journeyman.verify.designs import has_designs, reference_candidate
from journeyman.verify.environment import absent_packages
from journeyman.verify.gate import Check, check_task


def with_designs(folder: Path) -> Task:
    """The template task with the designs that its own reference.py finds, each anchor being what its design reaches."""
    task = new_task(folder)
    reference = runpy.run_path(str(task.folder / "reference.py"))
    (folder / "designs").mkdir()
    lines = []
    with (folder / "designs" / "dev.jsonl").open("w") as file:
        for line in (folder / "instances" / "dev.jsonl").read_text().splitlines():
            instance = json.loads(line)
            depots = reference["best_of"](instance["public"], starts=20)
            file.write(json.dumps({"instance": instance["name"], "design": {"depots": depots}}) + "\n")
            reached = reference["mean_distance"](instance["public"]["customers"], depots)
            instance["anchors"]["reference"] = reached
            lines.append(json.dumps(instance))
    (folder / "instances" / "dev.jsonl").write_text("\n".join(lines) + "\n")
    return load_task(folder)


def gate_check(task: Task, name: str) -> Check:
    return next(check for check in check_task(task).checks if check.name == name)


def test_stored_designs_are_verified_like_any_candidate(tmp_path: Path) -> None:
    task = with_designs(tmp_path / "mine")
    with Verifier(task) as verifier:
        verdict = verifier.evaluate(reference_candidate(task), anywhere=True)
    assert verdict.ok
    assert verdict.score == pytest.approx(1.0, abs=1e-9)
    assert gate_check(task, "reference's designs").passed is True


def test_an_anchor_that_its_design_does_not_reach_fails_the_gate(tmp_path: Path) -> None:
    folder = with_designs(tmp_path / "mine").folder
    path = folder / "instances" / "dev.jsonl"
    first, *others = path.read_text().splitlines()
    instance = json.loads(first)
    instance["anchors"]["reference"] *= 0.999
    path.write_text("\n".join([json.dumps(instance), *others]) + "\n")
    check = gate_check(load_task(folder), "reference's designs")
    assert check.passed is False
    assert repr(instance["name"]) in check.detail


def test_a_missing_or_broken_design_is_named(tmp_path: Path) -> None:
    task = new_task(tmp_path / "mine")
    assert not has_designs(task)
    (task.folder / "designs").mkdir()
    with pytest.raises(TaskError, match=r"dev\.jsonl is missing"):
        reference_candidate(task)
    path = task.folder / "designs" / "dev.jsonl"
    path.write_text('{"instance": "nowhere", "design": {}}\n')
    with pytest.raises(TaskError, match="nowhere"):
        reference_candidate(task)
    path.write_text("{broken\n")
    with pytest.raises(TaskError, match="cannot be used"):
        reference_candidate(task)
    policy = new_task(tmp_path / "policy", exchange="policy")
    with pytest.raises(TaskError, match="only programs that return data"):
        reference_candidate(policy)


def test_designs_change_no_verdict_and_so_not_the_digest(tmp_path: Path) -> None:
    task = new_task(tmp_path / "mine")
    (task.folder / "designs").mkdir()
    (task.folder / "designs" / "dev.jsonl").write_text("")
    assert load_task(task.folder).digest == task.digest


VERIFIER = """
import numpy as np
from journeyman.verify import feasible, infeasible

def score(instance, design):
    found = design.get("plate")
    if not isinstance(found, np.ndarray) or found.shape != (4, 4):
        return infeasible("no plate of 4 x 4")
    return feasible(float(found.sum()))

def draw(instance, design):
    return {"plate.png": b"picture of " + instance.name.encode()}
"""


def arrays(folder: Path) -> Task:
    """A task whose candidates return arrays."""
    (folder / "instances").mkdir(parents=True)
    (folder / "task.toml").write_text(
        'id = "plates"\ntitle = "Plates"\nexchange = "data"\ndirection = "maximize"\n'
        '[candidate]\npackages = ["numpy"]\nresult = "npz"\n'
    )
    (folder / "verifier.py").write_text(VERIFIER)
    (folder / "seed.py").write_text(
        "import numpy as np\n\ndef solve(instance):\n    return {'plate': np.zeros((4, 4)) + instance['n']}\n"
    )
    lines = [
        {"name": f"p{n}", "public": {"n": n, "share": 0.1 * n}, "anchors": {"baseline": 0.0, "reference": 32.0 * n}}
        for n in (1, 2)
    ]
    (folder / "instances" / "dev.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return load_task(folder)


def test_designs_of_arrays_are_files_of_their_own(tmp_path: Path) -> None:
    task = arrays(tmp_path / "plates")
    (task.folder / "designs").mkdir()
    for n in (1, 2):
        np.savez(task.folder / "designs" / f"p{n}.npz", plate=np.full((4, 4), 2.0 * n))
    verdict = verify_candidate(load_task(task.folder), reference_candidate(task))
    assert [v.objective for v in verdict.instances] == [32.0, 64.0]
    assert verdict.score == 1.0


def test_a_verdict_with_pictures_has_one_folder_an_instance(tmp_path: Path) -> None:
    task = arrays(tmp_path / "plates")
    assert verify_candidate(task, task.seed).artifacts == {}
    assert verify_candidate(task, task.seed, pictures=True).artifacts == {
        "p1/plate.png": b"picture of p1",
        "p2/plate.png": b"picture of p2",
    }


def absent(folder: Path) -> Task:
    task = new_task(folder)
    with (folder / "task.toml").open("a") as file:
        file.write('\n[verifier]\npackages = ["no-such-simulator"]\n')
    return load_task(task.folder)


def test_a_task_whose_package_is_absent_says_so(tmp_path: Path) -> None:
    task = absent(tmp_path / "mine")
    assert absent_packages(task) == ("no-such-simulator",)
    with pytest.raises(MissingExtra, match=r"'mine' needs 'no-such-simulator', not installed here; run: pip install no"):
        Verifier(task)


def test_the_gate_on_many_goes_on_where_one_cannot_be_run(tmp_path: Path) -> None:
    tasks = [absent(tmp_path / "lacking"), arrays(tmp_path / "plates")]
    seen: list[str] = []
    reports = check_tasks(tasks, parallel=2, on_report=lambda report: seen.append(report.task))
    assert [report.task for report in reports] == ["lacking", "plates"]
    assert sorted(seen) == ["lacking", "plates"]
    assert [(c.name, c.passed) for c in reports[0].checks] == [("task can be run", False)]
    assert reports[0].passed is False
    assert reports[1].wall_s > 0
    assert next(c for c in reports[1].checks if c.name == "seed is feasible").passed is True
