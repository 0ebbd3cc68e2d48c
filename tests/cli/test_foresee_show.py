"""`journeyman foresee show`, and what `journeyman run` and the end of a run say: lists, stories, pages, wrong calls."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from journeyman.cli import main
from journeyman.cli.foresee_story import print_story
from journeyman.foresee.cell import Cell
from journeyman.foresee.evaluation.result import Row, result_of
from journeyman.foresee.page.reopened import reopen
from journeyman.foresee.page.standing import p_values, picture
from journeyman.foresee.page.steps import content_words, steps_of
from journeyman.foresee.score.paired_table import mcnemar_p
from journeyman.runlog import RunLog
from journeyman.runs import open_run

Capture = pytest.CaptureFixture[str]
WORLD = """
from journeyman.foresee.worlds.lake import Lake

class Pond(Lake):
    def __init__(self):
        super().__init__(4)
        print("a user's world prints")
"""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with its page, its attribution and the page that has it."""
    place = tmp_path_factory.mktemp("shown")
    words = [
        "foresee", "lake-6", "-a", "scripted:perception=0.15,trust=0.99", "-w", "exact+transition=0.25", "-m", "invisible",
        "-m", "normal", "-g", "none", "-g", "voi:cost=0.02", "-n", "8", "-q", "--runs", str(place),
    ]  # fmt: skip
    assert main(words) == 0
    (run,) = place.iterdir()
    assert (run / "report.html").is_file(), "a run leaves its page behind"
    before = (run / "report.html").read_text()
    assert "Why episodes failed" not in before
    assert main(["foresee", "attribute", str(run), "--episodes", "1", "-q"]) == 0
    assert "Why episodes failed" in (run / "report.html").read_text()
    return run


@pytest.fixture
def run(played: Path, home: Path) -> Path:
    """A copy of it where runs are looked for."""
    copy = home / "runs" / played.name
    shutil.copytree(played, copy)
    return copy


def said(capfd: Capture, *words: str, status: int = 0) -> tuple[str, str]:
    capfd.readouterr()
    assert main(list(words)) == status, capfd.readouterr()
    found = capfd.readouterr()
    assert "Traceback" not in found.err
    return found.out, found.err


# --- foresee show -------------------------------------------------------------------------------------------------------


def test_without_an_episode_those_that_tell_most_are_listed(run: Path, capfd: Capture) -> None:
    out, err = said(capfd, "foresee", "show", "last")
    lines = out.splitlines()
    assert lines[0].split() == ["episode", "why", "cell", "how", "it", "ended", "to", "be", "noticed"]
    shown = [line.split()[:2] for line in lines[2:] if re.match(r"\d+:\d+ ", line)]
    assert {why for _, why in shown} <= {"helped", "hurt", "misuse", "failure", "success"}
    assert len(shown) == len({place for place, _ in shown}) >= 4
    first = next(place for place, why in shown if why != "failure")
    assert f"next: journeyman foresee show {run.name} --episode {first}" in err
    assert f"page: {run / 'report.html'}" in err
    more, _ = said(capfd, "foresee", "show", run.name, "--each", "3")
    assert len(more.splitlines()) > len(lines)
    document = json.loads(said(capfd, "foresee", "show", run.name, "--json")[0])
    assert [one["episode"] for one in document["episodes"]] == [place for place, _ in shown]


def test_an_episode_is_told_decision_by_decision_and_gets_its_page(run: Path, capfd: Capture) -> None:
    with RunLog.open(run) as log:
        one = next(one for one in reopen(log).episodes if one.cell == 2 and any(s.wrong for s in steps_of(one.episode)))
    out, err = said(capfd, "foresee", "show", run.name, "--episode", f"2:{one.number}")
    lines = out.splitlines()
    assert one.episode.cell in lines[0]
    numbered = [int(found[1]) for line in lines if (found := re.match(r" *(\d+) [?●✕~=!] ", line))]
    assert numbered == [decision.index for decision in one.episode.decisions]
    for step in steps_of(one.episode):
        if step.kind == "call":
            assert f"imagined {content_words(step.decision.predicted)}" in out
        if why := step.decision.ruling.get("why"):
            assert f"governor, {step.decision.ruling['verdict']}: {why}" in out
    assert "✗ wrong: the exact simulator shows" in out
    page = run / "episodes" / f"2-0-{one.number}.html"
    assert f"page: {page}" in err
    assert page.read_text().count("data-real") == len(one.episode.decisions)


