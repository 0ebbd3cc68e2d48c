"""`journeyman foresee WORLD ...`: tables, documents, wrong calls, going on; and what `journeyman run` knows of its runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from journeyman.cli import foresee as command
from journeyman.cli import main
from journeyman.cli.foresee_progress import Bar, cell_lines, labels, shown
from journeyman.foresee import Progress
from journeyman.foresee.evaluation.progress import Standing
from journeyman.ledger import Budget, Spend
from journeyman.runs import list_runs

from .conftest import Call

Capture = pytest.CaptureFixture[str]
SMALL = ("lake-4", "--agent", "scripted:perception=0.15", "-n", "4")


def said(capfd: Capture, *words: str, status: int = 0) -> tuple[str, str]:
    assert main(["foresee", *words]) == status, capfd.readouterr()
    found = capfd.readouterr()
    return found.out, found.err


def test_a_table_on_stdout_and_the_way_on_on_stderr(home: Path, capfd: Capture) -> None:
    out, err = said(capfd, *SMALL, "--mode", "invisible", "--mode", "normal", "--mode", "force")
    lines = out.splitlines()
    assert lines[0] == "scripted:perception=0.15"  # what all cells share takes no column
    assert " ".join(lines[1].split()) == "mode episodes success calls actions net helps hurts gain"
    assert [line.split()[0] for line in lines[3:6]] == ["invisible", "normal", "force"]
    assert lines[3].split()[-3:] == ["–", "–", "–"]
    assert "net: success less 0.02 a call" in lines[6]
    assert max(map(len, lines[:6])) <= 80
    (run,) = (home / "runs").iterdir()
    assert f"run: {run}" in err
    assert "ended: all episodes are played" in err
    assert f"next: journeyman foresee score {run.name}" in err or f"next: journeyman run export {run.name}" in err
    assert "invisible" in err
    assert "4/4" not in out


def test_json_is_one_document_and_says_what_the_table_says(home: Path, call: Call) -> None:
    called = call("foresee", *SMALL, "--governor", "none", "--governor", "always", "--call-cost", "0.1", "--json", "-p", "2")
    assert called.status == 0
    found = called.document
    assert (found["world"], found["reason"]) == ("lake-4", "all episodes are played")
    assert found["episodes"] == found["planned"] == 12
    assert [cell["key"].split(" | ")[2:] for cell in found["cells"]] == [
        ["invisible", "none"], ["normal", "none"], ["normal", "always"],
    ]  # fmt: skip
    for cell in found["cells"]:
        assert cell["net"] == pytest.approx(cell["success"] - 0.1 * cell["calls"])
    assert Path(found["run"]).is_dir()


def test_a_forecast_begins_nothing(home: Path, capfd: Capture) -> None:
    out, _ = said(capfd, *SMALL, "--dry-run")
    assert "lake-4: 2 cells, 8 episodes" in out
    assert "no tokens, no money" in out
    (home / "reply.py").write_text("def reply(messages, seed):\n    return '<act>Left</act>'\n")
    out, _ = said(capfd, "lake-4", "-a", "scripted/reply.py", "-n", "3", "--dry-run")
    assert "replies of models" in out
    assert "are set aside for the first" in out
    out, _ = said(capfd, "lake-4", "-a", "scripted/reply.py", "-n", "3", "--dry-run", "--json")
    found = json.loads(out)
    assert found["replies"] == sum(cell["replies"] for cell in found["cells"]) > 0
    assert {"tokens", "usd", "minutes", "episodes"} <= set(found)
    assert not (home / "runs").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "say which world to play"),
        (("lake-5",), "there is no world 'lake-5'; worlds are lake-4"),
        (("lake-4", "--agent", "no/such.py:Agent"), "no/such.py"),
        (("lake-4", "--mode", "hidden"), "mode is 'hidden'"),
        (("lake-4", "--governor", "king"), "there is no governor 'king'"),
        (("lake-4", "--world-model", "exact+luck=1"), "luck"),
        (("lake-4", "-n", "0"), "-n"),
        (("lake-4", "-n", "9999"), "500 test instances"),
        (("lake-4", "--wat"), "No such option: --wat"),
        (("lake-4", "lake-6"), "unexpected extra argument"),
        (("lake-4", "--resume", "last"), "--resume goes on with a run as it was begun"),
        (("--resume", "last"), "there is no run"),
        (("lake-4", "--max-usd", "-1"), "--max-usd"),
    ],
)
def test_a_wrong_call_is_one_clear_sentence(home: Path, capfd: Capture, words: tuple[str, ...], sentence: str) -> None:
    out, err = said(capfd, *words, status=2)
    assert sentence in err
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err
    out, err = said(capfd, *words, "--json", status=2)
    assert sentence in json.loads(out)["error"]


def test_the_first_word_is_a_subcommand_if_there_is_one(home: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    import types

    import journeyman.cli
    from journeyman.cli.call import make_app

    module = types.ModuleType("journeyman.cli.foresee_compare")
    module.app = make_app()  # type: ignore[attr-defined]

    @module.app.command()  # type: ignore[attr-defined]
    def compare(runs: list[str]) -> int:
        """Compare."""
        print("compared", *runs)
        return 0

    monkeypatch.setattr(command, "subcommands", lambda: ["compare"])
    monkeypatch.setitem(sys.modules, "journeyman.cli.foresee_compare", module)
    monkeypatch.setattr(journeyman.cli, "foresee_compare", module, raising=False)
    assert said(capfd, "compare", "a", "b")[0] == "compared a b\n"
    assert "did you mean 'compare'" in said(capfd, "compair", status=2)[1]
    assert "compare" in said(capfd, "--help")[0]
    assert "there is no world" in said(capfd, "score", status=2)[1], "one whose module is not there is none"


def test_help_lists_options_and_subcommands_and_loads_no_world(capfd: Capture) -> None:
    out, _ = said(capfd, "--help")
    assert out.startswith("Usage: journeyman foresee [OPTIONS] [WORLD]")
    for option in ("--agent", "--world-model", "--mode", "--governor", "--instances", "--resume", "--dry-run", "--max-usd"):
        assert option in out
    program = (
        "import sys\nfrom journeyman.cli import main\nmain(['foresee', '--help'])\n"
        "print([m for m in ('gymnasium', 'numpy', 'PIL', 'sklearn', 'mcp') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_every_subcommand_that_is_named_is_there_or_left_out() -> None:
    for name in command.subcommands():
        assert (Path(command.__file__).parent / f"foresee_{name}.py").is_file()
        assert len(command.SUBCOMMANDS[name]) <= 90


def test_run_lists_shows_and_goes_on(home: Path, capfd: Capture) -> None:
    assert main(["foresee", *SMALL, "--max-wall", "0.001"]) == 0
    found = capfd.readouterr()
    (run,) = (home / "runs").iterdir()
    assert "ended: the deadline has come" in found.err
    assert f"next: journeyman foresee --resume {run.name} --max-wall MORE" in found.err  # with the same it would end at once
    assert main(["run", "list"]) == 0
    assert "lake-4, 2 cells" in capfd.readouterr().out
    assert main(["foresee", "--resume", run.name, "--max-wall", "1000"]) == 0
    found = capfd.readouterr()
    assert found.err.startswith("lake-4: 8/8 episodes")
    assert found.out.startswith("scripted:perception=0.15\nmode ")
    assert main(["run", "show", "last"]) == 0
    assert capfd.readouterr().out.startswith("lake-4: 2 cells, 8 of 8 episodes")
    assert main(["run", "resume", "last", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["episodes"] == 8
    assert main(["run", "show", "last", "--trial", "1"]) == 2
    assert "an evaluation" in capfd.readouterr().err


def test_ctrl_c_says_how_to_go_on(home: Path) -> None:
    words = [sys.executable, "-m", "journeyman", "foresee", "lake-8", "--agent", "scripted:perception=0.15", "-n", "300"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        while not [run for run in list_runs(runs=home / "runs") if run.events > 2]:
            assert process.poll() is None
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert out == ""
    assert "go on with: journeyman run resume" in err
    assert "Traceback" not in err


# --- progress -------------------------------------------------------------------------------------------------------------


def snapshot(cells: int = 2, played: int = 3) -> Progress:
    found = tuple(Standing(f"me | exact | {mode} | none", played, 10, 2, 9, 12) for mode in ("invisible", "normal")[:cells])
    return Progress(found, Spend(tokens=500, micro_usd=1_250_000), Budget(micro_usd=2_000_000), 7.0)


def test_lines_say_the_success_of_each_cell(capfd: Capture) -> None:
    with shown("lake-6") as follow:
        follow(snapshot())
    line = capfd.readouterr().err.strip()
    assert line == "lake-6: 6/20 episodes, 500 tokens, $1.25/2.00, 7.0 s left, invisible 0.67, normal 0.67"
    with shown("lake-6", quiet=True) as follow:
        follow(snapshot())
    assert capfd.readouterr().err == ""


def test_the_bar_fits_its_terminal() -> None:
    assert labels(snapshot()) == ["invisible", "normal"]
    assert labels(snapshot(1)) == ["me | exact | invisible | none"]
    assert cell_lines(snapshot(played=0), 60)[0] == "success    –  calls    –  invisible"
    for width in (30, 200):
        console = Console(width=width, height=10, force_terminal=True, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
        bar = Bar("lake-6", console)
        console.print(bar.draw())
        many: Any = Progress(snapshot().cells * 20, Spend(), Budget(), None)
        bar.take(many)
        console.print(bar.draw())
        shown_lines = console.export_text().splitlines()
        assert any("more" in line for line in shown_lines)
        assert max(map(len, shown_lines)) <= width
        console.file.close()


def test_what_a_users_agent_prints_is_no_part_of_the_document(home: Path, capfd: Capture) -> None:
    (home / "loud.py").write_text(
        "class Loud:\n"
        "    def begin(self, brief):\n        print('hello')\n"
        "    def reply(self, turn):\n        return '<answer>none</answer>'\n"
    )
    out, err = said(capfd, "lake-4", "--agent", "loud.py:Loud", "-n", "1", "--json")
    assert json.loads(out)["episodes"] == 2
    assert "hello" in err
    out, err = said(capfd, "lake-4", "--agent", "loud.py:Loud", "-n", "1", "--json", "--dry-run")
    assert json.loads(out)["episodes"] == 2
    assert "hello" in err
