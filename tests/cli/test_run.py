"""`journeyman optimize` and `journeyman run ...` on a wrapped simulator."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from journeyman.cli import main
from journeyman.cli.course import Against
from journeyman.cli.show import print_run
from journeyman.cli.show_trial import print_trial
from journeyman.optimize.story import story_of
from journeyman.verify import Status

from .conftest import Call
from .written import Asked, Writing, write_example

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
        assert run.items() <= call("run", "show", ref, "--json").document.items()
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


def test_show_says_what_the_page_says(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with write_example(home / "runs" / "example"):
        assert main(["run", "show", "example"]) == 0
        out, err = capfd.readouterr()
    assert err == ""
    for part in (
        "test/written: 20.00 → 6.000 kg on dev", "score [kg] against evaluations", "20 ┤",
        "What became of 6 proposals; 2 of 3 verified are feasible", "reply cut at the length limit",
        "an earlier candidate again",
        "haiku        2      2 000         200  $0.0040 + unknown", "answered 3, cut 1",
        "#5      6.000  +6.000  opus  width 5\\x07", "mass    20.00  6.000  kg", "+width = 3", "# \\x1b[2J[red]\\u202e",
        "spent: 7 000 tokens, $0.0200", "follow it with 'journeyman run watch example'", "--trial 5",
    ):  # fmt: skip
        assert part in out
    assert not {"\x1b", "\x07", "\u202e"} & set(out), "a pipe gets plain text, and nothing acts"
    (descent,) = (line for line in out.splitlines() if line.startswith("#1 "))
    assert descent.split()[:4] == ["#1", "12.00", "+8.000", "opus"]
    assert main(["run", "show", "example"]) == 0
    assert "go on with 'journeyman run resume example'" in capfd.readouterr().out
    for against, axis in (("money", "against US dollars"), ("time", "against seconds of work")):
        assert main(["run", "show", "example", "--against", against]) == 0
        assert axis in capfd.readouterr().out


def test_show_as_json_has_every_part(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_example(home / "runs" / "example").log.close()
    assert main(["run", "show", "example", "--json"]) == 0
    shown = json.loads(capfd.readouterr().out)
    assert shown["ended_as"] == {
        "verdicts": {"ok": 2, "infeasible": 1}, "failures": {"cut": 1, "refused": 1}, "repeated": 1,
    }  # fmt: skip
    assert [step["best"] for step in shown["course"]] == [20.0, 12.0, 12.0, 12.0, 12.0, 6.0, 6.0]
    assert [step["index"] for step in shown["descent"]] == [0, 1, 5]
    haiku, opus = shown["models"]
    assert (haiku["calls"], haiku["unpriced"], haiku["outcomes"]) == (2, 1, {"answered": 1, "refused": 1})
    assert (opus["input"], opus["output"], opus["usd"]) == (4000, 800, 0.016)
    assert shown["metrics"]["best"]["mass"] == {"value": 6.0, "unit": "kg"}
    assert "+width = 3" in shown["diff"]
    assert (shown["ended"], shown["tokens"]) == (None, 7000)


def test_one_candidate_is_shown_with_all_that_made_it(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_example(home / "runs" / "example").log.close()

    def said(*words: str) -> str:
        assert main(["run", "show", "example", "--trial", *words]) == 0
        return capfd.readouterr().out

    five = said("5")
    for part in (
        "proposal 5 by opus: 6.000, best so far", "improves #1 (12.00); beside it the seed (20.00)", "note: width 5\\x07",
        "cost: 1 200 tokens, $0.0040", "Verdict on dev", "Against its parent, #1 (12.00)", "-width = 6", "Make it lighter.",
        "[bold]width[/bold] = 3",
    ):  # fmt: skip
        assert part in five
    assert not {"\x1b", "\x07", "\u202e"} & set(five)
    assert "stress_mpa is 400, at most 250 \\x1b[31m" in said("2")
    failed = said("3")
    assert "the reply ends at 200 tokens" in failed
    assert "cut (length)" in failed
    assert "the seed: 20.00" in said("0")
    assert "the same as #1 (12.00)" in said("6")
    assert "under way" in said("7")
    assert said("5", "--prompt") == "[user]\nMake it lighter.\n"
    assert said("5", "--reply") == "[bold]width[/bold] = 3\n\\x1b[2J\\u202e\n"
    whole = json.loads(said("5", "--json"))
    assert whole["calls"][0]["reply"]["text"] == "[bold]width[/bold] = 3\n\x1b[2J\u202e"
    assert whole["calls"][0]["prompt"] == [{"role": "user", "text": "Make it lighter.", "images": []}]
    assert whole["files"] == {"params.toml": "width = 3\n# \x1b[2J[red]\u202e\n"}
    assert whole["verdict"]["instances"][0]["metrics"]["mass"]["value"] == 6.0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--trial", "99"], "numbered from 0 (the seed) to 7"), (["--prompt"], "--trial N"),
        (["--trial", "5", "--prompt", "--reply"], "--prompt or --reply"),
        (["--trial", "0", "--prompt"], "no prompt on record"),
        (["--trial", "7", "--reply"], "no reply on record"), (["--trial", "-1"], "--trial"),
    ],
)  # fmt: skip
def test_what_show_cannot_show_is_one_sentence(
    home: Path, capfd: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    write_example(home / "runs" / "example").log.close()
    assert main(["run", "show", "example", *words]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert said in err
    assert len(err.splitlines()) == 1


def test_long_parts_are_cut_with_the_command_that_shows_them(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with Writing(home / "runs" / "long", evaluations=40) as run:
        run.seed()
        for index in range(1, 31):
            run.begin(index)
            run.call(index, Asked(prompt="\n".join(f"line {n}" for n in range(100))))
            run.candidate(index, "".join(f"a{n} = {index}\n" for n in range(80)), (index - 1,))
            run.verdict(index, Status.OK, 20.0 - index / 10)
    cut, full = [], []
    for out, words in ((cut, []), (full, ["--full"])):
        for more in ([], ["--trial", "30"]):
            assert main(["run", "show", "long", *more, *words]) == 0
            out.append(capfd.readouterr().out)
    assert "… 24 more lines: journeyman run show long --full" in cut[0]
    assert "… 20 more" in cut[0]
    assert sum(line.startswith("#") for line in cut[0].splitlines()) == 10, "the last of the descent"
    assert sum(line.startswith("#") for line in full[0].splitlines()) == 30
    assert "more lines: journeyman run show long --trial 30 --prompt" in cut[1]
    assert "line 99" in full[1]
    assert "more lines" not in full[0] + full[1]


@pytest.mark.parametrize("width", [60, 80, 160])
def test_show_fits_terminals_and_no_color_is_respected(
    home: Path, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with write_example(home / "runs" / "example") as run:
        story = story_of(run.log)
        for no_color in (False, True):
            if no_color:
                monkeypatch.setenv("NO_COLOR", "1")
            out = io.StringIO()
            console = Console(file=out, width=width, force_terminal=True, color_system="standard", markup=False)
            print_run(story, console, against=Against.EVALUATIONS)
            print_trial(story, 5, console)
            colours = re.findall(r"\x1b\[[0-9;]*m", out.getvalue())
            assert colours
            assert any(re.search(r"[;\[](3[0-7]|9[0-7])[;m]", code) for code in colours) != no_color
            lines = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()).splitlines()
            long = [line for line in lines if len(line) > width]
            assert all(str(home) in line or "journeyman run" in line for line in long), "only paths and commands wrap"


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
