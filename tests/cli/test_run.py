"""`journeyman optimize` and `journeyman run ...` on a wrapped simulator."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Call

SCRIPTED = ("optimize", "beam", "--proposer", "scripted:script.json", "--evaluations", "4")


def test_optimize_gives_one_document_and_progress_on_stderr(call: Call, task: Path, script: Path) -> None:
    done = call(*SCRIPTED, "--json")
    assert done.status == 0
    result = done.document
    assert result["seed"]["dev"] == 20.0
    assert result["best"]["dev"] == 4.0
    assert result["direction"] == "minimize"
    assert result["gain"] == 16.0
    assert result["improved"] is True
    assert result["evaluations"] == 4
    assert result["feasible_share"] == 0.5
    assert result["best"]["held_out"] is None
    assert "beam: " in done.err
    assert (Path(result["run"]) / "best" / "design" / "params.toml").read_text() == "width = 2.0\n"


def test_optimize_shows_a_table_and_where_the_design_is(call: Call, task: Path, script: Path) -> None:
    done = call(*SCRIPTED, "--quiet")
    assert "+16.00" in done.out
    assert "no held-out split" in done.out
    assert done.err.splitlines()[-1].startswith("ended: ")
    assert len(done.err.splitlines()) == 1


def test_dry_run_predicts_and_begins_nothing(call: Call, task: Path) -> None:
    words = ("optimize", "beam", "--evaluations", "50", "--seeds", "2", "--dry-run", "--max-usd", "1", "--json")
    predicted = call(*words).document
    assert predicted["evaluations"] == 100
    assert predicted["seed_score"] == 20.0
    assert predicted["hours"] > 0
    assert (predicted["tokens"], predicted["usd"]) == (0, 0.0)
    assert call("run", "list", "--json").document == []


def test_a_run_is_listed_shown_exported(call: Call, task: Path, script: Path) -> None:
    run = call(*SCRIPTED, "--json").document
    (listed,) = call("run", "list", "--json").document
    assert listed["run_id"] == run["run_id"]
    assert listed["problem"] is None
    for ref in (run["run_id"], run["run"], "last", run["run_id"][:-2]):
        assert call("run", "show", ref, "--json").document == run
    assert "proposal 4 by scripted" in call("run", "show", "last").out
    for name in ("files", "log.jsonl"):
        assert call("run", "export", "last", "--to", name, "--json").document["events"] > 8
        assert Path(name).exists()
    for form in ("jsonl", "parquet"):
        assert call("run", "export", "last", "--to", form, "--json").document["to"].endswith(f"{run['run_id']}.{form}")
        assert Path(f"{run['run_id']}.{form}").is_file()
    again = call("run", "export", "last", "--to", "files")
    assert again.status == 1
    assert "exists already" in again.err


def test_the_page_of_a_run_is_written(call: Call, task: Path, script: Path) -> None:
    call(*SCRIPTED)
    assert call("run", "show", "last", "--html", "page.html").status == 0
    page = Path("page.html").read_text()
    assert "20.00 → 4.000" in page
    assert "+width = 2.0" in page


def test_hostile_candidates_and_simulators_stay_text(call: Call, task: Path) -> None:
    # The candidate carries markup and escape sequences, and the simulator repeats them in what it says.
    evil = "\x1b]0;owned\x07[red]<script>alert(1)</script>\u202e"
    (task / "sim.py").write_text((task / "sim.py").read_text() + f"\nprint({evil!r}); sys.stderr.write({evil!r})\n")
    Path("script.json").write_text(json.dumps([f"# {evil[10:]}\nwidth = 5.0\n", "width = -1.0\n", f"{evil}"]))
    done = call("optimize", "beam", "--proposer", "scripted:script.json", "--evaluations", "3")
    shown = call("run", "show", "last", "--html", "page.html")
    page = Path("page.html").read_text()
    assert (done.status, shown.status) == (0, 0)
    for text in (done.out, done.err, shown.out, shown.err, page):
        assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert "<script" not in page
    assert "&lt;script&gt;" in page, "it is shown, as text"


def test_a_page_that_cannot_be_written_is_one_sentence(call: Call, task: Path, script: Path) -> None:
    call(*SCRIPTED)
    done = call("run", "show", "last", "--html", "no/such/folder/page.html", "--json")
    assert done.status == 1
    assert "no/such/folder/page.html" in done.document["error"]


def test_a_missing_extra_is_named_with_its_command(call: Call, task: Path, script: Path) -> None:
    call(*SCRIPTED)
    hidden = Path("hidden/pandas")
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'pandas'\", name='pandas')\n")
    done = call("run", "export", "last", "--to", "log.parquet", env={"PYTHONPATH": str(hidden.parent.absolute())})
    assert done.status == 2
    assert "pip install 'journeyman[frames]'" in done.err


def test_a_run_that_is_written_to_is_refused(call: Call, task: Path, script: Path) -> None:
    from journeyman.runlog import RunLog

    run = call(*SCRIPTED, "--json").document["run"]
    with RunLog.open(Path(run), write=True):
        done = call("run", "resume", "last", "--proposer", "scripted:script.json", "--json")
        assert call("run", "show", "last").status == 0, "reading beside a writer works"
    assert done.status == 1
    assert done.document["kind"] == "RunLocked"
    assert str(os.getpid()) in done.document["error"]


def test_a_script_must_be_given_again(call: Call, task: Path, script: Path) -> None:
    call(*SCRIPTED)
    done = call("run", "resume", "last")
    assert done.status == 2
    assert "--proposer scripted:FILE" in done.err
    assert call("run", "resume", "last", "--proposer", "scripted:script.json", "--json").document["best"]["dev"] == 4.0


def test_a_damaged_run_is_listed_with_its_problem(call: Call, task: Path, script: Path) -> None:
    run = Path(call(*SCRIPTED, "--json").document["run"])
    (run / "run.sqlite").write_bytes(b"not a database at all" * 100)
    (listed,) = call("run", "list", "--json").document
    assert listed["problem"]
    assert listed["problem"][:40] in call("run", "list").out
    shown = call("run", "show", run.name)
    assert shown.status == 1
    assert len(shown.err.splitlines()) == 1


def test_a_seed_that_fails_stops_before_anything_is_spent(call: Call, task: Path, script: Path) -> None:
    (task / "params.toml").write_text("width = 1.0\n")
    done = call(*SCRIPTED, "--json")
    assert done.status == 1
    assert done.document["kind"] == "PreflightFailure"
    assert "stress_mpa" in done.document["error"]


def test_several_seeds_give_mean_and_interval(call: Call, task: Path) -> None:
    done = call("optimize", "beam", "--seeds", "2", "--evaluations", "8", "--json")
    assert done.status == 0
    found = done.document
    assert found["seeds"] == [0, 1]
    assert len(found["results"]) == 2
    assert found["dev"]["low"] <= found["dev"]["mean"] <= found["dev"]["high"]
    assert found["held_out"] is None


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_run_goes_on_where_it_was(call: Call, simulator: Path, script: Path, how: signal.Signals) -> None:
    from journeyman import wrap_task

    (simulator / "params.toml").write_text("width = 10.0\npause = 0.3\n")
    command = f"{sys.executable} sim.py {{design}} {{out}}"
    wrap_task(command, "params.toml", minimize="mass_kg", to="slow")
    script.write_text('["width = 9.0\\npause = 0.3", "width = 8.0\\npause = 0.3", "width = 7.0\\npause = 0.3"]')
    words = ["optimize", "slow", "--proposer", "scripted:script.json", "--evaluations", "3"]
    process = subprocess.Popen([sys.executable, "-m", "journeyman", *words], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if "/3" in line:
            break
    process.send_signal(how)
    said = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=30)
    assert "Traceback" not in said
    if how == signal.SIGINT:
        assert process.returncode == 1
        assert "journeyman run resume" in said
    shown = call("run", "show", "last")
    assert "not ended; go on with 'journeyman run resume" in shown.out
    resumed = call("run", "resume", "last", "--proposer", "scripted:script.json", "--json").document
    assert resumed["ended"]
    assert resumed["evaluations"] == 3
    assert resumed["best"]["dev"] == 14.0
