"""What holds for every command: exit status, one sentence, one document, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from journeyman.cli import main

from .conftest import Call

WRONG = [
    [],
    ["nonsense"],
    ["optimise", "x"],
    ["--nonsense"],
    ["task"],
    ["task", "nonsense"],
    ["task", "show"],
    ["task", "show", "no/such/task"],
    ["task", "show", "."],
    ["task", "check", "no/such/task"],
    ["task", "verify", "operations/job_shop", "no_such_file.py"],
    ["task", "verify", "operations/job_shop", "/etc/hostname", "--split", "test"],
    ["task", "new", "bad name"],
    ["task", "new", "x", "--exchange", "nonsense"],
    ["task", "wrap", "--run", "sim"],
    ["task", "wrap", "--run", "sim {design}", "--params", "absent.toml", "--minimize", "m"],
    ["optimize"],
    ["optimize", "no/such/task"],
    ["optimize", "operations/job_shop", "--nonsense"],
    ["optimize", "operations/job_shop", "--evaluations", "many"],
    ["optimize", "operations/job_shop", "--evaluations", "0"],
    ["optimize", "operations/job_shop", "--parallel", "-1"],
    ["optimize", "operations/job_shop", "--until", "25:00"],
    ["optimize", "operations/job_shop", "--max-wall", "0"],
    ["optimize", "operations/job_shop", "--max-usd", "-1"],
    ["optimize", "operations/job_shop", "--search", "nonsense"],
    ["optimize", "operations/job_shop", "--proposer", "nonsense"],
    ["optimize", "operations/job_shop", "--proposer", "numeric:3"],
    ["optimize", "operations/job_shop", "--proposer", "command:"],
    ["optimize", "operations/job_shop", "--proposer", "scripted:"],
    ["optimize", "operations/job_shop", "--proposer", "scripted:absent.json"],
    ["optimize", "operations/job_shop", "--level", "nonsense"],
    ["optimize", "operations/job_shop", "extra"],
    ["run", "show", "absent"],
    ["run", "show", ""],
    ["run", "resume", "absent"],
    ["run", "resume", "absent", "--proposer", "numeric"],
    ["run", "export", "absent", "--to", "x"],
    ["run", "export", "absent"],
    ["doctor", "extra"],
    ["demo", "--nonsense"],
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_a_wrong_call_is_one_sentence_and_status_2(
    home: Path, capfd: pytest.CaptureFixture[str], words: list[str]
) -> None:
    status = main(words)
    out, err = capfd.readouterr()
    assert status == 2
    assert out == ""
    assert "Traceback" not in err
    if words:
        assert len(err.splitlines()) == 1
        assert err.startswith("journeyman: ")
    assert {p.name for p in home.iterdir()} <= {"cache"}, "a wrong call leaves nothing behind"


@pytest.mark.parametrize("words", [w for w in WRONG if len(w) > 1][::5], ids=" ".join)
def test_with_json_a_wrong_call_is_one_document(call: Call, words: list[str]) -> None:
    done = call(*words, "--json")
    assert done.status == 2
    assert set(done.document) == {"error", "kind"}
    assert done.document["error"] in done.err


@pytest.mark.parametrize(
    "words",
    [
        ["--help"], ["-h"], ["help"], ["help", "run"], ["optimize", "--help"], ["run", "--help"], ["task", "-h"],
        ["demo", "--help"], ["doctor", "--help"],
        *[["run", w, "--help"] for w in ("list", "show", "watch", "resume", "replay", "export")],
        *[["task", w, "--help"] for w in ("list", "show", "new", "wrap", "check", "verify")],
    ],
    ids=" ".join,
)  # fmt: skip
def test_help_is_on_stdout(capfd: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main(words) == 0
    out, err = capfd.readouterr()
    assert err == ""
    assert out.startswith("Usage: journeyman")


def test_version(call: Call) -> None:
    from journeyman import __version__

    assert call("--version").out == f"journeyman {__version__}\n"


def test_a_near_miss_is_named(call: Call) -> None:
    assert "did you mean 'optimize'?" in call("optimise", "x").err
    assert "there are: chains" in call("optimize", "operations/job_shop", "--search", "chain").err


def test_hostile_arguments_do_not_reach_the_terminal(call: Call) -> None:
    done = call("task", "show", "\x1b]0;owned\x07\x1b[2J[red]")
    assert "\x1b" not in done.err
    assert "\\x1b[2J[red]" in done.err


def test_a_reader_that_leaves_early_is_no_error(home: Path) -> None:
    program = [sys.executable, "-m", "journeyman", "task", "show", "operations/job_shop"]
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        done = subprocess.run(program, stdout=closed, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode in (1, 141)  # rich ends with 1, the dispatcher as the shell would say it
    assert done.stderr == ""
