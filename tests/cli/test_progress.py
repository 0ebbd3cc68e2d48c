"""Progress: what the line says, and that a terminal gets a bar."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from journeyman.cli.progress import Bar, Lines, standing_words
from journeyman.ledger import Budget, Spend
from journeyman.optimize import Progress, Trial
from journeyman.optimize.trial import trial_of
from journeyman.verify import Candidate, Status, Verdict


def trial(index: int, score: float) -> Trial:
    return trial_of(index, Candidate({"a": b""}), Verdict(Status.OK, score, "dev"))


def progress(evaluations: int, best: float, *, time_left_s: float | None = None, spent: Spend | None = None) -> Progress:
    return Progress(
        seed=trial(0, 0.25), best=trial(1, best), last=None, spent=spent or Spend(evaluations, evaluations),
        budget=Budget(evaluations=10), verified=evaluations, failed_proposals=0, repeated=0, feasible_share=0.5,
        time_left_s=time_left_s,
    )  # fmt: skip


def test_lines_say_best_seed_share_and_count_and_end_with_the_last() -> None:
    out = io.StringIO()
    lines = Lines("a task", Console(file=out, width=200))
    for evaluations in range(1, 11):
        lines.take(progress(evaluations, 0.25 + evaluations / 100))
    lines.last()
    said = out.getvalue().splitlines()
    assert said[0] == "a task: 1/10, best 0.2600 (seed 0.2500), feasible 50 %"
    assert said[-1].startswith("a task: 10/10, best 0.3500 (seed 0.2500), feasible 50 %")
    assert len(said) < 10, "fast runs are not repeated line by line"


def test_money_tokens_and_the_deadline_are_shown_where_there_are_any() -> None:
    out = io.StringIO()
    lines = Lines("t", Console(file=out, width=200))
    lines.take(progress(3, 0.5, time_left_s=125.0, spent=Spend(3, 4, 1200, 2_500_000)))
    assert "1200 tokens, $2.50, 2 min 05 s left" in out.getvalue()


def test_tokens_and_money_are_shown_beside_their_caps() -> None:
    words = standing_words(
        Spend(3, 4, 1200, 2_500_000), Budget(10, 40, 50_000, 5_000_000), seed=0.25, best=0.5, feasible=None, failed=0,
        left_s=None,
    )  # fmt: skip
    assert words == ["3/10", "best 0.5000 (seed 0.2500)", "1200/50000 tokens", "$2.50/5.00"]
    only = standing_words(
        Spend(3, 4), Budget(proposals=40), seed=0.25, best=None, feasible=0.5, failed=1, left_s=61.0
    )
    assert only[0] == "4/40 proposals"
    assert only[-1] == "1 min 01 s left"


@pytest.mark.parametrize("width", [50, 60, 80, 110, 160])
def test_a_bar_is_one_line_on_every_terminal(width: int) -> None:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system=None)
    bar = Bar("a/task/with/a/rather/long/name", console)
    bar.take(progress(4, 0.5))
    bar.take(replace(progress(6, 0.5, time_left_s=60, spent=Spend(6, 9, 123_456, 1_230_000)), failed_proposals=3))
    console.print(bar.draw())
    (line,) = out.getvalue().splitlines()
    assert "6/10" in line
    assert "best 0.5000 (seed 0.2500)" in line
    assert ("123456 tokens" in line) == (width == 160)


def test_a_bar_fits_narrow_and_wide_terminals() -> None:
    for width in (60, 200):
        out = io.StringIO()
        console = Console(file=out, width=width, force_terminal=True, color_system=None)
        bar = Bar("[red]task\x1b[2J", console)
        console.print(bar.draw())
        bar.take(progress(4, 0.5))
        console.print(bar.draw())
        assert "best 0.5000" in out.getvalue()
        assert "\x1b[2J" not in out.getvalue()


def test_a_terminal_gets_a_bar_and_results_stay_on_stdout(task: Path, script: Path) -> None:
    leader, follower = pty.openpty()
    words = ["optimize", "beam", "--proposer", "scripted:script.json", "--evaluations", "4", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "journeyman", *words], stdout=subprocess.PIPE, stderr=follower, text=True,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"},
    )  # fmt: skip
    os.close(follower)
    shown = b""
    try:
        while piece := os.read(leader, 4096):
            shown += piece
    except OSError:
        pass  # the way Linux says that the other end of a terminal is closed
    finally:
        os.close(leader)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.startswith("{\n")
    assert b"4/4" in shown
    assert "━".encode() in shown
