"""`journeyman task ...`"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from rich.console import Console

from journeyman.cli.gates import print_reports
from journeyman.verify import Check, GateReport

from .conftest import Call


def test_list_names_the_built_in_tasks(call: Call) -> None:
    listed = call("task", "list", "--json")
    assert listed.status == 0
    assert "operations/job_shop" in {task["id"] for task in listed.document}
    assert "operations/job_shop" in call("task", "list").out


def test_show_gives_statement_splits_and_seed(call: Call) -> None:
    shown = call("task", "show", "job_shop", "--json").document
    assert shown["instances"]["dev"]
    assert shown["instances"]["held-out"]
    assert not set(shown["instances"]["dev"]) & set(shown["instances"]["held-out"])
    assert "def solve" in shown["seed"]
    assert call("task", "show", "job_shop", "--seed").out == shown["seed"]
    assert shown["title"] in call("task", "show", "job_shop").out


def wrap(call: Call, *more: str, run: str = f"{sys.executable} sim.py {{design}} {{out}}"):  # type: ignore[no-untyped-def]
    return call("task", "wrap", "--run", run, "--params", "params.toml", "--minimize", "mass_kg", *more)


def test_wrap_makes_a_task_that_verifies(call: Call, simulator: Path) -> None:
    made = wrap(call, "--constraint", "stress_mpa<=250", "--bound", "width=1..20", "beam")
    assert made.status == 0
    assert "no anchors" in made.out
    assert "no held-out split" in made.out
    verdict = call("task", "verify", "beam", "beam/params.toml", "--json").document
    assert verdict["status"] == "ok"
    assert verdict["score"] == 20.0
    assert verdict["metrics"]["stress_mpa"]["value"] == 40.0


def test_verify_says_why_a_design_is_infeasible(call: Call, task: Path) -> None:
    Path("bad.toml").write_text("width = 1.0\n")
    done = call("task", "verify", "beam", "bad.toml", "--json")
    assert done.status == 0, "the verification worked; what it says is in the verdict"
    assert done.document["status"] == "infeasible"
    assert done.document["score"] is None
    assert "stress_mpa" in call("task", "verify", "beam", "bad.toml").out


def test_verify_of_a_hostile_simulator_text_is_shown_as_text(call: Call, task: Path) -> None:
    Path("bad.toml").write_text('width = "\\u001b[2J[red]"\n')
    done = call("task", "verify", "beam", "bad.toml")
    assert "\x1b" not in done.out


def test_wrap_refuses_what_exists_and_what_makes_no_sense(call: Call, task: Path) -> None:
    wrong = (["beam"], ["b", "--bound", "width"], ["b", "--bound", "height=1..2"], ["b", "--constraint", "mass about 3"])
    for more in wrong:
        refused = wrap(call, *more)
        assert refused.status == 2, more
        assert len(refused.err.splitlines()) == 1
    assert not Path("b").exists()


def test_new_makes_a_task_whose_seed_verifies(call: Call, home: Path) -> None:
    made = call("task", "new", "mine", "--json")
    assert made.status == 0
    main = made.document["main"]
    seed = next(Path("mine").glob("seed.*"), Path("mine") / main)
    verdict = call("task", "verify", "mine", str(seed), "--json")
    assert verdict.document["status"] == "ok"


def test_check_reports_every_check_and_fails_with_status_1(call: Call, task: Path) -> None:
    done = call("task", "check", "beam", "--json")
    report = done.document
    assert done.status == (0 if report["passed"] else 1)
    assert {check["passed"] for check in report["checks"]} <= {True, False, None}
    assert "seed is feasible" in done.err
    (task / "params.toml").write_text("width = 1.0\n")
    assert call("task", "check", "beam").status == 1


def test_check_wants_one_task_or_all(call: Call, task: Path) -> None:
    for words in (("task", "check"), ("task", "check", "beam", "--all")):
        refused = call(*words)
        assert refused.status == 2
        assert "--all" in refused.err


def test_verify_writes_pictures(call: Call, home: Path) -> None:
    seed = call("task", "show", "job_shop", "--seed").out
    Path("plan.py").write_text(seed)
    done = call("task", "verify", "job_shop", "plan.py", "--pictures", "pictures", "--json")
    assert done.document["status"] == "ok"
    names = [instance["instance"] for instance in done.document["instances"]]
    assert sorted(p.name for p in Path("pictures").iterdir()) == sorted(names)
    assert all(Path("pictures", name, "gantt.png").read_bytes().startswith(b"\x89PNG") for name in names)


def test_the_table_of_gates_counts_what_passed_and_what_did_not() -> None:
    checks = (Check("a", True, ""), Check("b", False, "why"), Check("c", None, ""))
    reports = [GateReport("one/x", "namespaces", checks[:1], 2.0), GateReport("one/y", "", checks, 0.0)]
    out = io.StringIO()
    print_reports(reports, Console(file=out, width=120))
    first, second = (line.split() for line in out.getvalue().splitlines()[2:4])
    assert first[:5] == ["one/x", "passes", "1", "0", "0"]
    assert second[:5] == ["one/y", "fails", "1", "1", "1"]
    assert "1 of 2 tasks pass" in out.getvalue()
