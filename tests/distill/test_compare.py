"""Runs side by side, from real logs: tables, differences, groups of seeds, the page."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from distill_logs import SPEC, write_training

from journeyman.distill.compare import compare
from journeyman.distill.losses.spec import LossSpec
from journeyman.errors import RunError, RunNotFound, UsageError
from journeyman.report.page import render
from journeyman.runlog import RunLog


def runs(folder: Path) -> Path:
    """Two seeds of one setting and one run with another loss, which fails."""
    write_training(folder / "a", seed=0).close()
    write_training(folder / "b", seed=1).close()
    write_training(folder / "c", works=False, steps=40, spec=replace(SPEC, loss=LossSpec(form="sampled"))).close()
    return folder


def test_runs_are_compared_by_scores_metrics_and_settings(tmp_path: Path) -> None:
    found = compare(["a", "b", "c"], folder=runs(tmp_path))
    assert found.letters == "ABC"
    rows = {row[0]: row for row in found.table().rows}
    assert rows["A"][1] == "student ← twin"
    assert rows["A"][3] == "0.610 [0.570, 0.650]"
    assert float(rows["A"][6].split()[0]) > 80, "gap recovery in per cent"
    assert rows["C"][6].startswith("-"), "the run that lost has a negative one"
    differing = dict(found.differences)
    assert differing["loss.form"] == ("full", "full", "sampled")
    assert differing["seed"] == ("0", "1", "0")
    assert "lr" not in differing
    metrics = {row[0]: row[1:] for row in found.metrics_table().rows}
    first, last = (float(part) for part in metrics["divergence/full"][0].split(" → "))
    assert last < 0.05 * first
    assert len(found.differences_table().rows) == len(differing)


def test_runs_that_differ_in_their_seed_only_have_an_interval(tmp_path: Path) -> None:
    found = compare(["a", "b", "c"], folder=runs(tmp_path))
    (group,) = found.groups
    assert group.letters == "AB"
    assert group.score is not None
    assert group.score.n == 2
    assert group.score.low is not None
    assert group.score.low < group.score.mean
    assert found.document()["groups"][0]["runs"] == ["A", "B"]
    alone = compare(["a", "c"], folder=tmp_path)
    assert alone.groups == ()
    assert "One seed each" in alone.table().note


def test_the_page_has_every_run_and_figure(tmp_path: Path) -> None:
    page = render(compare(["a", "c"], folder=runs(tmp_path)).page())
    assert page.count("<svg") >= 8
    assert "A student ← twin, B student ← twin" in page
    assert "loss.form" in page
    assert "<script" not in page


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    runs(tmp_path)
    with pytest.raises(UsageError, match="takes 2 to 14 runs, not 1"):
        compare(["a"], folder=tmp_path)
    with pytest.raises(UsageError, match="'a' is named twice"):
        compare(["a", tmp_path / "a"], folder=tmp_path)
    with pytest.raises(RunNotFound, match="there is no run 'z'"):
        compare(["a", "z"], folder=tmp_path)
    RunLog.create(tmp_path / "o", verb="optimize", header={}).close()
    with pytest.raises(RunError, match="of 'optimize', not of 'distill'"):
        compare(["a", "o"], folder=tmp_path)


def test_a_run_without_a_step_or_a_score_is_compared_too(tmp_path: Path) -> None:
    write_training(tmp_path / "a", steps=0, evaluate=False, ended=False).close()
    write_training(tmp_path / "b", steps=3, evaluate=False, ended=False).close()
    found = compare(["a", "b"], folder=tmp_path)
    assert found.table().rows[0][3:7] == ("–", "–", "–", "–")
    assert found.document()["runs"][0]["steps"] == 0
    assert "<svg" in render(found.page())
