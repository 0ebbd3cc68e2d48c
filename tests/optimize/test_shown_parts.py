"""Parts of the page as functions: what prompts share, differences that are slow to find, metrics that say something new."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyman.optimize.said import Picture, Said
from journeyman.optimize.shown.difference import difference
from journeyman.optimize.shown.headline import dollars
from journeyman.optimize.shown.prompts import as_text, readable, shared_beginnings, split_off
from journeyman.optimize.shown.tradeoff import varying
from journeyman.optimize.story import Step
from journeyman.verify import Candidate, Metric, Status

STATEMENT = "Every constraint is hard.\n" * 40


def test_what_prompts_begin_with_is_found_and_cut_off_at_a_line() -> None:
    prompts = [STATEMENT + f"candidate {i}" for i in range(20)] + ["something else " * 40]
    (beginning,) = shared_beginnings(prompts)
    assert (beginning.text, beginning.count, beginning.name) == (STATEMENT, 20, "A")
    assert split_off(prompts[3], [beginning]) == (beginning, "candidate 3")
    assert split_off(prompts[-1], [beginning]) == (None, prompts[-1])


def test_two_kinds_of_prompts_have_two_beginnings() -> None:
    edits, rewrites = (
        [f"{kind}\n{STATEMENT}{i}" for i in range(n)] for kind, n in (("Edit.", 5), ("Write anew.", 9))
    )
    found = shared_beginnings(edits + rewrites)
    assert [(b.name, b.count) for b in found] == [("A", 9), ("B", 5)]


def test_equal_prompts_are_shared_whole() -> None:
    (beginning,) = shared_beginnings([STATEMENT + "x"] * 3)
    assert split_off(STATEMENT + "x", [beginning]) == (beginning, "")


@given(st.lists(st.text(max_size=30).map(lambda end: STATEMENT[: 26 * (len(end) % 40)] + end), max_size=12))
def test_beginning_and_rest_are_the_prompt_again(prompts: list[str]) -> None:
    beginnings = shared_beginnings(prompts)
    for prompt in prompts:
        beginning, rest = split_off(prompt, beginnings)
        assert (beginning.text if beginning else "") + rest == prompt


def test_messages_and_records_read_as_text() -> None:
    said = as_text([Said("system", "Be brief."), Said("user", "Look.", (Picture("image/png", "ab" * 32),))])
    assert said == "── system ──\nBe brief.\n\n── user ──\nLook.\n[picture, image/png, abababababab]\n"
    record = json.dumps(
        {"index": 3, "task": {"statement": "a\nb"}, "parents": [{"score": None}], "empty": {}}
    ).encode()
    assert readable(record) == "── task.statement ──\na\nb\n\nindex: 3\nparents[0].score: null\nempty: {}"
    for other in (b"plain", b"\xff\xfe", b"[1, 2]", b"[" * 5000):
        assert readable(other) == other.decode("utf-8", "replace")


def test_a_difference_has_every_file_that_changed() -> None:
    old = Candidate({"a.py": b"1\n2\n3\n", "same": b"x\n", "gone": b"y\n"})
    new = Candidate({"a.py": b"1\n5\n3\n", "same": b"x\n", "came": b"z\n"})
    text = difference(old, new, "c1", "c2")
    assert "--- c1/a.py\n+++ c2/a.py\n" in text
    assert {"-2", "+5", "-y", "+z"} <= set(text.split("\n"))
    assert "same" not in text
    assert difference(old, old) == ""


def test_lines_that_are_slow_to_match_are_shown_as_a_whole() -> None:
    # Two files of the same 199 lines in another order, each line many times: the worst case of difflib.
    before, after = (b"".join(b"%d\n" % (i * step % 199) for i in range(19_900)) for step in (1, 7))
    lines = difference(Candidate({"a": before}), Candidate({"a": after})).split("\n")
    assert lines[2] == "@@ -1,19900 +1,19900 @@"
    assert sum(line.startswith("-") for line in lines) == 19_901
    assert sum(line.startswith("+") for line in lines) == 19_901


def step(index: int, score: float, **metrics: float) -> Step:
    return Step(
        index, (), "p", "verified", Status.OK, score, False, score, index, 0.0, 0, 0.0, "", "", None,
        {name: Metric(value) for name, value in metrics.items()}, (), {},
    )  # fmt: skip


def test_metrics_that_vary_with_the_score_or_not_at_all_are_no_trade_off() -> None:
    mass = (3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0, 6.0)
    steps = [
        step(
            i,
            i / 8,
            objective=-float(i),
            twice=2.0 * i,
            constant=7.0,
            mass=m,
            little=1000 + m,
            few=float(i % 2),
        )
        for i, m in enumerate(mass)
    ]
    assert varying(steps) == ["mass", "little"]
    assert varying(steps[:3]) == []


@pytest.mark.parametrize(
    ("micro", "text"), [(0, "$0.00"), (5, "$0.000005"), (1234, "$0.0012"), (430_000, "$0.43")]
)
def test_money(micro: int, text: str) -> None:
    assert dollars(micro) == text
