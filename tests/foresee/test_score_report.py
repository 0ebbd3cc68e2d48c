"""Tables, figures, sentences, the page, and that the page of metrics names what there is."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import msgspec
import pytest
from score_episodes import episode, family, outcomes

from journeyman.errors import RunError, RunNotFound, UsageError
from journeyman.foresee import events
from journeyman.foresee.cell import Cell
from journeyman.foresee.evaluation.plan import Plan
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.score.compare import compare, document_of, episodes_of
from journeyman.foresee.score.measured import Measured, missing
from journeyman.foresee.score.names import METRICS, NAMES
from journeyman.foresee.score.report.cells import (
    Reasons,
    label,
    p_words,
    points_words,
    told_apart,
    value_words,
)
from journeyman.foresee.score.report.figures import figures
from journeyman.foresee.score.report.governance_tables import board_tables
from journeyman.foresee.score.report.mode_bars import Bars, draw_modes
from journeyman.foresee.score.report.page import page_of
from journeyman.foresee.score.report.paper_tables import helps_table, success_table, usage_table
from journeyman.foresee.score.report.plot import Mark, Spot, Trace, draw_plot
from journeyman.foresee.score.report.tables import main_tables, tables
from journeyman.foresee.score.report.words import caveats, headlines, verdict
from journeyman.foresee.score.scores import Scores, score
from journeyman.report.blocks import Section
from journeyman.report.page import render
from journeyman.report.table import Table
from journeyman.runlog import RunLog

PAGE = (Path(__file__).parents[2] / "docs" / "foresee-metrics.md").read_text("utf-8")


@pytest.fixture(scope="module")
def scored() -> Scores:
    return score(family(14) + family(14, seed=1, world="push-6"))


def test_every_metric_is_on_the_page_and_the_page_has_no_other() -> None:
    named = re.findall(r"^\| ((?:`[a-z]+/[a-z_0-9.]+`(?:, )?)+) \|", PAGE, re.MULTILINE)
    rows = [name for cell in named for name in re.findall(r"`([^`]+)`", cell)]
    assert sorted(rows) == sorted(NAMES)
    assert len(set(NAMES)) == len(NAMES)
    assert all(metric.unit and metric.said for metric in METRICS)


def test_success_is_laid_out_by_agent_and_world_with_the_mean_of_worlds(scored: Scores) -> None:
    table = success_table(scored)
    assert table.columns[:4] == ("agent", "world", "mode", "episodes")
    rows = {(row[0], row[1], row[2]): row for row in table.rows}
    one = rows["scripted | exact", "lake-6", "normal"]
    assert re.fullmatch(r"0\.\d{3} \[0\.\d{3}, \d\.\d{3}\]", one[4])
    assert re.fullmatch(r"[+-]\d+\.\d \[[+-]\d+\.\d, [+-]\d+\.\d\]", one[6])
    assert ("scripted | exact", "mean of 2", "force") in rows
    assert not [row for row in table.rows if row[2] == "invisible"], "it stands beside the others"
    alone = success_table(score(outcomes([(True,)], ["invisible"])))
    assert [row[2] for row in alone.rows] == ["invisible"]


def test_a_dash_has_its_reason_below_the_table() -> None:
    found = score(outcomes([(True,), (False,)], ["normal"]))
    assert "– at change: the agent was not played in mode invisible." in success_table(found).note
    assert helps_table(found).rows == []
    titles = [table.title for table in tables(found)]
    assert titles == ["Success without and with access", "Usage", "Cost"]
    many = Reasons()
    for i in range(9):
        many.of("x", missing(f"reason {i}"))
    assert "More reasons, which --json has: 3." in many.note()


def test_every_table_has_rows_of_its_width_and_the_main_ones_come_first(scored: Scores) -> None:
    everything = tables(scored)
    assert len(everything) == 18
    assert {table.title for table in main_tables(scored)} < {table.title for table in everything}
    assert usage_table(scored).numbers
    assert all("None" not in cell and "nan" not in cell for table in everything for row in table.rows for cell in row)


def test_the_leaderboard_says_whether_confidence_is_beaten(scored: Scores) -> None:
    (board, *_) = board_tables(scored)
    verdicts = {row[-1] for row in board.rows if row[1] == ""}
    assert verdicts <= {"yes", "no", "not shown"}
    assert verdicts
    assert not any(" | normal | " in row[0] for row in board.rows), "cells go by their short names"


def test_sentences_say_effect_interval_and_pairs() -> None:
    better = score(outcomes([(True, False)] * 30 + [(True, True)] * 30, ["normal", "invisible"]))
    (said,) = headlines(better)
    assert said.startswith("scripted in lake-6: better with access to the world model: +50.0 [")
    assert "(60 pairs, p <0.001), 50.0 % helped and 0.0 % hurt; it called in 100 % of episodes." in said
    (warned,) = caveats(better)
    assert warned.startswith("60 pairs in lake-6: a change of 5 points needs about 469")
    same = score(outcomes([(True, True)] * 9, ["normal", "invisible"]))
    assert "no clear change" in headlines(same)[0]
    worse = score(outcomes([(False, True)] * 30, ["force", "invisible"]))
    assert "forced to call: worse with access" in headlines(worse)[0]
    assert verdict(same).startswith("No clear change with access to the world model: +0.0 points")
    assert verdict(worse).startswith("Worse with access to the world model: -")
    assert verdict(score(family(8))).startswith("With access to the world model, of ")
    assert "Only mode invisible" in headlines(score(outcomes([(True,)], ["invisible"])))[0]
    assert "has no baseline" in caveats(score([episode()]))[0]


def test_what_is_written_of_a_number() -> None:
    assert value_words(Measured(0.5, 0.25, 0.75)) == "0.500 [0.250, 0.750]"
    assert value_words(missing("x")) == points_words(missing("x")) == "–"
    assert value_words(Measured(123.456)) == "123.5"
    assert points_words(Measured(0.0)) == "+0.0"
    assert (p_words(0.0001), p_words(0.0312), p_words(None)) == ("<0.001", "0.031", "–")
    assert told_apart(["a | x", "a | y", "a | y | z"]) == ["x", "y", "y | z"]
    assert told_apart(["a | x"]) == ["a | x"]


def test_a_cell_is_called_by_what_tells_it_from_the_others() -> None:
    played = [episode("a"), episode("b", world_model="table"), episode("c", governor="never")]
    played.append(episode("d", mode="invisible"))
    found = score(played)
    assert [label(cell, found) for cell in found.cells] == [
        "scripted | exact", "scripted | table", "scripted | exact | never", "scripted",
    ]  # fmt: skip
    assert label(score(played[:1]).cells[0], score(played[:1])) == "scripted"


def test_every_figure_is_a_drawing_that_can_be_read(scored: Scores) -> None:
    found = dict(figures(scored))
    assert list(found) == ["modes", "calls", "gate", "frontier", "calibration", "fidelity"]
    for drawings in found.values():
        for drawn in drawings.drawings:
            tree = ElementTree.fromstring(str(drawn).replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1))
            assert tree.get("aria-label")
            assert "nan" not in str(drawn)
    assert figures(score([episode()])) == []


def test_a_plot_keeps_its_marks_inside() -> None:
    drawn = str(
        draw_plot(
            [Trace("a" * 80, "s0", [Spot(1, 0.2, 0.1, 0.3), Spot(3, 0.9)]), Trace("b", "s1", [Spot(0, 0.5)], joined=False)],
            x_name="x", y_name="y", label="l", marks=[Mark("m", 2, 0.5)], level=("lv", 0.4), guide=[(0, 0), (1, 1)],
        )
    )  # fmt: skip
    width = float(re.search(r'width="([\d.]+)"', drawn)[1])  # type: ignore[index]
    assert all(0 <= float(x) <= width for x in re.findall(r'c?x="(-?[\d.]+)"', drawn))
    assert "aaa…" in drawn
    with pytest.raises(ValueError, match="no trace has a point"):
        draw_plot([Trace("a", "s0", [])], x_name="x", y_name="y", label="l")


def test_bars_are_as_high_as_rates() -> None:
    agent = Bars("a | long name of an agent", {"invisible": 0.25, "normal": 0.75}, {"normal": Measured(0.5, 0.3, 0.7)})
    heights = [float(h) for h in re.findall(r'height="([\d.]+)"', str(draw_modes([agent], label="l")))[1:]]
    assert heights[1] == pytest.approx(3 * heights[0], rel=0.02)
    with pytest.raises(ValueError, match="no agent"):
        draw_modes([], label="l")


def test_the_page_is_one_file_without_a_script(scored: Scores) -> None:
    page = render(page_of(scored, title="Foresight"))
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert page.count("<svg") >= 12
    for name in NAMES:
        assert name.replace("_", "_<wbr>") in page or name in page
    assert page.count('id="frontier"') == 1


def test_hostile_names_do_nothing() -> None:
    bad = "<script>alert(1)</script>\x1b[2J | \u202e"
    rows = [(True, False)] * 4 + [(False, True)] * 3
    found = score(outcomes(rows, ["normal", "invisible"], agent=bad, world=bad))
    page = render(page_of(found, title=bad))
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page


# --- runs -----------------------------------------------------------------------------------------------------------------


def write_run(folder: Path, played: list[Episode], *, ended: bool = True) -> None:
    """A run with these episodes, as `foresee` writes it."""
    keys = list(dict.fromkeys(one.cell for one in played))
    instances = tuple(dict.fromkeys(one.instance for one in played))
    cells = tuple(Cell(*(key.split(" | "))) for key in keys)
    seeds = tuple(sorted({one.seed for one in played})) or (0,)
    plan = Plan(played[0].world if played else "lake-6", cells or (Cell("x"),), max(1, len(instances)), seeds=seeds)
    header = events.header_of(events.About(plan, instances, "f"))
    with RunLog.create(folder, verb=events.VERB, header=header) as log:
        for one in reversed(played):
            key = events.episode_key(keys.index(one.cell), one.seed, one.instance)
            log.append(events.EPISODE, key, msgspec.to_builtins(one))
        if ended:
            log.append(events.FINISHED, "", {"reason": events.PLAYED})


def test_runs_are_compared(tmp_path: Path) -> None:
    rows = [(True, False)] * 6 + [(True, True)] * 6
    write_run(tmp_path / "a", outcomes(rows, ["normal", "invisible"]))
    write_run(tmp_path / "b", outcomes([(False,)] * 12, ["normal"], governor="voi:cost=0.02"), ended=False)
    found = compare(["a", "b"], folder=tmp_path)
    assert [(run.letter, len(run.episodes), run.ended) for run in found.runs] == [("A", 24, True), ("B", 12, False)]
    assert found.table().rows[1][-2] == "not ended"
    governed = next(cell for cell in found.scores.cells if cell.name.governor != "none")
    assert governed.metrics["access/delta"].value == pytest.approx(-0.5), "its baseline is in the other run"
    assert [one.about for one in found.scores.contrasts] == ["governor"]
    planted = Table(("planted", "gate", "reading"), [("reading", "1", "30")], title="Planted faults")
    page = render(found.page([Section("Attribution", [planted], "attribution")]))
    assert "not ended" in page
    assert page.index("Planted faults") < page.index("Every metric of every cell")
    document = found.document()
    assert [run["name"] for run in document["runs"]] == ["A", "B"]
    assert set(document["cells"][0]["metrics"]) == set(NAMES)
    assert len(episodes_of("a", folder=tmp_path)) == 24
    assert document_of(found.scores)["said"] == headlines(found.scores)


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    write_run(tmp_path / "a", outcomes([(True,)] * 3, ["normal"]))
    write_run(tmp_path / "empty", [])
    RunLog.create(tmp_path / "o", verb="optimize", header={}).close()
    with pytest.raises(UsageError, match="takes 1 to 14 runs, not 0"):
        compare([], folder=tmp_path)
    with pytest.raises(UsageError, match="'a' is named twice"):
        compare(["a", tmp_path / "a"], folder=tmp_path)
    with pytest.raises(UsageError, match="no finished episode yet"):
        compare(["empty"], folder=tmp_path)
    with pytest.raises(RunNotFound, match="there is no run 'z'"):
        compare(["z"], folder=tmp_path)
    with pytest.raises(RunError, match="of 'optimize', not of 'foresee'"):
        compare(["o"], folder=tmp_path)