def test_an_instance_is_shown_in_all_cells_and_where_one_says(run: Path, home: Path, capfd: Capture) -> None:
    where = home / "three.html"
    out, err = said(capfd, "foresee", "show", run.name, "--instance", "lake-6/test/3", "--out", str(where))
    assert out.count("lake-6/test/3 in cell") == 3
    assert f"page: {where}" in err
    assert where.read_text().count('class="player"') == 3
    _, err = said(capfd, "foresee", "show", run.name, "-e", "0:3", "-e", "2:lake-6/test/3")
    assert (run / "episodes" / "0_2-0-3.html").read_text().count('class="player"') == 2
    document = json.loads(said(capfd, "foresee", "show", run.name, "-e", "2:3", "--json")[0])
    (episode,) = document["episodes"]
    assert episode["cell_number"] == 2
    assert all("said" in decision for decision in episode["decisions"])
    assert all({"misuse", "wrong"} <= set(d) for d in episode["decisions"] if d["context"] == "W")
    _, err = said(capfd, "foresee", "show", run.name, "--out", str(home / "all.html"))
    assert (home / "all.html").is_file()
    assert (home / "episodes").is_dir()
    assert f"page: {home / 'all.html'}" in err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nothing"], "there is no run 'nothing'"),
        (["last", "-e", "9:1"], "the run has no cell 9; its cells are 0 to 2: 0 is scripted:perception=0.15,trust=0.99"),
        (["last", "-e", "1:400"], "the run has no instance '400'; it has 8, from 'lake-6/test/0' to 'lake-6/test/7'"),
        (["last", "-e", "normal"], "'normal' names no episode; write CELL:INSTANCE"),
        (["last", "-e", "1:1", "--seed", "5"], "the run has no seed 5; it has 0"),
        (["last", "-e", "1:1", "-e", "1:2"], "episodes side by side are of one instance"),
        (["last", "-e", "1:1", "-i", "1"], "--episode and --instance both say what to show"),
        (["last", "-e", "1:1", "--out", "no/where.html"], "the page 'no/where.html' cannot be written"),
    ],
)
def test_wrong_calls_get_a_sentence(run: Path, capfd: Capture, words: list[str], sentence: str) -> None:
    capfd.readouterr()
    assert main(["foresee", "show", *words]) in (1, 2)
    found = capfd.readouterr()
    assert sentence in " ".join(found.err.split())
    assert found.out == ""


def test_a_run_that_has_not_ended(home: Path, capfd: Capture) -> None:
    words = ["foresee", "lake-4", "-n", "30", "-q", "--max-wall", "0.001"]
    _, err = said(capfd, *words)
    (run,) = (home / "runs").iterdir()
    with RunLog.open(run) as log:
        played = len(result_of(log).episodes)
    assert played < 60
    if played:
        assert f"page: {run / 'report.html'}" in err
        assert "The run has not ended" in (run / "report.html").read_text()
        sentence = "is not played yet; go on with: journeyman foresee --resume"
    else:
        sentence = "has no finished episode yet"
    capfd.readouterr()
    assert main(["foresee", "show", run.name, "-e", "1:29"]) == 2
    assert sentence in " ".join(capfd.readouterr().err.split())
    out, _ = said(capfd, "run", "show", run.name)
    assert f"{played} of 60 episodes" in out


def test_a_world_that_is_gone_leaves_the_story(home: Path, capfd: Capture) -> None:
    world = home / "pond.py"
    world.write_text(WORLD)
    out, _ = said(capfd, "foresee", "pond.py:Pond", "-n", "2", "-q")
    assert "prints" not in out, "what a user's world prints is not among the results"
    out, err = said(capfd, "foresee", "show", "last", "-e", "1:0")
    assert "prints" not in out
    assert "now at" in out
    world.unlink()
    out, err = said(capfd, "foresee", "show", "last", "-e", "1:0")
    assert "Nothing can be drawn: the world 'pond.py:Pond' cannot be opened any more" in " ".join(out.split())
    assert "now at" not in out
    page = Path(err.rpartition("page: ")[2].strip())
    assert "cannot be opened any more" in page.read_text()
    assert "<figure" not in page.read_text()


