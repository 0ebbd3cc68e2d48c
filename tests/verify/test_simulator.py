"""A user's own simulator, wrapped: real processes, real files."""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path

import pytest

from journeyman.errors import PreflightFailure, TaskError, UsageError
from journeyman.verify import Status, Task, Verifier, check_task, preflight, wrap_task
from journeyman.verify.simulator import parse_constraint, read_results

SIM = """
import json, os, sys, time, tomllib
design = tomllib.load(open(sys.argv[1], "rb"))
x, y = design["x"], design["n"]
if x == 9.5: time.sleep(60)
if x == 9.25: sys.exit("diverged")
if os.environ.get("SIM_LICENCE"): print("licence", os.environ["SIM_LICENCE"])
results = {"mass_kg": x * x + y, "stress": {"max_mpa": 300 - 10 * x, "where": "root"}}
results["key_seen"] = float("SECRET_KEY" in os.environ)
json.dump(results, open(sys.argv[2], "w"))
"""


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Task:
    monkeypatch.chdir(tmp_path)
    Path("sim.py").write_text(SIM)
    Path("params.toml").write_text("# start\nx = 8.0\nn = 3\n")
    return wrap_task(
        f"{sys.executable} sim.py {{design}} {{out}}", "params.toml", minimize="mass_kg",
        constraints=["stress.max_mpa<=250"], bounds={"x": "0..10"}, to="bracket", wall_s=2,
    )  # fmt: skip


def edited(task: Task, text: str) -> object:
    return task.seed.replace("params.toml", text)


def test_wrapping_makes_a_task_in_physical_units(task: Task) -> None:
    with Verifier(task) as verifier:
        verdict = verifier.evaluate(task.seed)
        assert (verdict.status, verdict.score, verdict.level) == (Status.OK, 67.0, "plain data")
        assert verdict.metrics["stress.max_mpa"].unit == "MPa"
        assert task.better(66.0, 67.0)
        assert not task.has_anchors
        assert not task.has_held_out
        cases = {
            "x = 4.0\nn = 3": (Status.INFEASIBLE, "stress.max_mpa is 260, must be <= 250"),
            "x = 11.0\nn = 3": (Status.INFEASIBLE, "x is 11, must be at most 10"),
            "x = 8.0\nn = 3.5": (Status.INFEASIBLE, "whole number"),
            "x = nan\nn = 3": (Status.INFEASIBLE, "finite"),
            "x = true\nn = 3": (Status.INFEASIBLE, "finite number"),
            "x = 8.0": (Status.INFEASIBLE, "'n' is missing"),
            "x = 9.25\nn = 3": (Status.INFEASIBLE, "ended with status 1"),
            "x = 9.5\nn = 3": (Status.INFEASIBLE, "did not finish within 2 s"),
            "x = ": (Status.CANDIDATE_ERROR, "cannot be read"),
        }
        for text, (status, reason) in cases.items():
            verdict = verifier.evaluate(edited(task, text))  # type: ignore[arg-type]
            assert verdict.status is status, text
            assert reason in verdict.feedback, text
        assert preflight(task, verifier, folder=task.folder).seed.score == 67.0


def test_a_simulator_sees_no_key_of_the_run(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    with Verifier(task) as verifier:
        assert verifier.evaluate(task.seed).metrics["key_seen"].value == 0.0


def test_the_gate_passes_a_wrapped_simulator_and_says_what_it_lacks(task: Task) -> None:
    report = check_task(task)
    failed = [check for check in report.checks if check.passed is False]
    assert [check.name for check in failed] == ["statement"]  # the generated brief is short, and says so
    lacking = {check.name: check.detail for check in report.checks if check.passed is None}
    assert "what was optimised" in lacking["held-out split"]
    assert "physical units" in lacking["anchors"]


def test_a_simulator_that_lacks_its_result_stops_the_run_before_it_starts(task: Task, tmp_path: Path) -> None:
    toml = task.folder / "task.toml"
    toml.write_text(toml.read_text().replace('objective = "mass_kg"', 'objective = "weight"'))
    from journeyman.verify import load_task

    broken = load_task(task.folder)
    with Verifier(broken) as verifier, pytest.raises(PreflightFailure, match="no 'weight'"):
        preflight(broken, verifier)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"minimize": None}, "either --minimize"),
        ({"maximize": "mass_kg"}, "either --minimize"),
        ({"run": "sim.py params.toml"}, "{design}"),
        ({"params": "absent.toml"}, "no parameter file"),
        ({"constraints": ["stress < high"]}, "not of the form"),
        ({"bounds": {"z": "0..1"}}, "no parameter 'z'"),
        ({"bounds": {"x": "9..1"}}, "low..high"),
        ({"bounds": {"x": "0..1"}}, "outside its bounds"),
        ({"to": "taken"}, "exists already"),
    ],
)
def test_wrong_calls_are_named_and_leave_nothing(
    change: dict[str, object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("taken").mkdir()
    Path("params.toml").write_text("x = 8.0\n")
    before = sorted(os.listdir())
    call: dict[str, object] = {
        "run": "sim {design} {out}",
        "params": "params.toml",
        "minimize": "mass_kg",
        "to": "made",
    } | change
    with pytest.raises((UsageError, TaskError), match=message):
        wrap_task(call.pop("run"), call.pop("params"), **call)  # type: ignore[arg-type]
    assert sorted(os.listdir()) == before


def test_results_are_read_from_json_or_lines() -> None:
    assert {n: m.value for n, m in read_results('{"a": 1, "b": {"c": 2.5, "ok": true}}').items()} == {
        "a": 1.0,
        "b.c": 2.5,
    }
    assert read_results('log line\n{"a": 3}')["a"].value == 3.0
    lines = read_results(
        textwrap.dedent("""
        solver 2.1
        mass_kg = 12.5
        stress: 3.1e2 MPa
    """)
    )
    assert (lines["mass_kg"].value, lines["stress"].value, lines["stress"].unit) == (12.5, 310.0, "MPa")
    assert read_results("nothing here") == {}


def test_constraints_are_read() -> None:
    constraint = parse_constraint(" stress.max_mpa >= -2.5e3 ")
    assert (constraint.name, constraint.relation, constraint.limit) == ("stress.max_mpa", ">=", -2500.0)
    assert constraint.holds(-2500.0)
    assert not constraint.holds(-2500.1)
