"""The page of real runs: what it says, what it leaves out, how large it gets, and how it is written."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from quick_task import Rough, Valley, make_task, params, verdict

import journeyman as jm
from journeyman.errors import RunError
from journeyman.optimize import Result, Scripted
from journeyman.optimize.page import page_of, write_report
from journeyman.optimize.propose.command import Command
from journeyman.optimize.shown.ancestry import ALL, chosen, path_to
from journeyman.optimize.story import story_of
from journeyman.report.blocks import Fold, Section
from journeyman.report.page import Page, render
from journeyman.runlog import RunLog
from journeyman.verify import Candidate, Status, Verdict


def run(folder: Path, *, evaluations: int = 30, held_out: bool = True, **more: object) -> Result:
    task = make_task(folder / "task", held_out=held_out)
    options = {"verifier": Valley(), "proposer": Rough(task), **more}
    return jm.optimize(task, evaluations=evaluations, runs=folder / "runs", **options)  # type: ignore[call-overload, no-any-return]


def section(page: Page, anchor: str) -> Section:
    (found,) = [s for s in page.sections if s.anchor == anchor]
    return found


def test_a_run_has_every_part_and_every_candidate(tmp_path: Path) -> None:
    result = run(tmp_path)
    with RunLog.open(result.run) as log:
        page = page_of(log)
        steps = story_of(log).steps
    names = [s.anchor for s in page.sections]
    # No trade-off, because its one metric never varies; no costs, because there is one proposer and no model.
    assert names == ["course", "numbers", "lineage", "outcomes", "difference", "path", "candidates"]
    folds = [b for b in section(page, "candidates").blocks if isinstance(b, Fold)]
    assert [f.anchor for f in folds] == [f"c{step.index}" for step in steps]
    assert "45.50 → " in page.verdict
    assert "on held-out" in page.verdict
    assert page.caveats == []
    text = render(page)
    for step in steps:
        assert f'href="#c{step.index}"' in text
    assert "nothing usable for" in text, "a failed proposal says why"
    assert "malformed" in text
    assert "the same files as" in text


def test_nothing_beat_the_seed(tmp_path: Path) -> None:
    script = [{"params.toml": params(5.0 + i, n=19 if i == 2 else 7)} for i in range(5)]
    result = run(tmp_path, evaluations=5, proposer=Scripted(script))
    with RunLog.open(result.run) as log:
        page = page_of(log)
    assert page.verdict == "Nothing beat the seed: 45.50 on dev"
    assert not {"difference", "path"} & {s.anchor for s in page.sections}
    assert "infeasible" in render(page)


def test_no_held_out_and_failing_held_out_and_no_isolation_are_said(tmp_path: Path) -> None:
    with RunLog.open(run(tmp_path / "a", held_out=False).run) as log:
        assert any("No held-out instances" in said for said in page_of(log).caveats)

    def fails_there(candidate: Candidate, split: str, repeat: int, given: Verdict) -> Verdict:
        seed = "x = 4.0\n" in candidate.text("params.toml")
        return given if split == "dev" or seed else verdict(Status.INFEASIBLE, split, feedback="too wide")

    with RunLog.open(run(tmp_path / "b", verifier=Valley(meddle=fails_there)).run) as log:
        page = page_of(log)
    assert "infeasible on held-out" in page.verdict
    assert any("failed on held-out (infeasible)" in said for said in page.caveats)


def test_a_run_that_was_stopped_says_so(tmp_path: Path) -> None:
    from journeyman.errors import JourneymanError

    def broken(candidate: Candidate, split: str, repeat: int, given: Verdict) -> Verdict:
        if len(judge.seen) > 8:
            return verdict(Status.VERIFIER_ERROR, split, feedback="the licence server is gone")
        return given

    judge = Valley(meddle=broken)
    with pytest.raises(JourneymanError, match="licence server"):
        run(tmp_path, verifier=judge)
    (folder,) = (tmp_path / "runs").iterdir()
    with RunLog.open(folder) as log:
        page = page_of(log)
    assert any("has not ended" in said for said in page.caveats)
    assert "verifier error" in render(page)


def test_a_log_without_a_verdict_has_no_page(tmp_path: Path) -> None:
    with (
        RunLog.create(tmp_path / "run", verb="optimize", header={"task": "t"}) as log,
        pytest.raises(RunError, match="no result yet"),
    ):
        write_report(log, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_a_program_that_proposes_has_its_requests_and_replies_shown(tmp_path: Path) -> None:
    program = tmp_path / "propose.py"
    program.write_text(
        "import json, sys\n"
        "x = json.load(sys.stdin)['index'] / 9\n"
        "files = {'params.toml': f'x = {x}\\ny = 1.0\\nn = 3\\n'}\n"
        "print(json.dumps({'files': files, 'note': 'a \\x1b[2J note'}))\n"
    )
    folder = make_task(tmp_path / "task").folder
    (folder / "statement.md").write_text("Find the bottom of the valley.\n" * 30)
    task = jm.load_task(folder)
    result = jm.optimize(
        task,
        proposer=Command(f"{sys.executable} {program}"),
        evaluations=6,
        runs=tmp_path / "runs",
        verifier=Valley(),
    )
    with RunLog.open(result.run) as log:
        text = render(page_of(log))
    assert text.count("Find the bottom of the valley.") == 30, (
        "what all requests begin with stands there once"
    )
    assert "parents[0].feedback" in text
    assert "a \\x1b[2J note" in text
    assert "\x1b" not in text


def test_a_long_run_shows_a_choice_and_says_how_many_it_leaves_out(tmp_path: Path) -> None:
    result = run(tmp_path, evaluations=ALL + 150)
    with RunLog.open(result.run) as log:
        story = story_of(log)
        picked = chosen(story)
        text = render(page_of(log))
    shown = set(picked.indices)
    assert picked.left_out == len(story.steps) - len(shown) > 100
    assert f"{picked.left_out} are left out" in text
    assert f"journeyman run export {result.run_id}" in text
    improved = [step.index for step in story.steps if step.improved]
    assert set(improved) <= shown
    for index in improved:
        assert set(path_to(story, index)) <= shown
    assert {step.index for step in story.steps[-50:]} <= shown
    kinds = {step.kind for step in story.steps}
    assert kinds == {story.step(i).kind for i in shown}
    # No link leads nowhere.
    anchors = set(re.findall(r'id="([^"]+)"', text))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= anchors


def test_a_candidate_of_one_huge_line_makes_no_huge_page(tmp_path: Path) -> None:
    huge = "# " + "x" * 3_900_000 + "\n" + params(1.0)
    many = "\n".join(f"# {i % 50}" for i in range(60_000)) + "\n" + params(2.0)
    result = run(
        tmp_path, evaluations=3, proposer=Scripted([{"params.toml": t} for t in (huge, many, params(3.0))])
    )
    with RunLog.open(result.run) as log:
        write_report(log, tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size < 1_500_000


def test_the_file_is_replaced_whole(tmp_path: Path) -> None:
    result = run(tmp_path, evaluations=3)
    page = tmp_path / "out" / "page.html"
    with RunLog.open(result.run) as log:
        with pytest.raises(RunError, match=r"page\.html' cannot be written: No such file"):
            write_report(log, page)
        page.parent.mkdir()
        page.write_text("old")
        write_report(log, page)
        assert page.read_text() == render(page_of(log))
        assert page.stat().st_mode & 0o777 == 0o666 & ~_umask()
    assert [p.name for p in page.parent.iterdir()] == ["page.html"]


def _umask() -> int:
    import os

    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def test_the_public_run_gives_the_same_page(tmp_path: Path) -> None:
    result = run(tmp_path, evaluations=4)
    with jm.open_run(result.run) as opened:
        assert opened.page() == render(page_of(opened.log))
        assert json.dumps(opened.page())
