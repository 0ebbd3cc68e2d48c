"""The comparison of searches: it goes on where it was stopped, reports what failed, and fills in its page."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MARKS = "# Page\n\n<!-- measured: begin -->\nold\n<!-- measured: end -->\n\nThe end.\n"


def command(folder: Path, *more: str) -> list[str]:
    return [
        sys.executable, str(ROOT / "benchmarks" / "search.py"), "--tasks", str(folder / "task"), "--runs",
        str(folder / "runs"), "--searches", "chains,sequential,independent,nonsense", "--proposers", "numeric,random",
        "--seeds", "1", "--evaluations", "6", "--json", *more,
    ]  # fmt: skip


def task(folder: Path) -> None:
    made = f"from pathlib import Path; from quick_task import make_task; make_task(Path({str(folder / 'task')!r}))"
    env = {**os.environ, "PYTHONPATH": str(ROOT / "tests" / "optimize")}
    subprocess.run([sys.executable, "-c", made], env=env, check=True)


def test_a_comparison_that_is_killed_goes_on_and_says_what_failed(tmp_path: Path) -> None:
    task(tmp_path)
    page = tmp_path / "page.md"
    page.write_text(MARKS)
    with subprocess.Popen(
        command(tmp_path), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as first:
        assert first.stderr is not None
        for line in first.stderr:
            if "[2/8]" in line:
                first.send_signal(signal.SIGKILL)
                break
    before = {path: path.stat().st_ino for path in (tmp_path / "runs" / "cells").rglob("run.sqlite")}
    done = subprocess.run(
        command(tmp_path, "--write", str(page)), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, "a cell failed"
    document: dict[str, Any] = json.loads(done.stdout)
    assert len(before) >= 2
    assert f"8 cells, {len(before)} of them begun" in done.stderr
    for path, inode in before.items():
        assert path.stat().st_ino == inode, "a cell that was there is not begun again"

    assert [c["cell"]["search"] for c in document["cells"]] == ["chains", "sequential", "independent"] * 2
    assert all(c["evaluations"] == 6 and c["reason"] for c in document["cells"])
    assert [len(c["curve"]) for c in document["cells"]] == [7] * 6
    assert max(c["gain"] for c in document["cells"]) == 1.0
    assert {f["cell"]["search"] for f in document["failures"]} == {"nonsense"}
    assert all("there is no search 'nonsense'" in f["message"] for f in document["failures"])
    said = "\n".join(document["said"])
    assert "there is no search 'nonsense'" in said
    assert "`chains` and `sequential` proposed the very same candidates in every one of 1 cells" in said

    # Where both propose the same, all verdicts of the second come from the cache.
    by_search = {(c["cell"]["search"], c["cell"]["proposer"]): c for c in document["cells"]}
    chains, sequential = by_search["chains", "random"], by_search["sequential", "random"]
    assert chains["candidates"] == sequential["candidates"]
    assert sequential["cached"] == sequential["verified"] > 0

    text = page.read_text()
    assert text.startswith("# Page\n\n<!-- measured: begin -->\n\n- 6 runs")
    assert text.endswith("<!-- measured: end -->\n\nThe end.\n")
    assert "old" not in text.split("\n")
    assert page.with_suffix(".svg").read_text().lstrip().startswith("<?xml")


def test_runs_with_another_budget_are_not_mistaken_for_these(tmp_path: Path) -> None:
    task(tmp_path)
    short = [*command(tmp_path), "--searches", "chains", "--proposers", "numeric"]
    subprocess.run(short, capture_output=True, check=True)
    done = subprocess.run([*short, "--evaluations", "5"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "was begun with evaluations 6, not 5; delete it or give another --runs" in done.stderr