def test_without_unicode_the_story_is_in_ascii(run: Path, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="ascii") as file, RunLog.open(run) as log:
        opened = reopen(log)
        one = next(one for one in opened.episodes if one.cell == 2 and one.episode.calls)
        print_story(opened, one, Console(file=file, markup=False, emoji=False, highlight=False))
    assert "?" in (tmp_path / "out").read_text("ascii")


# --- run show, and the end of a run ---------------------------------------------------------------------------------------


def test_run_show_has_cells_tests_and_a_picture(run: Path, home: Path, capfd: Capture) -> None:
    out, _ = said(capfd, "run", "show", "last")
    lines = out.splitlines()
    assert lines[0] == "lake-6: 3 cells, 24 of 24 episodes"
    head = next(line for line in lines if line.startswith("cell"))
    assert {"success", "calls", "net", "helps", "hurts"} < set(head.split())
    assert (head.split()[0], head.split()[-1]) == ("cell", "p")
    assert [line.split()[0] for line in lines if line.startswith(("0 ", "1 ", "2 "))][:3] == ["0", "1", "2"]
    assert "success against calls an episode" in out
    assert "ended: all episodes are played" in out
    assert f"page: {run / 'report.html'}" in out
    assert f"episodes: journeyman foresee show {run.name}" in out
    document = json.loads(said(capfd, "run", "show", "last", "--json")[0])
    assert [cell["p"] is None for cell in document["cells"]] == [True, False, False]
    page = home / "page.html"
    _, err = said(capfd, "run", "show", "last", "--html", str(page))
    assert f"page: {page}" in err
    assert "Episodes to look at" in page.read_text()
    with open_run(run) as opened:
        assert opened.page() == page.read_text()


def test_options_of_other_verbs_are_refused(run: Path, capfd: Capture) -> None:
    for words, sentence in (
        (["run", "show", "last", "--trial", "1"], "--trial belongs to optimizations"),
        (["run", "show", "last", "--against", "time"], "--against belongs to optimizations"),
        (["run", "watch", "last"], "how far it is says 'journeyman run show"),
    ):
        _, err = said(capfd, *words, status=2)
        assert sentence in " ".join(err.split())


def test_p_is_that_of_the_discordant_pairs(run: Path) -> None:
    with RunLog.open(run) as log:
        result = result_of(log)
    rows = {row.cell.key: row for row in result.rows()}
    found = p_values(result)
    assert set(found) == {key for key in rows if "invisible" not in key}
    for key, p in found.items():
        row = rows[key]
        assert row.helps is not None
        assert row.hurts is not None
        assert p == mcnemar_p(round(row.helps * row.pairs), round(row.hurts * row.pairs))


def test_the_picture_has_every_cell_at_its_place() -> None:
    cells = [Cell("a", mode="invisible"), Cell("a"), Cell("a", governor="always"), Cell("a", governor="never")]
    figures = [(0.5, 0.0), (0.9, 4.0), (0.1, 8.0), (0.5, 0.0)]
    rows = [Row(cell, 10, success, calls, 1.0, 0.0) for cell, (success, calls) in zip(cells, figures, strict=True)]
    lines = [line.plain for line in picture(rows, cells, width=60, height=9)]
    where = {sign: (y, line.index(sign, 7)) for y, line in enumerate(lines[1:10]) for sign in "12+" if sign in line[7:]}
    assert where["1"][0] < where["+"][0] < where["2"][0], "success upwards; two cells at one place are a plus"
    assert where["+"][1] < where["1"][1] < where["2"][1], "calls to the right"
    alone: list[Any] = picture(rows[:1], cells, width=60, ascii_only=True)
    assert any("0" in line.plain[7:] for line in alone[1:-2])
    assert all(line.plain.isascii() for line in alone)
