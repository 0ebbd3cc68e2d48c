"""`journeyman foresee score` and `compare`: tables, JSON, pages, complaints."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "foresee"))

from score_episodes import family, outcomes
from test_score_report import write_run

from journeyman.cli import main
from journeyman.foresee.score.names import NAMES
from journeyman.foresee.score.traces import read_traces, write_episodes


def test_help_shows_a_line_that_can_be_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["foresee", "score", "--help"]) == 0
    said = capsys.readouterr().out
    shown = [json.loads(" ".join(found.split())) for found in re.findall(r"\{\"run\".*?\}", said, re.DOTALL)]
    assert len(shown) == 2
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(map(json.dumps, shown)))
    assert main(["foresee", "score", str(path)]) == 0
    told = capsys.readouterr().out
    assert "succeeds in 100.0 %; it called in 100 % of episodes." in told
    assert "was not played in mode invisible" in told


def test_episodes_become_tables_a_page_and_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_episodes(family(8), tmp_path / "e.jsonl")
    page, kept = tmp_path / "page.html", tmp_path / "kept.jsonl"
    words = ["foresee", "score", str(tmp_path / "e.jsonl"), "--html", str(page), "--episodes", str(kept)]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert "Success without and with access" in out
    assert "Leaderboard: scripted in lake-6 with exact" in out
    assert "Calibration" not in out
    assert "more tables: --full" in err
    assert str(page) in err
    assert page.read_text("utf-8").count("<svg") > 5
    assert read_traces(kept) == family(8)
    assert main([*words, "--full"]) == 0
    assert "Calibration" in capsys.readouterr().out


def test_json_is_one_document_with_every_metric(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_episodes(family(6), tmp_path / "e.jsonl")
    words = ["foresee", "score", str(tmp_path / "e.jsonl"), "--json", "--call-price", "0.5", "--budget", "2"]
    assert main([*words, "--against", "voi"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["cells"]) == 10
    assert all(set(cell["metrics"]) == set(NAMES) for cell in document["cells"])
    none = document["cells"][0]["metrics"]["usage/instances"]
    assert none["value"] is None
    assert none["why"]
    assert document["prices"]["call"] == 0.5
    assert {family["budget"] for family in document["frontiers"]} == {2.0}
    assert {one["about"] for one in document["contrasts"]} == {"asked for"}


def test_runs_are_scored_and_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path / "a", outcomes([(True, False)] * 12, ["normal", "invisible"]))
    assert main(["foresee", "compare", "a", "--runs", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "better with access to the world model: +100.0" in out
    assert out.index("Runs") < out.index("Success without and with access")
    assert main(["foresee", "score", "a", "--runs", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["episodes"] == 24


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["score", "{}/none.jsonl"], "cannot be read: No such file"),
        (["score", "{}/bad.jsonl"], "bad.jsonl, line 1: object contains unknown field `runn`"),
        (["score", "nothing", "--runs", "{}"], "there is no run 'nothing'"),
        (["compare", "nothing", "--runs", "{}"], "'foresee compare' takes runs of 'foresee'"),
        (["score", "{}/good.jsonl", "--budget", "0"], "must be more than 0"),
        (["score", "{}/good.jsonl", "--against", "nobody"], "no cell has 'nobody' in its name"),
        (["score"], "see 'journeyman foresee score --help'"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    tmp_path: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.jsonl").write_text('{"runn": "r"}\n')
    write_episodes(outcomes([(True,)], ["normal"]), tmp_path / "good.jsonl")
    assert main(["foresee", *(word.format(tmp_path) for word in words)]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert said in err
    assert err.count("\n") == 1
