"""Episodes from files: both kinds of line, what is made of them, and one clear sentence for each wrong line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score_episodes import family

from journeyman.errors import DataInvalid, UsageError
from journeyman.foresee.cell import Cell
from journeyman.foresee.protocol.decision import Decision, Episode
from journeyman.foresee.score.scores import score
from journeyman.foresee.score.traces import TraceLine, read_traces, write_episodes

LINE: dict[str, Any] = {
    "run": "r1", "model": "mine", "mode": "normal", "environment": "rooms", "instance": "17", "decision": 0, "context": "W",
    "actions": ["Left"],
}  # fmt: skip


def lines(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**LINE, "decision": i, **change} for i, change in enumerate(changes)]


def read(folder: Path, rows: list[Any]) -> list[Episode]:
    path = folder / "t.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")
    return read_traces(path)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    played = family(4)
    write_episodes(played, tmp_path / "e.jsonl")
    assert read_traces(tmp_path / "e.jsonl") == played


TEXT = st.text(max_size=8)
DECISIONS = st.builds(
    Decision, index=st.integers(0, 50), real=st.integers(0, 50), context=st.sampled_from("WEARP"),
    actions=st.lists(st.integers(0, 9), max_size=3).map(tuple), terminal=st.booleans(), refusal=TEXT,
    reading=st.none() | st.dictionaries(TEXT, st.booleans() | TEXT), predicted=st.dictionaries(TEXT, st.booleans()),
    confidence=st.none() | st.floats(0, 1),
)  # fmt: skip


@given(
    st.builds(
        Episode, cell=TEXT, world=TEXT, instance=TEXT, seed=st.integers(0, 9), mode=TEXT, success=st.booleans(), reason=TEXT,
        calls=st.integers(0, 9), real=st.integers(0, 9), decisions=st.lists(DECISIONS, max_size=3).map(tuple),
        labels=st.dictionaries(TEXT, TEXT), optimal=st.none() | st.integers(0, 9),
    )
)  # fmt: skip
@settings(max_examples=40)
def test_any_episode_is_read_back(one: Episode) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        write_episodes([one], Path(folder) / "e.jsonl")
        assert read_traces(Path(folder) / "e.jsonl") == [one]


def test_decisions_are_put_together_to_episodes(tmp_path: Path) -> None:
    (one,) = read(
        tmp_path,
        [
            {**LINE, "simulator": "wan", "fidelity": "transition=0.2", "terminal_predicted": True,
             "success_predicted": False, "tokens_in": 10, "seed": 3},
            "",
            {**LINE, "decision": 1, "context": "E", "actions": ["Right", "Up"], "reading": "terminal=no at=2,3", "seed": 3,
             "confidence": 0.7, "tokens_out": 5, "values": {"Left": 0.2, "Right,Up": 0.6}},
            {**LINE, "decision": 4, "context": "E", "actions": ["Up"], "success": True, "seed": 3, "optimal": 3},
        ],
    )  # fmt: skip
    assert one.cell == Cell("mine", "wan+transition=0.2", "normal").key
    assert (one.world, one.instance, one.seed, one.success) == ("rooms", "17", 3, True)
    assert (one.calls, one.real, one.optimal) == (1, 3, 3)
    assert (one.tokens_in, one.tokens_out) == (10, 5)
    first, second, third = one.decisions
    assert (first.context, first.call, first.model, first.predicted) == (
        "W", 0, "wan+transition=0.2", {"terminal": True, "success": False},
    )  # fmt: skip
    assert (second.real, third.real, third.index) == (0, 2, 4)
    assert second.reading == {"terminal": False, "at": [2, 3]}
    assert second.values == {",".join(map(str, first.actions)): 0.2, ",".join(map(str, second.actions)): 0.6}
    assert third.actions == (second.actions[1],), "the same name is the same number"


def test_lines_of_several_episodes_may_be_mixed(tmp_path: Path) -> None:
    rows = [
        {**LINE, "instance": "a", "context": "E", "success": True}, {**LINE, "instance": "b"},
        {**LINE, "instance": "a", "mode": "invisible", "context": "E", "success": False},
        {**LINE, "instance": "b", "decision": 1, "context": "E", "success": False},
        {**LINE, "instance": 3, "context": "A", "actions": [], "answer": "B", "success": True},
    ]  # fmt: skip
    found = read(tmp_path, rows)
    assert [(e.instance, e.mode, e.calls, e.real, e.success) for e in found] == [
        ("a", "normal", 0, 1, True), ("b", "normal", 1, 1, False), ("a", "invisible", 0, 1, False),
        ("3", "normal", 0, 0, True),
    ]  # fmt: skip
    scored = score(found)
    normal = next(c for c in scored.cells if c.name.mode == "normal")
    assert normal.metrics["access/delta"].value == 1.0
    assert normal.name.world_model == "simulator", "an episode that never called is of the same cell as one that did"


def test_misuse_is_judged_in_traces_too(tmp_path: Path) -> None:
    shown, stated = {"terminal": True, "success": False}, {"terminal": False}
    rows = lines({"predicted": shown}, {"context": "E", "success": False, "reading": stated})
    metrics = score(read(tmp_path, rows)).cells[0].metrics
    assert metrics["misuse/neglect"].value == metrics["misuse/contradiction"].value == 1.0


def test_coins_and_governors_are_read(tmp_path: Path) -> None:
    rows = lines(
        {"by": "governor", "governor": "coin", "verdict": "simulate", "propensity": 0.3, "figures": {"reliability": 0.8}},
        {"context": "E", "governor": "coin", "success": True},
    )
    (one,) = read(tmp_path, rows)
    assert one.cell.endswith("| coin")
    assert one.decisions[0].ruling == {"verdict": "simulate", "propensity": 0.3, "values": {"reliability": 0.8}}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["{"], "line 1 is no JSON object"),
        (["[1]"], "line 1: expected `object`, got `array`"),
        ([*lines({}), {**LINE, "mod": "normal"}], "line 2: object contains unknown field `mod`"),
        ([{**LINE, "mode": "free"}], "line 1: invalid enum value 'free' - at `$.mode`"),
        ([{**LINE, "decision": "1"}], "line 1: expected `int`, got `str` - at `$.decision`"),
        ([{k: v for k, v in LINE.items() if k != "model"}], "line 1: object missing required field `model`"),
        (lines({}, {"context": "E"}), "line 2: the episode of instance '17' in run 'r1' ends without 'success'"),
        (lines({"decision": 4}, {"context": "E", "success": True}), "line 2: decision 1 comes after decision 4 of its"),
        (lines({"actions": []}, {"success": True}), "line 1: context 'W' needs 'actions'"),
        (lines({"confidence": 70}, {"success": True}), "line 1: the confidence 70 is not in 0..1"),
        (lines({"propensity": -0.5}, {"success": True}), "line 1: the propensity -0.5 is not in 0..1"),
        (lines({"reading": "what?"}, {"success": True}), "line 1: <reading> is not understood at 'what?'"),
        (lines({"simulator": "a"}, {"simulator": "b", "success": True}), "asks 'b', and before it asked 'a'; give the"),
        ([], "has no line with an episode or a decision"),
        ([{"decisions": []}], "line 1: object missing required field"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named_with_what_is_wrong(tmp_path: Path, rows: list[Any], said: str) -> None:
    with pytest.raises(DataInvalid) as caught:
        read(tmp_path, rows)
    assert said in str(caught.value)
    assert str(tmp_path / "t.jsonl") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_field_of_an_episode_is_an_error_too(tmp_path: Path) -> None:
    (one, *_) = family(1)
    plain = msgspec.to_builtins(one)
    plain["decisions"][0]["colour"] = "red"
    with pytest.raises(DataInvalid, match=r"unknown field `colour` - at `\$.decisions\[0\]`"):
        read(tmp_path, [plain])
    with pytest.raises(DataInvalid, match="counts, at least 0"):
        read(tmp_path, [msgspec.to_builtins(msgspec.structs.replace(one, calls=-1))])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_traces(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match="cannot be written: No such file"):
        write_episodes([], tmp_path / "none" / "e.jsonl")


def test_the_page_names_every_field_of_a_line() -> None:
    page = (Path(__file__).parents[2] / "docs" / "foresee-metrics.md").read_text("utf-8")
    assert not [field for field in TraceLine.__struct_fields__ if f"`{field}`" not in page]
