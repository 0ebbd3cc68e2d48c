"""docs/tasks is what tools/task_pages.py makes of the tasks as they are, and benchmarks/classical.py measures as it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "benchmarks")]

import task_pages  # noqa: E402
from classical_standing import Line, Numeric, mark, mean_share  # noqa: E402

from journeyman.verify import list_tasks  # noqa: E402

MADE = task_pages.pages(list_tasks())


@pytest.mark.parametrize("name", sorted(MADE))
def test_a_page_is_up_to_date(name: str) -> None:
    text = (task_pages.PAGES / name).read_text("utf-8")
    assert text == MADE[name], f"{name} is stale; run: python tools/task_pages.py"


def test_no_page_or_picture_is_left_over_or_missing() -> None:
    slugs = {task_pages.slug(task) for task in list_tasks()}
    pages = {path.stem for path in task_pages.PAGES.glob("*.md")}
    assert pages == slugs | {"index"}
    pictures = {path.stem for path in task_pages.PAGES.iterdir() if path.suffix != ".md"}
    assert pictures == {f"{slug}-{kind}" for slug in slugs for kind in ("seed", "reference")}


def test_every_link_leads_somewhere() -> None:
    for name, text in MADE.items():
        outside_code = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
        for target in re.findall(r"\]\(([^)#\s]+)\)", outside_code):
            if not target.startswith("http"):
                assert (task_pages.PAGES / target).resolve().is_file(), f"{name} links to {target}"


def line(seed: float, *finals: float | None, program: float | None = None) -> Line:
    numeric = [Numeric(i, 0.5, final) for i, final in enumerate(finals)]
    return Line("t", "T", "c", "held-out", "", True, seed, seed, numeric, program, None, None, "", "", 0.1, 0.2, "d")


def test_the_way_is_counted_from_the_seed_to_the_reference() -> None:
    assert mean_share(line(0.0, 0.4, 0.6)) == pytest.approx(0.5)
    assert mean_share(line(0.5, 0.75)) == pytest.approx(0.5)
    assert mean_share(line(-1.0, 1.0)) == pytest.approx(1.0)
    assert mark(line(0.0, 0.96)) == "closed"
    assert mark(line(0.0, 0.5)) == "half closed"
    assert mark(line(0.2, 0.2)) == "open"
    assert mean_share(line(0.0, 0.9, None)) is None
    assert mark(line(0.0, 0.9, None)) == "unsteady"
    assert mark(line(0.0, 0.9, None, program=0.97)) == "closed"
    assert mark(line(0.0, 0.2, program=0.6)) == "half closed"
    assert mark(line(0.0, 0.2, program=0.1)) == "open"


def test_the_benchmark_runs_reads_again_and_writes_its_page(tmp_path: Path) -> None:
    program = [sys.executable, str(ROOT / "benchmarks" / "classical.py"), "--tasks", "job_shop", "--seeds", "2"]
    program += ["--evaluations", "3", "--runs", str(tmp_path / "runs"), "--write", str(tmp_path / "page.md"), "--json"]
    first = subprocess.run(program, capture_output=True, text=True, timeout=240, check=True)
    (row,) = json.loads(first.stdout)
    assert [n["seed"] for n in row["numeric"]] == [0, 1]
    assert row["split"] == "held-out"
    assert row["evaluation_s"] > 0
    page = (tmp_path / "page.md").read_text("utf-8")
    assert "`operations/job_shop`" in page
    assert json.loads((tmp_path / "page.json").read_text()) == [row]
    assert (tmp_path / "page.svg").read_bytes().startswith(b"<?xml")
    again = subprocess.run(program, capture_output=True, text=True, timeout=240, check=True)
    assert json.loads(again.stdout) == [row], "what is there is read, not run again"
